// Comparing computed numbers with expected ones: what is within the tolerance is counted, so NaN fails, and the message
// names the worst place.

import assert from "node:assert/strict";

export interface Tolerance {
  readonly relative: number;
  /** Floor for expected values near zero. */
  readonly absolute: number;
}

/** The bound that Gossamer promises between f32 sums and the float64 oracle. */
export const ORACLE_TOLERANCE: Tolerance = { relative: 1e-4, absolute: 1e-5 };

export interface Comparison {
  readonly count: number;
  readonly within: number;
  /** Place of the largest excess over the tolerance (NaN counts as infinite), or -1 for an empty comparison. */
  readonly worst: number;
}

/** Equal infinities are within any tolerance; NaN never is. */
export function compareWithin(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  { relative, absolute }: Tolerance,
): Comparison {
  let within = 0;
  let worst = -1;
  let worstExcess = Number.NEGATIVE_INFINITY;
  for (let p = 0; p < expected.length; p++) {
    const allowed = absolute + relative * Math.abs(expected[p]);
    const distance = actual[p] === expected[p] ? 0 : Math.abs(actual[p] - expected[p]);
    if (distance <= allowed) within++;
    const excess = Number.isNaN(distance) ? Number.POSITIVE_INFINITY : distance - allowed;
    if (excess > worstExcess) {
      worstExcess = excess;
      worst = p;
    }
  }
  return { count: expected.length, within, worst };
}

/** Fails unless every value is within the tolerance. Shapes: both: rows x ncols, row-major (ncols only for the message). */
export function assertWithin(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance: Tolerance,
  what: string,
  ncols = 1,
): void {
  assert.equal(actual.length, expected.length, `${what}: number of values`);
  const { count, within, worst } = compareWithin(actual, expected, tolerance);
  if (within === count) return;
  const place = `(${Math.floor(worst / ncols)}, ${worst % ncols})`;
  assert.fail(
    `${what}: ${count - within} of ${count} values are off; worst at ${worst} ${place}: ` +
      `${actual[worst]}, expected ${expected[worst]}`,
  );
}
