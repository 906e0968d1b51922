// Binary triples of the reference system: 12 bytes an entry, little-endian u32 row, u32 column, f32 value, 1-based
// like the text. Source: hmofrad/DistSparseDNN, whose files hold nothing else (no header, no count).

import { FormatError } from "../core/errors.ts";
import type { TriplesParser } from "./triples-text.ts";
import { BLOCK_ENTRIES, type TripleLimits, type TripleSink } from "./triples.ts";

export const ENTRY_BYTES = 12;

/** @throws FormatError unless `bytes` is a whole number of entries. */
export function checkBinarySize(path: string, bytes: number): void {
  if (bytes % ENTRY_BYTES === 0) return;
  const wanted = "expected a multiple of 12 (u32 row, u32 column, f32 value an entry)";
  throw new FormatError(path, null, `size is ${bytes} bytes, ${wanted}`);
}

/** A parser of binary triples; `firstEntry` (0-based) is where its bytes begin, for messages. */
export function makeBinaryParser(limits: TripleLimits, sink: TripleSink, firstEntry: number): TriplesParser {
  const { path, maxRow, maxCol } = limits;
  const rows = new Uint32Array(BLOCK_ENTRIES);
  const cols = new Uint32Array(BLOCK_ENTRIES);
  const values = new Float32Array(BLOCK_ENTRIES);
  const split = new Uint8Array(ENTRY_BYTES);
  let splitBytes = 0;
  let entries = firstEntry;

  function parse(bytes: Uint8Array): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const total = bytes.byteLength / ENTRY_BYTES;
    for (let begin = 0; begin < total; begin += BLOCK_ENTRIES) {
      const count = Math.min(BLOCK_ENTRIES, total - begin);
      for (let k = 0; k < count; k++) {
        const at = (begin + k) * ENTRY_BYTES;
        const row = view.getUint32(at, true);
        const col = view.getUint32(at + 4, true);
        const value = view.getFloat32(at + 8, true);
        if ((row - 1) >>> 0 >= maxRow) fail(entries + begin + k, "row", row, `1 to ${maxRow}`);
        if ((col - 1) >>> 0 >= maxCol) fail(entries + begin + k, "column", col, `1 to ${maxCol}`);
        if (!Number.isFinite(value)) fail(entries + begin + k, "value", value, "a finite number");
        rows[k] = row - 1;
        cols[k] = col - 1;
        values[k] = value;
      }
      sink(rows, cols, values, count);
    }
    entries += total;
  }

  function fail(entry: number, word: string, found: number, wanted: string): never {
    throw new FormatError(path, null, `entry ${entry + 1}: ${word} is ${found}, expected ${wanted}`);
  }

  return {
    push(bytes: Uint8Array): void {
      let begin = 0;
      if (splitBytes > 0) {
        begin = Math.min(ENTRY_BYTES - splitBytes, bytes.length);
        split.set(bytes.subarray(0, begin), splitBytes);
        splitBytes += begin;
        if (splitBytes < ENTRY_BYTES) return;
        parse(split);
        splitBytes = 0;
      }
      const end = begin + Math.floor((bytes.length - begin) / ENTRY_BYTES) * ENTRY_BYTES;
      parse(bytes.subarray(begin, end));
      split.set(bytes.subarray(end));
      splitBytes = bytes.length - end;
    },
    finish(): void {
      checkBinarySize(path, entries * ENTRY_BYTES + splitBytes);
    },
  };
}
