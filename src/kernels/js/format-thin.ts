// Equal rows, and rows that leave, in plain JavaScript: what wasm/assembly/format-equal.ts and format-keep.ts do, by way of dense
// rows in arrays.

import { MATRIX_FIELD } from "../format-records.ts";
import { eachEntry, fillMatrix, type RowEntry } from "./format-entries.ts";
import { type FormatViews, type MatrixView, readMatrix } from "./format-memory.ts";

/** Hashes are sums over the entries, so that their order does not matter; not those of the other kernel set. */
export function hashRows(v: FormatViews, matrix: MatrixView, hashes: number): void {
  v.u32.fill(0, hashes, hashes + matrix.nrows);
  const word = new Float32Array(1);
  const bits = new Uint32Array(word.buffer);
  eachEntry(v, matrix, (i, j, value) => {
    if (value === 0) return;
    word[0] = value;
    const mixed = Math.imul(bits[0] ^ Math.imul(j + 1, 0x9e37_79b1), 0x7feb_352d);
    v.u32[hashes + i] += mixed ^ (mixed >>> 15);
  });
}

/** Bit patterns decide: NaN equals itself, and minus zero is not zero. */
export function compareRows(v: FormatViews, matrix: MatrixView, twins: number): void {
  const rows = denseRows(v, matrix);
  const bits = rows.map((row) => new Uint32Array(row.buffer));
  for (let i = 0; i < matrix.nrows; i++) {
    const twin = bits[v.u32[twins + i]];
    if (bits[i].some((word, j) => word !== twin[j])) v.u32[twins + i] = i;
  }
}

export function keepRows(v: FormatViews, address: number, list: number, count: number): void {
  const matrix = readMatrix(v, address);
  const rows = denseRows(v, matrix);
  const kept = Array.from(v.u32.subarray(list, list + count), (row) => rows[row]);
  v.u32[matrix.record + MATRIX_FIELD.nrows] = count;
  v.u32[matrix.record + MATRIX_FIELD.slots] = matrix.byRows ? count : matrix.ncols;
  v.u32[matrix.record + MATRIX_FIELD.minorCount] = matrix.byRows ? matrix.ncols : count;
  fillMatrix(
    v,
    address,
    kept.flatMap((row, k) => Array.from(row, (value, j): RowEntry => [k, j, value])),
  );
}

function denseRows(v: FormatViews, matrix: MatrixView): Float32Array[] {
  const rows = Array.from({ length: matrix.nrows }, () => new Float32Array(matrix.ncols));
  eachEntry(v, matrix, (i, j, value) => {
    rows[i][j] = value;
  });
  return rows;
}
