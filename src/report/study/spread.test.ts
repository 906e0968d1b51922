// Plan: the three measures by hand for even, uneven and idle workers; they do not depend on order or unit, and their
// bounds are reached by the most uneven load; NaN and negative loads are refused.

import assert from "node:assert/strict";
import { test } from "node:test";
import { spreadOf } from "./spread.ts";

test("by hand", () => {
  assert.deepEqual(spreadOf([2, 2, 2]), { maxOverMean: 1, variation: 0, gini: 0 });
  // Mean 2; deviations 1 and 1; half of the mean difference (|1-3| x 2 / 4) over the mean: 1/4.
  assert.deepEqual(spreadOf([3, 1]), { maxOverMean: 1.5, variation: 0.5, gini: 0.25 });
  assert.deepEqual(spreadOf([5]), { maxOverMean: 1, variation: 0, gini: 0 });
});

test("nobody doing anything is balance", () => {
  assert.deepEqual(spreadOf([0, 0]), { maxOverMean: 1, variation: 0, gini: 0 });
  assert.deepEqual(spreadOf([]), { maxOverMean: 1, variation: 0, gini: 0 });
});

test("one worker doing everything reaches the bounds", () => {
  const { maxOverMean, variation, gini } = spreadOf([0, 8, 0, 0]);
  assert.deepEqual([maxOverMean, variation, gini], [4, Math.sqrt(3), 3 / 4]);
});

test("order and unit do not matter", () => {
  assert.deepEqual(spreadOf([1, 2, 4]), spreadOf([4, 1, 2]));
  assert.deepEqual(spreadOf([1, 2, 4]), spreadOf([1024, 2048, 4096]));
});

test("what is no load is refused", () => {
  for (const bad of [Number.NaN, -1]) assert.throws(() => spreadOf([1, bad]), RangeError);
});
