// Equal input rows, found before any rank cuts its inputs down: every rank of a group has the same rows and finds the same.

import type { CsrMatrix } from "../../sparse/matrix.ts";

/** For every row the first row that holds the same entries, bit by bit. Cost: O(nnz). */
export function findEqualRows(rows: CsrMatrix): Uint32Array {
  const { nrows, rowPtr, colIdx, values } = rows;
  const bits = new Int32Array(values.buffer, values.byteOffset, values.length);
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
  const hashes = new Int32Array(nrows);
  const leaders = new Uint32Array(nrows);
  for (let row = 0; row < nrows; row++) {
    let h = rowPtr[row + 1] - rowPtr[row];
    for (let p = rowPtr[row]; p < rowPtr[row + 1]; p++) {
      h = Math.imul(h ^ colIdx[p] ^ (step === 0 ? 0 : bits[p]), 0x9e3779b1);
      h ^= h >>> 15;
    }
    hashes[row] = h;
    let at = h & (size - 1);
    while (table[at] !== -1 && !(hashes[table[at]] === h && isSame(table[at], row))) at = (at + 1) & (size - 1);
    if (table[at] === -1) table[at] = row;
    leaders[row] = table[at];
  }
  return leaders;
}
