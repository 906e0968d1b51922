// The entries of a layer's columns as a kernel meets them when it takes the columns in a given order: each column one
// contiguous stretch, the stretches in that order. Columns in a row that read the same inputs are a run and share one
// stretch, where all weights are equal. No sum changes by it: a column keeps its entries and their order.

import type { CscMatrix, IndexArray } from "../sparse/matrix.ts";

export interface StoredColumns {
  /** colPtr still counts the entries of the columns in their own order; rowIdx and values are as stored. */
  readonly weights: CscMatrix;
  /** ncols: where the entries of each column begin. */
  readonly colStart: Uint32Array;
  /** 3 a run: first and end entry, and how many columns of the order lie before the run's end. */
  readonly runs: Uint32Array;
}

/** Stores the columns of a matrix in `order`, a permutation of them. Cost: O(nnz). */
export function storeColumns(weights: CscMatrix, order: Uint32Array): StoredColumns {
  const { ncols, colPtr, rowIdx, values } = weights;
  const isUniform = values.length === 1;
  const colStart = new Uint32Array(ncols);
  const stored = rowIdx.slice();
  const storedValues = isUniform ? values : new Float32Array(values.length);
  const runs = new Uint32Array(3 * ncols);
  let run = -1;
  let first = 0;
  let end = 0;
  for (let t = 0; t < ncols; t++) {
    const j = order[t];
    const from = colPtr[j];
    const length = colPtr[j + 1] - from;
    const isSame =
      isUniform && run >= 0 && end - first === length && isSameStretch(rowIdx, from, stored, first, length);
    if (!isSame) {
      first = end;
      end = first + length;
      stored.set(rowIdx.subarray(from, from + length), first);
      if (!isUniform) storedValues.set(values.subarray(from, from + length), first);
      run++;
    }
    colStart[j] = first;
    runs[3 * run] = first;
    runs[3 * run + 1] = end;
    runs[3 * run + 2] = t + 1;
  }
  return {
    weights: { ...weights, rowIdx: stored.slice(0, end), values: storedValues },
    colStart,
    runs: runs.slice(0, 3 * (run + 1)),
  };
}

function isSameStretch(a: IndexArray, aAt: number, b: IndexArray, bAt: number, count: number): boolean {
  for (let k = 0; k < count; k++) if (a[aAt + k] !== b[bAt + k]) return false;
  return true;
}
