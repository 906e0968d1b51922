// Orders of neurons between two layers. The numbering there is free: a permutation is applied to the columns of the
// layer that writes and to the row indices of the layer that reads, and undone by nobody. The order of the entries of a
// column stays as it was, so every sum keeps its order and every activation its bits.

import { type CscMatrix, makeIndexArray } from "../sparse/matrix.ts";

/** For every neuron its place: `place[old] = new`. A bijection of 0 .. length-1. */
export type NeuronOrder = Uint32Array;

/**
 * Places side by side the neurons that are read by the same columns of `weights`, in order of first appearance. A column
 * then reads a few contiguous runs instead of lines that are spread, and may collide, over the cache.
 * Cost: O(nnz). @returns null when no two neurons have the same readers, so that nothing would be gained.
 */
export function orderByReaders(weights: CscMatrix): NeuronOrder | null {
  const { nrows, ncols, colPtr, rowIdx } = weights;
  const signature = new Uint32Array(nrows);
  for (let j = 0; j < ncols; j++) {
    const mixed = mix(j + 1);
    for (let p = colPtr[j]; p < colPtr[j + 1]; p++) signature[rowIdx[p]] += mixed;
  }
  // A collision of signatures only puts two neurons side by side that need not be.
  const sizes = new Map<number, number>();
  for (const value of signature) sizes.set(value, (sizes.get(value) ?? 0) + 1);
  if (sizes.size === nrows) return null;
  const next = new Map<number, number>();
  let end = 0;
  for (const [value, size] of sizes) {
    next.set(value, end);
    end += size;
  }
  const place = new Uint32Array(nrows);
  for (let i = 0; i < nrows; i++) {
    const at = next.get(signature[i]) ?? 0;
    place[i] = at;
    next.set(signature[i], at + 1);
  }
  return place;
}

/** The matrix with its rows renumbered by `rows` and its columns by `cols` (null: left alone); entries keep their order in a column. */
export function renumberCsc(weights: CscMatrix, rows: NeuronOrder | null, cols: NeuronOrder | null): CscMatrix {
  if (rows === null && cols === null) return weights;
  const { nrows, ncols } = weights;
  const colPtr = new Uint32Array(ncols + 1);
  const oldColumn = new Uint32Array(ncols);
  for (let j = 0; j < ncols; j++) oldColumn[cols === null ? j : cols[j]] = j;
  const rowIdx = makeIndexArray(weights.rowIdx.length, nrows);
  const isUniform = weights.values.length === 1;
  const values = isUniform ? weights.values : new Float32Array(weights.values.length);
  let end = 0;
  for (let j = 0; j < ncols; j++) {
    const old = oldColumn[j];
    for (let p = weights.colPtr[old]; p < weights.colPtr[old + 1]; p++) {
      rowIdx[end] = rows === null ? weights.rowIdx[p] : rows[weights.rowIdx[p]];
      if (!isUniform) values[end] = weights.values[p];
      end++;
    }
    colPtr[j + 1] = end;
  }
  return { format: "csc", nrows, ncols, colPtr, rowIdx, values };
}

function mix(value: number): number {
  let h = Math.imul(value ^ (value >>> 16), 0x7feb352d);
  h = Math.imul(h ^ (h >>> 15), 0x846ca68b);
  return (h ^ (h >>> 16)) >>> 0;
}
