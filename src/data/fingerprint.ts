// What tells one file from another without reading it: its size, and a hash of samples spread over it. Ranks compare
// these before they begin, each of a file on its own machine. Two files of one size that differ in a few bytes only can
// have the same fingerprint; a gzipped file that differs anywhere has another, since its last bytes are a checksum.

import { createHash, type Hash } from "node:crypto";
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { basename } from "node:path";
import { findChallengeLayers } from "./challenge-folder.ts";
import { toFileError } from "./file-errors.ts";
import { detectKind } from "./file-kind.ts";

const SAMPLE_BYTES = 4_096;
/** Samples of a file; of the files of a folder together, but at least the fewest of each. */
const SAMPLES = 64;
const FEWEST_SAMPLES = 2;

/**
 * "1234 bytes (8c6976e5b541)" for a file, the same with the number of files for a folder of layers, and the name itself
 * for a network that is made on the fly.
 * @throws FormatError, ResourceError for what cannot be read
 */
export function fingerprintPath(path: string): string {
  const kind = detectKind(path);
  if (kind === "generated") return path;
  const hash = createHash("sha256");
  const files = kind === "challenge" ? findChallengeLayers(path).paths : [path];
  const samples = Math.max(FEWEST_SAMPLES, Math.floor(SAMPLES / files.length));
  let bytes = 0;
  for (const file of files) {
    if (kind === "challenge") hash.update(basename(file));
    try {
      bytes += addSamples(hash, file, samples);
    } catch (error) {
      throw toFileError(error, file, "read");
    }
  }
  const digest = hash.digest("hex").slice(0, 12);
  return `${kind === "challenge" ? `${files.length} files, ` : ""}${bytes} bytes (${digest})`;
}

/** Adds the size and evenly spaced samples, the file's first and last bytes among them. @returns the size */
function addSamples(hash: Hash, path: string, samples: number): number {
  const file = openSync(path, "r");
  try {
    const { size } = fstatSync(file);
    hash.update(`${size};`);
    const block = new Uint8Array(SAMPLE_BYTES);
    const last = Math.max(0, size - SAMPLE_BYTES);
    const count = size <= SAMPLE_BYTES * samples ? Math.ceil(size / SAMPLE_BYTES) : samples;
    for (let k = 0; k < count; k++) {
      const at = count === 1 ? 0 : Math.floor((last * k) / (count - 1));
      hash.update(block.subarray(0, readSync(file, block, 0, SAMPLE_BYTES, at)));
    }
    return size;
  } finally {
    closeSync(file);
  }
}
