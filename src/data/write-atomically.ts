// Nothing half-written: output goes to a temporary name beside its target and takes the target's name at the end.
// On any failure the temporary is removed and the target stays as it was.

import { mkdir, readdir, rename, rm, rmdir } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { UsageError } from "../core/errors.ts";
import { checkNotAborted, toFileError } from "./file-errors.ts";

let serial = 0;

/**
 * Calls `write` with a temporary path in the target's folder, then renames that file (or folder) to `path`.
 * @throws what `write` throws; ResourceError for a full disk, a read-only folder; InterruptedError after an abort.
 */
export async function writeAtomically<T>(
  path: string,
  write: (temporary: string) => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  const temporary = join(dirname(path), `.${basename(path)}.${process.pid}-${serial++}.part`);
  try {
    checkNotAborted(signal);
    const result = await write(temporary);
    checkNotAborted(signal);
    await rename(temporary, path);
    return result;
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    throw toFileError(error, path, "write");
  }
}

/**
 * The same for a folder of files: `write` gets an empty temporary folder. The target may exist only as an empty folder: files of an older run left among
 * the new ones would be read as part of them. @throws UsageError for a folder that holds something.
 */
export async function writeFolderAtomically<T>(
  path: string,
  write: (temporary: string) => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  const existing = await listFolder(path);
  if (existing !== null && existing.length > 0) {
    throw new UsageError(`${path}: the folder holds ${existing.length} files already, expected a new or empty folder`);
  }
  const full = path.replace(/[/\\]+$/, "");
  return writeAtomically(
    full,
    async (temporary) => {
      await mkdir(temporary);
      const result = await write(temporary);
      if (existing !== null) await rmdir(full);
      return result;
    },
    signal,
  );
}

/** Names in a folder, or null where there is nothing at `path`. @throws UsageError for a file. */
async function listFolder(path: string): Promise<string[] | null> {
  try {
    return await readdir(path);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : "";
    if (code === "ENOENT") return null;
    if (code === "ENOTDIR")
      throw new UsageError(`${path}: is a file, expected a new or empty folder`, { cause: error });
    throw toFileError(error, path, "write");
  }
}
