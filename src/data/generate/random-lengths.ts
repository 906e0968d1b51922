// How many entries each column (or row) of a random sparse matrix has: what makes a study balanced or not.
// Lengths only; which entries they are is random-entries.ts.

import type { Random } from "../../core/random.ts";
import { randomPermutation } from "../../core/random.ts";

/**
 * `equal`: all the same, or two neighbouring numbers where the mean is no integer. `uniform`: from 0 to twice the mean,
 * or the widest even range below the limit. `power-law`: the k-th longest is proportional to 1/k, cut at the limit.
 */
export const LENGTH_SHAPES = ["equal", "uniform", "power-law"] as const;
export type LengthShape = (typeof LENGTH_SHAPES)[number];

export interface LengthOptions {
  readonly count: number;
  /** From 0 to `limit`; need not be an integer. */
  readonly mean: number;
  /** The longest possible. */
  readonly limit: number;
  readonly shape: LengthShape;
  /** The longest first; otherwise in no order. */
  readonly sorted: boolean;
}

/**
 * Shape: `count` lengths. Their sum is count x mean exactly (rounded down) for `equal` and `power-law`, in the mean for
 * `uniform`.
 */
export function makeLengths(options: LengthOptions, random: Random): Uint32Array {
  const lengths = drawLengths(options, random);
  if (options.sorted) return lengths.toSorted().toReversed();
  if (options.shape !== "power-law") return lengths;
  const order = randomPermutation(options.count, random);
  return lengths.map((_, k) => lengths[order[k]]);
}

function drawLengths({ count, mean, limit, shape }: LengthOptions, random: Random): Uint32Array {
  switch (shape) {
    case "equal":
      return roundKeepingSum(new Float64Array(count).fill(mean), limit);
    case "uniform": {
      const low = Math.max(0, 2 * mean - limit);
      const high = 2 * mean - low;
      // The second number rounds up or down at random, so that the mean holds for small lengths too.
      return Uint32Array.from({ length: count }, () =>
        Math.min(limit, Math.floor(low + random.next() * (high - low) + random.next())),
      );
    }
    case "power-law":
      return roundKeepingSum(powerLaw(count, mean, limit), limit);
  }
}

/** Real lengths min(limit, first / k) for k = 1 .. count, with `first` found by bisection so that their mean is right. */
function powerLaw(count: number, mean: number, limit: number): Float64Array {
  const lengthOf = (k: number, first: number): number => Math.min(limit, first / (k + 1));
  let low = 0;
  let high = limit * count;
  // Each step halves the interval; 64 of them use up a float64's digits.
  for (let step = 0; step < 64; step++) {
    const middle = (low + high) / 2;
    let sum = 0;
    for (let k = 0; k < count; k++) sum += lengthOf(k, middle);
    if (sum < mean * count) low = middle;
    else high = middle;
  }
  return Float64Array.from({ length: count }, (_, k) => lengthOf(k, high));
}

/** Integers whose running sums are the real ones', rounded to the nearest 1e-6 and then down. */
function roundKeepingSum(lengths: Float64Array, limit: number): Uint32Array {
  const rounded = new Uint32Array(lengths.length);
  let sum = 0;
  let given = 0;
  for (let k = 0; k < lengths.length; k++) {
    sum += lengths[k];
    // A sum that should be an integer may have come out a last bit too small.
    rounded[k] = Math.min(limit, Math.floor(sum + 1e-6) - given);
    given += rounded[k];
  }
  return rounded;
}
