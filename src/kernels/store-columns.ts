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

/** Columns in the order in which they are computed, those that follow one another with the same inputs as runs. */
export type ColumnRuns = Pick<StoredColumns, "colStart" | "runs">;

/** The runs of `order`, a permutation of the columns, where the entries lie: all columns of a run begin where its first does. */
export function findRuns({ ncols, colPtr, rowIdx, values }: CscMatrix, order: Uint32Array): ColumnRuns {
  const isUniform = values.length === 1;
  const colStart = new Uint32Array(ncols);
  const runs = new Uint32Array(3 * ncols);
  let run = -1;
  let first = 0;
  let end = 0;
  for (let t = 0; t < ncols; t++) {
    const [from, to] = [colPtr[order[t]], colPtr[order[t] + 1]];
    const isSame =
      isUniform && run >= 0 && end - first === to - from && isSameStretch(rowIdx, from, rowIdx, first, to - from);
    if (!isSame) {
      [first, end] = [from, to];
      run++;
    }
    colStart[order[t]] = first;
    runs[3 * run] = first;
    runs[3 * run + 1] = end;
    runs[3 * run + 2] = t + 1;
  }
  return { colStart, runs: runs.slice(0, 3 * (run + 1)) };
}

/** Stores the columns of a matrix in `order`, a permutation of them. Cost: O(nnz). */
export function storeColumns(weights: CscMatrix, order: Uint32Array): StoredColumns {
  const { rowIdx, values } = weights;
  const isUniform = values.length === 1;
  const { colStart, runs } = findRuns(weights, order);
  let entries = 0;
  for (let r = 0; r < runs.length; r += 3) entries += runs[r + 1] - runs[r];
  const stored = rowIdx.slice(0, entries);
  const storedValues = isUniform ? values : new Float32Array(entries);
  let at = 0;
  for (let r = 0, t = 0; r < runs.length; r += 3) {
    const [first, end] = [runs[r], runs[r + 1]];
    stored.set(rowIdx.subarray(first, end), at);
    if (!isUniform) storedValues.set(values.subarray(first, end), at);
    for (; t < runs[r + 2]; t++) colStart[order[t]] = at;
    runs[r] = at;
    runs[r + 1] = at += end - first;
  }
  return { weights: { ...weights, rowIdx: stored, values: storedValues }, colStart, runs };
}

function isSameStretch(a: IndexArray, aAt: number, b: IndexArray, bAt: number, count: number): boolean {
  for (let k = 0; k < count; k++) if (a[aAt + k] !== b[bAt + k]) return false;
  return true;
}
