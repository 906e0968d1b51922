// Which merges the readers cannot take. A reader of merged neurons has one weight for all of them, the sum of theirs.
// That sum must be a finite float32 number, and one that needed no rounding where sums must stay exact.

import type { Layer } from "../network/network.ts";
import { isFloat32, lossOf, MAX_FLOAT32 } from "./exact-sum.ts";

/**
 * Classes of neurons that must stay apart, one byte a class; null when all can be merged.
 * @param classOf for every input of `reader` its class, or -1. Cost: O(nnz), or O(number of values) where no sum can be wrong.
 */
export function findRefusals(
  reader: Layer,
  live: Uint8Array | null,
  classOf: Int32Array,
  classCount: number,
  exact: boolean,
): Uint8Array | null {
  const { ncols, colPtr, rowIdx, values } = reader.weights;
  if (!exact && largestSum(reader) <= MAX_FLOAT32) return null;
  const sum = new Float64Array(classCount);
  const isLossy = new Uint8Array(classCount);
  const refused = new Uint8Array(classCount);
  for (let j = 0; j < ncols; j++) {
    if (live !== null && live[j] === 0) continue;
    for (let p = colPtr[j]; p < colPtr[j + 1]; p++) {
      const c = classOf[rowIdx[p]];
      if (c < 0) continue;
      const value = values[values.length === 1 ? 0 : p];
      if (lossOf(sum[c], value) !== 0) isLossy[c] = 1;
      sum[c] += value;
    }
    for (let p = colPtr[j]; p < colPtr[j + 1]; p++) {
      const c = classOf[rowIdx[p]];
      if (c < 0) continue;
      const isGood = exact ? isLossy[c] === 0 && isFloat32(sum[c]) : Number.isFinite(Math.fround(sum[c]));
      if (!isGood) refused[c] = 1;
    }
    // A second loop, since a class may stand several times in a column.
    for (let p = colPtr[j]; p < colPtr[j + 1]; p++) {
      const c = classOf[rowIdx[p]];
      if (c < 0) continue;
      sum[c] = 0;
      isLossy[c] = 0;
    }
  }
  return refused.includes(1) ? refused : null;
}

/** No sum of weights of one column is larger. */
function largestSum({ weights }: Layer): number {
  let longest = 0;
  for (let j = 0; j < weights.ncols; j++) longest = Math.max(longest, weights.colPtr[j + 1] - weights.colPtr[j]);
  let largest = 0;
  for (const value of weights.values) largest = Math.max(largest, Math.abs(value));
  return longest * largest;
}
