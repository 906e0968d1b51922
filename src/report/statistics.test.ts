// Plan: the figures of samples by hand-made lists, in any order; none of one sample is invented.

import assert from "node:assert/strict";
import { test } from "node:test";
import { imbalanceOf, summarize } from "./statistics.ts";

test("median, smallest, and the quartiles' distance over the median", () => {
  assert.deepEqual(summarize([5, 1, 4, 2, 3]), { median: 3, min: 1, spread: 2 / 3 });
  assert.deepEqual(summarize([4, 1, 2, 3]), { median: 2.5, min: 1, spread: 1.5 / 2.5 });
  assert.deepEqual(summarize([7, 7, 7, 7]), { median: 7, min: 7, spread: 0 });
});

test("fewer than 4 samples have no spread", () => {
  assert.deepEqual(summarize([2, 4]), { median: 3, min: 2, spread: null });
  assert.deepEqual(summarize([2]), { median: 2, min: 2, spread: null });
});

test("no samples, and NaN among them, are refused", () => {
  assert.throws(() => summarize([]), RangeError);
  assert.throws(() => summarize([1, Number.NaN]), RangeError);
});

test("imbalance is the largest load over the mean, 1 where nobody did anything", () => {
  assert.equal(imbalanceOf([3, 1]), 1.5);
  assert.equal(imbalanceOf([2, 2, 2]), 1);
  assert.equal(imbalanceOf([0, 0]), 1);
  assert.equal(imbalanceOf([]), 1);
});
