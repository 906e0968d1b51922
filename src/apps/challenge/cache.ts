// Files that can be made again: read when they are there and whole, otherwise made and kept. Whole means that the file's
// SHA-256 is the one written beside it, so that a changed byte anywhere is found; such a file is made anew, with a line
// that says so. Files appear under their names when they are complete.

import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { FormatError } from "../../core/errors.ts";
import { withFileErrors } from "../../data/file-errors.ts";
import { writeAtomically } from "../../data/write-atomically.ts";

export interface CacheEntry<T> {
  readonly path: string;
  /** @throws FormatError for a file that is not what it should be. */
  read(): Promise<T>;
  make(): Promise<T>;
  write(value: T): Promise<void>;
}

export interface CacheOptions {
  readonly signal: AbortSignal;
  /** Hears why a file that is there cannot be used. */
  readonly onDamaged: (problem: string) => void;
}

/** The entry's value. @throws what `make` and `write` throw. */
export async function readCached<T>(entry: CacheEntry<T>, options: CacheOptions): Promise<T> {
  const expected = await readChecksum(entry.path);
  const found = await hashFile(entry.path, options.signal);
  if (found !== null && expected === found) {
    try {
      return await entry.read();
    } catch (error) {
      // Written whole, and yet of another shape: an older version of this program made it.
      if (!(error instanceof FormatError)) throw error;
      options.onDamaged(error.message);
    }
  } else if (found !== null) {
    options.onDamaged(`${entry.path}: the file does not have the checksum that was written with it`);
  }
  const value = await entry.make();
  await entry.write(value);
  const checksum = await hashFile(entry.path, options.signal);
  await writeAtomically(checksumPath(entry.path), (temporary) => writeFile(temporary, `${checksum}\n`), options.signal);
  return value;
}

function checksumPath(path: string): string {
  return `${path}.sha256`;
}

async function readChecksum(path: string): Promise<string | null> {
  const text = await readFile(checksumPath(path), "utf8").catch(() => null);
  return text?.trim() ?? null;
}

/** SHA-256 of a file, or null where there is none. */
async function hashFile(path: string, signal: AbortSignal): Promise<string | null> {
  return withFileErrors(path, "read", async () => {
    const hash = createHash("sha256");
    try {
      await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash, { signal });
    } catch (error) {
      if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
      throw error;
    }
    return hash.digest("hex");
  });
}
