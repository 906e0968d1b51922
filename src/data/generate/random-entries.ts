// Random sets of indices: which entries a random sparse column or row has.

import type { Random } from "../../core/random.ts";
import { type IndexArray, makeIndexArray } from "../../sparse/matrix.ts";

/** Above this share of all indices, deciding on each in turn is faster than drawing until none repeats. */
const DENSE_SHARE = 1 / 8;

/**
 * For every length a uniformly random set of so many indices below `bound`, rising.
 * Shapes: the result: sum of `lengths` indices, one set after the other.
 * Requires: no length above `bound`.
 */
export function drawIndexSets(lengths: Uint32Array, bound: number, random: Random): IndexArray {
  const total = lengths.reduce((sum, length) => sum + length, 0);
  const indices = makeIndexArray(total, bound);
  // lastSet[index] = number of the set, plus 1, that drew it last.
  const lastSet = new Uint32Array(bound);
  let begin = 0;
  for (let k = 0; k < lengths.length; k++) {
    const set = indices.subarray(begin, begin + lengths[k]);
    if (set.length > DENSE_SHARE * bound) selectInto(set, bound, random);
    else drawInto(set, bound, random, lastSet, k + 1);
    begin += set.length;
  }
  return indices;
}

/** Takes each index with the probability that the rest of the set needs. Source: Knuth, TAOCP 2, 3.4.2, algorithm S. */
function selectInto(set: IndexArray, bound: number, random: Random): void {
  for (let index = 0, taken = 0; taken < set.length; index++) {
    if (random.below(bound - index) < set.length - taken) set[taken++] = index;
  }
}

function drawInto(set: IndexArray, bound: number, random: Random, lastSet: Uint32Array, id: number): void {
  for (let taken = 0; taken < set.length; ) {
    const index = random.below(bound);
    if (lastSet[index] === id) continue;
    lastSet[index] = id;
    set[taken++] = index;
  }
  set.sort();
}

/** Offsets of sets that lie one after the other. Shape: lengths.length + 1. */
export function pointersOf(lengths: Uint32Array): Uint32Array {
  const pointers = new Uint32Array(lengths.length + 1);
  for (let k = 0; k < lengths.length; k++) pointers[k + 1] = pointers[k] + lengths[k];
  return pointers;
}
