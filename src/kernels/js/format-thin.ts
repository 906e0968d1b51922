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
  const placeOf = new Int32Array(matrix.nrows).fill(-1);
  for (let k = 0; k < count; k++) placeOf[v.u32[list + k]] = k;
  if (matrix.dense) keepDense(v, matrix, placeOf);
  const kept: RowEntry[] = [];
  if (!matrix.dense) {
    eachEntry(v, matrix, (i, j, value) => {
      if (placeOf[i] >= 0) kept.push([placeOf[i], j, value]);
    });
  }
  v.u32[matrix.record + MATRIX_FIELD.nrows] = count;
  v.u32[matrix.record + MATRIX_FIELD.slots] = matrix.byRows ? count : matrix.ncols;
  v.u32[matrix.record + MATRIX_FIELD.minorCount] = matrix.byRows ? matrix.ncols : count;
  if (!matrix.dense) fillMatrix(v, address, kept);
}

/** Values move to the front where they lie, so that no bit of them changes. */
function keepDense({ f32 }: FormatViews, matrix: MatrixView, placeOf: Int32Array): void {
  const [rowStep, columnStep] = matrix.byRows ? [matrix.denseStep, 1] : [1, matrix.denseStep];
  for (let i = 0; i < matrix.nrows; i++) {
    if (placeOf[i] < 0) continue;
    for (let j = 0; j < matrix.ncols; j++) {
      const column = matrix.values + j * columnStep;
      f32[column + placeOf[i] * rowStep] = f32[column + i * rowStep];
    }
  }
}

function denseRows(v: FormatViews, matrix: MatrixView): Float32Array[] {
  const rows = Array.from({ length: matrix.nrows }, () => new Float32Array(matrix.ncols));
  eachEntry(v, matrix, (i, j, value) => {
    rows[i][j] = value;
  });
  return rows;
}
