// Cuts a plain file of triples into ranges that several workers can read at once: text at line ends, binary triples
// at entries. Gzipped files cannot be cut.

import { readHead } from "./byte-source.ts";
import type { TripleEncoding } from "./read-job.ts";
import { ENTRY_BYTES } from "./triples-binary.ts";

/** Smaller pieces would cost more in hand-over than they win in balance. */
export const MIN_PIECE_BYTES: number = 2 << 20;
const PIECES_PER_WORKER = 4;
const SEARCH_BYTES = 8192;

/** Boundaries begin = b0 < b1 < ... < bn = end of n pieces, each piece whole lines or whole entries. */
export function splitFile(
  path: string,
  encoding: TripleEncoding,
  begin: number,
  end: number,
  workers: number,
): number[] {
  const pieces = Math.max(1, Math.min(workers * PIECES_PER_WORKER, Math.floor((end - begin) / MIN_PIECE_BYTES)));
  const boundaries = [begin];
  for (let k = 1; k < pieces; k++) {
    const wanted = begin + Math.floor(((end - begin) * k) / pieces);
    const boundary = encoding === "binary" ? wanted - (wanted % ENTRY_BYTES) : findLineBegin(path, wanted);
    if (boundary > boundaries.at(-1)! && boundary < end) boundaries.push(boundary);
  }
  boundaries.push(end);
  return boundaries;
}

/** Where the first line after `position` begins, or 0 (no boundary) where none begins within the bytes searched. */
function findLineBegin(path: string, position: number): number {
  const newline = readHead(path, SEARCH_BYTES, position).indexOf(10);
  return newline < 0 ? 0 : position + newline + 1;
}
