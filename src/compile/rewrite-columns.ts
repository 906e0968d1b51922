// Columns of a layer rewritten for the neurons that its inputs became: renumbered, weights of merged inputs added up in
// float64 and rounded once, constants moved into the bias, weights of zero left out. And columns picked by number.

import type { Layer } from "../network/network.ts";
import { makeIndexArray } from "../sparse/matrix.ts";
import type { NeuronMap } from "./neuron-map.ts";

export interface Rewritten {
  readonly layer: Layer;
  /** For every column written, how many of its stored zeros and how many weights of constants are gone; null when none are. */
  readonly zeros: Uint32Array | null;
  readonly constants: Uint32Array | null;
}

/**
 * Rewrites the given columns.
 * Requires: `map` has a place for every row. Shapes: the result has columns.length columns, in their order.
 * Cost: O(nnz log of the column length) where inputs are merged, O(nnz) otherwise; nothing is copied when nothing changes.
 */
export function rewriteColumns(
  layer: Layer,
  columns: Uint32Array,
  map: NeuronMap | null,
  dropZeros: boolean,
): Rewritten {
  const { weights, bias, rule } = layer;
  const { colPtr, rowIdx, values } = weights;
  const hasZeros = dropZeros && values.includes(0);
  if (map === null && !hasZeros) return { layer: pickColumns(layer, columns), zeros: null, constants: null };
  const nrows = map?.kept ?? weights.nrows;
  let nnz = 0;
  for (const j of columns) nnz += colPtr[j + 1] - colPtr[j];
  const newPtr = new Uint32Array(columns.length + 1);
  const newIdx = makeIndexArray(nnz, nrows);
  const newValues = new Float32Array(nnz);
  const newBias = Float32Array.from(columns, (j) => (bias.length === 1 ? bias[0] : bias[j]));
  const zeros = new Uint32Array(columns.length);
  const constants = new Uint32Array(columns.length);
  const merges = map?.merges ?? false;
  const sums = new Float64Array(merges ? nrows : 0);
  const isTouched = new Uint8Array(merges ? nrows : 0);
  const touched = new Uint32Array(merges ? nrows : 0);
  const isUniform = values.length === 1;
  let isFolded = false;
  let end = 0;
  for (let c = 0; c < columns.length; c++) {
    const j = columns[c];
    let total = newBias[c];
    let touchedCount = 0;
    for (let p = colPtr[j]; p < colPtr[j + 1]; p++) {
      const value = values[isUniform ? 0 : p];
      if (hasZeros && value === 0) {
        zeros[c]++;
        continue;
      }
      const target = map === null ? rowIdx[p] : map.target[rowIdx[p]];
      if (target < 0) {
        constants[c]++;
        const constant = map?.constants?.[rowIdx[p]] ?? 0;
        if (constant === 0) continue;
        total += value * constant;
        isFolded = true;
      } else if (merges) {
        sums[target] += value;
        if (isTouched[target] === 0) touched[touchedCount++] = target;
        isTouched[target] = 1;
      } else {
        newIdx[end] = target;
        newValues[end++] = value;
      }
    }
    sortFirst(touched, touchedCount);
    for (let t = 0; t < touchedCount; t++) {
      const target = touched[t];
      const value = Math.fround(sums[target]);
      sums[target] = 0;
      isTouched[target] = 0;
      if (value === 0) continue;
      newIdx[end] = target;
      newValues[end++] = value;
    }
    newBias[c] = total;
    newPtr[c + 1] = end;
  }
  const rewritten: Layer = {
    weights: {
      format: "csc",
      nrows,
      ncols: columns.length,
      colPtr: newPtr,
      rowIdx: newIdx.slice(0, end),
      values: joinEqual(newValues.slice(0, end)),
    },
    bias: bias.length === 1 && !isFolded ? bias : joinEqual(newBias),
    rule: isFolded ? { ...rule, biasRule: "all" } : rule,
  };
  return { layer: rewritten, zeros, constants };
}

/** The layer with the given columns only, repeated where they are listed twice; the layer itself when that is all of them. */
export function pickColumns(layer: Layer, columns: Uint32Array): Layer {
  const { weights, bias } = layer;
  const { ncols, colPtr, rowIdx, values } = weights;
  if (columns.length === ncols && columns.every((j, c) => j === c)) return layer;
  const newPtr = new Uint32Array(columns.length + 1);
  for (let c = 0; c < columns.length; c++) newPtr[c + 1] = newPtr[c] + colPtr[columns[c] + 1] - colPtr[columns[c]];
  const nnz = newPtr[columns.length];
  const newIdx = makeIndexArray(nnz, weights.nrows);
  const newValues = values.length === 1 ? values : new Float32Array(nnz);
  for (let c = 0; c < columns.length; c++) {
    const begin = colPtr[columns[c]];
    const end = colPtr[columns[c] + 1];
    newIdx.set(rowIdx.subarray(begin, end), newPtr[c]);
    if (values.length !== 1) newValues.set(values.subarray(begin, end), newPtr[c]);
  }
  return {
    weights: {
      format: "csc",
      nrows: weights.nrows,
      ncols: columns.length,
      colPtr: newPtr,
      rowIdx: newIdx,
      values: joinEqual(newValues),
    },
    bias: bias.length === 1 ? bias : joinEqual(Float32Array.from(columns, (j) => bias[j])),
    rule: layer.rule,
  };
}

/** Runs up to this are sorted by insertion: a call of the runtime's sort costs more. */
const MAX_INSERTED = 64;

/** Sorts the first `count` numbers. */
function sortFirst(numbers: Uint32Array, count: number): void {
  if (count > MAX_INSERTED) {
    numbers.subarray(0, count).sort();
    return;
  }
  for (let k = 1; k < count; k++) {
    const number = numbers[k];
    let at = k;
    for (; at > 0 && numbers[at - 1] > number; at--) numbers[at] = numbers[at - 1];
    numbers[at] = number;
  }
}

/** One value where all are equal. */
function joinEqual(values: Float32Array): Float32Array {
  for (let p = 1; p < values.length; p++) if (!Object.is(values[p], values[0])) return values;
  return values.slice(0, 1);
}
