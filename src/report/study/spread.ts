// How unevenly a load is spread over workers, by three measures that answer different questions. All are 0 or 1 for a
// perfect balance, whatever the unit, and do not depend on the order of the workers.

import { imbalanceOf } from "../statistics.ts";

export interface LoadSpread {
  /** Largest over mean, from 1 to the number of workers: how much longer the run takes than it should. */
  readonly maxOverMean: number;
  /** Standard deviation (of these workers, not an estimate) over mean, from 0: how far workers are from each other. */
  readonly variation: number;
  /** Gini coefficient, 0 to (workers - 1) / workers: the share of the load that would have to move, in a way. */
  readonly gini: number;
}

/** Spread of non-negative loads, one a worker. Nobody doing anything is perfect balance. @throws RangeError for NaN or less than 0. */
export function spreadOf(loads: readonly number[]): LoadSpread {
  for (const load of loads) if (!(load >= 0)) throw new RangeError(`a load is ${load}, expected at least 0`);
  const sum = loads.reduce((total, load) => total + load, 0);
  if (sum === 0) return { maxOverMean: 1, variation: 0, gini: 0 };
  const count = loads.length;
  const mean = sum / count;
  const variance = loads.reduce((total, load) => total + (load - mean) ** 2, 0) / count;
  // Source: sum over the sorted loads x_1 <= ... <= x_n of (2 k - n - 1) x_k, over n times their sum.
  const weighted = loads.toSorted((a, b) => a - b).reduce((total, load, k) => total + (2 * k + 1 - count) * load, 0);
  return { maxOverMean: imbalanceOf(loads), variation: Math.sqrt(variance) / mean, gini: weighted / (count * sum) };
}
