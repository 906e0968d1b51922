// Equal input rows, found before any rank cuts its inputs down: every rank of a group has the same rows, hashes its share
// of them for all, and finds the same.

import { packParts } from "../../mpi/message-array.ts";
import { pieceStart } from "../../partition/hashing.ts";
import type { CsrMatrix } from "../../sparse/matrix.ts";
import type { GroupLink } from "./group-link.ts";

/** Hashes of all rows. Collective. */
export async function hashInputs(link: GroupLink, rows: CsrMatrix): Promise<Int32Array> {
  const { nrows } = rows;
  const hashes = new Int32Array(nrows);
  const starts = Array.from({ length: link.size + 1 }, (_, rank) => pieceStart(nrows, rank, link.size));
  hashRange(hashes, rows, starts[link.rank], starts[link.rank + 1]);
  const parts = packParts(Array.from({ length: link.size }, (_, rank) => starts[rank + 1] - starts[rank]));
  await link.wait(link.comm.start.allgatherv(hashes, parts));
  return hashes;
}

function hashRange(hashes: Int32Array, { rowPtr, colIdx, values }: CsrMatrix, first: number, end: number): void {
  const bits = bitsOf(values);
  for (let row = first; row < end; row++) {
    const last = rowPtr[row + 1];
    let h = last - rowPtr[row];
    if (values.length === 1) {
      for (let p = rowPtr[row]; p < last; p++) h = mix(h ^ colIdx[p]);
    } else {
      for (let p = rowPtr[row]; p < last; p++) h = mix(mix(h ^ colIdx[p]) ^ bits[p]);
    }
    hashes[row] = h;
  }
}

function mix(h: number): number {
  const mixed = Math.imul(h, 0x9e3779b1);
  return mixed ^ (mixed >>> 15);
}

function bitsOf(values: Float32Array): Int32Array {
  return new Int32Array(values.buffer, values.byteOffset, values.length);
}

/** For every row the first row that holds the same entries, bit by bit; rows of different hashes differ. */
export function findEqualRows(rows: CsrMatrix, hashes: Int32Array): Uint32Array {
  const { nrows, rowPtr, colIdx, values } = rows;
  const bits = bitsOf(values);
  const step = values.length === 1 ? 0 : 1;
  const isSame = (a: number, b: number): boolean => {
    const nnz = rowPtr[a + 1] - rowPtr[a];
    if (rowPtr[b + 1] - rowPtr[b] !== nnz) return false;
    for (let k = 0; k < nnz; k++) {
      if (colIdx[rowPtr[a] + k] !== colIdx[rowPtr[b] + k]) return false;
      if (bits[(rowPtr[a] + k) * step] !== bits[(rowPtr[b] + k) * step]) return false;
    }
    return true;
  };
  const size = 2 ** Math.ceil(Math.log2(2 * nrows + 2));
  const table = new Int32Array(size).fill(-1);
  const leaders = new Uint32Array(nrows);
  for (let row = 0; row < nrows; row++) {
    const h = hashes[row];
    let at = h & (size - 1);
    while (table[at] !== -1 && !(hashes[table[at]] === h && isSame(table[at], row))) at = (at + 1) & (size - 1);
    if (table[at] === -1) table[at] = row;
    leaders[row] = table[at];
  }
  return leaders;
}
