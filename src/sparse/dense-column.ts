// Dense by columns: every value stored, one column after the other. "Uncompressed dense column" in the reference system.

import { checkDenseValues } from "./dense-row.ts";
import { type CscMatrix, entryValue, makeIndexArray } from "./matrix.ts";
import { shortenValues } from "./convert.ts";

export interface DenseColumnMatrix {
  readonly format: "dense-column";
  readonly nrows: number;
  readonly ncols: number;
  /** nrows x ncols, column-major. */
  readonly values: Float32Array;
}

/** Cost: O(nrows x ncols). */
export function cscToDenseColumn(matrix: CscMatrix): DenseColumnMatrix {
  const { nrows, ncols, colPtr, rowIdx } = matrix;
  const values = new Float32Array(nrows * ncols);
  for (let j = 0; j < ncols; j++) {
    for (let p = colPtr[j]; p < colPtr[j + 1]; p++) values[j * nrows + rowIdx[p]] = entryValue(matrix, p);
  }
  return { format: "dense-column", nrows, ncols, values };
}

/** The values that are not zero: explicit zeros of a sparse matrix do not come back. @throws ShapeError as checkDenseColumn */
export function denseColumnToCsc(matrix: DenseColumnMatrix): CscMatrix {
  checkDenseColumn(matrix, "dense columns");
  const { nrows, ncols, values } = matrix;
  const nnz = values.reduce((count, value) => count + (value === 0 ? 0 : 1), 0);
  const colPtr = new Uint32Array(ncols + 1);
  const rowIdx = makeIndexArray(nnz, nrows);
  const stored = new Float32Array(nnz);
  let end = 0;
  for (let j = 0; j < ncols; j++) {
    for (let i = 0; i < nrows; i++) {
      const value = values[j * nrows + i];
      if (value === 0) continue;
      rowIdx[end] = i;
      stored[end++] = value;
    }
    colPtr[j + 1] = end;
  }
  return { format: "csc", nrows, ncols, colPtr, rowIdx, values: shortenValues(stored) };
}

/** @throws ShapeError on a wrong length, NaN or infinity. */
export function checkDenseColumn({ values, nrows, ncols }: DenseColumnMatrix, name: string): void {
  checkDenseValues(values, nrows, ncols, name);
}
