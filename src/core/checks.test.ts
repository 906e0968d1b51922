// Plan: both ends of a range and what lies just outside; values that are no integers; names that nearly match.

import assert from "node:assert/strict";
import { test } from "node:test";
import { checkChoice, checkFloat32, checkInteger } from "./checks.ts";
import { UsageError } from "./errors.ts";

test("checkInteger gives back what lies in the range, both ends included", () => {
  for (const value of [1, 2, 64]) assert.equal(checkInteger(value, 1, 64, "workers"), value);
  assert.equal(checkInteger(-3, -3, -3, "offset"), -3);
});

test("checkInteger refuses everything else and says value, name and range", () => {
  for (const bad of [0, 65, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
    assert.throws(
      () => checkInteger(bad, 1, 64, "workers"),
      new UsageError(`workers is ${bad}, expected an integer from 1 to 64`),
    );
  }
});

test("checkChoice gives back a member of the set", () => {
  for (const value of ["all", "nonzero", "distinct"]) {
    assert.equal(checkChoice(value, ["all", "nonzero", "distinct"], "rows"), value);
  }
});

test("checkChoice refuses near misses and lists the set", () => {
  for (const bad of ["", "All", " all", "nonzeros", "toString", "__proto__"]) {
    assert.throws(
      () => checkChoice(bad, ["all", "nonzero", "distinct"], "rows"),
      new UsageError(`rows is "${bad}", expected one of all, nonzero, distinct`),
    );
  }
  assert.throws(() => checkChoice("all", [], "rows"), UsageError);
});

test("checkFloat32 refuses what is no finite float32", () => {
  for (const value of [0, -0, 1 / 16, 3.4e38, -3.4e38, 1e-300]) assert.equal(checkFloat32(value, "bias"), value);
  for (const bad of [3.5e38, -1e300, Number.NaN, Number.POSITIVE_INFINITY]) {
    assert.throws(
      () => checkFloat32(bad, "bias"),
      new UsageError(`bias is ${bad}, expected a finite number in the range of float32`),
    );
  }
});
