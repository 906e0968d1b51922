// The bytes of a file, plain or gzipped, in chunks, so that memory stays bounded whatever the file's size.
// A plain file is read with blocking calls: whoever reads a large one does so in a reader worker.

import { closeSync, createReadStream, openSync, readSync, type Stats, statSync } from "node:fs";
import { pipeline } from "node:stream";
import { createGunzip } from "node:zlib";
import { FormatError } from "../core/errors.ts";
import { toFileError } from "./file-errors.ts";

const CHUNK_BYTES = 1 << 18;

/** A run of a file's content. For gzipped files `begin` and `end` count decompressed bytes. */
export interface ByteRange {
  readonly path: string;
  readonly gzip: boolean;
  readonly begin: number;
  /** Infinity for "to the end". */
  readonly end: number;
}

export interface FileFacts {
  readonly bytes: number;
  readonly gzip: boolean;
}

/**
 * Size of a file, and whether it is gzipped (told from its first two bytes, not from its name).
 * @throws FormatError for a missing file, a folder, or a name ending in .gz without gzip data.
 */
export function probeFile(path: string): FileFacts {
  try {
    const stat = statSync(path);
    if (stat.isDirectory()) throw new FormatError(path, null, "is a folder, expected a file");
    checkRegularFile(path, stat);
    const head = readHead(path, 2);
    const gzip = head[0] === 0x1f && head[1] === 0x8b;
    if (!gzip && head.length > 0 && path.endsWith(".gz")) {
      throw new FormatError(path, null, "holds no gzip data, expected it from a name ending in .gz");
    }
    return { bytes: stat.size, gzip };
  } catch (error) {
    throw toFileError(error, path, "read");
  }
}

/** Files are sized, cut into pieces and read more than once, which pipes cannot be. @throws FormatError */
export function checkRegularFile(path: string, stat: Stats): void {
  if (!stat.isFile()) throw new FormatError(path, null, "is a pipe or a device, expected a file");
}

/** The first `length` bytes, or fewer where the file is shorter. */
export function readHead(path: string, length: number, position = 0): Uint8Array {
  const file = openSync(path, "r");
  try {
    const bytes = new Uint8Array(length);
    return bytes.subarray(0, readSync(file, bytes, 0, length, position));
  } finally {
    closeSync(file);
  }
}

/**
 * Yields the bytes of `range` in order. A yielded chunk is valid until the next one is asked for.
 * `onRead` hears how many bytes of the file itself (compressed where gzipped) each step took.
 * @throws FormatError for damaged gzip data, ResourceError for a failing disk.
 */
export async function* readChunks(range: ByteRange, onRead?: (bytes: number) => void): AsyncGenerator<Uint8Array> {
  try {
    if (range.gzip) yield* readGzip(range, onRead);
    else yield* readPlain(range, onRead);
  } catch (error) {
    throw toFileError(error, range.path, "read");
  }
}

function* readPlain(range: ByteRange, onRead?: (bytes: number) => void): Generator<Uint8Array> {
  const file = openSync(range.path, "r");
  try {
    const buffer = new Uint8Array(CHUNK_BYTES);
    let position = range.begin;
    while (position < range.end) {
      const count = readSync(file, buffer, 0, Math.min(CHUNK_BYTES, range.end - position), position);
      if (count === 0) return;
      position += count;
      onRead?.(count);
      yield buffer.subarray(0, count);
    }
  } finally {
    closeSync(file);
  }
}

/** zlib works on a thread of Node's pool, so decompressing the next chunk overlaps with the use of this one. */
async function* readGzip(range: ByteRange, onRead?: (bytes: number) => void): AsyncGenerator<Uint8Array> {
  const source = createReadStream(range.path, { highWaterMark: CHUNK_BYTES });
  // The pipeline's error also ends the iteration below, which throws it.
  const bytes = pipeline(source, createGunzip({ chunkSize: CHUNK_BYTES }), () => {});
  let position = 0;
  let read = 0;
  for await (const chunk of bytes as AsyncIterable<Uint8Array>) {
    const from = Math.max(0, range.begin - position);
    const to = Math.min(chunk.length, range.end - position);
    position += chunk.length;
    onRead?.(source.bytesRead - read);
    read = source.bytesRead;
    if (to > from) yield chunk.subarray(from, to);
    if (position >= range.end) return;
  }
}
