// Plan: every error code has the status that the contract says; what is no error of ours is a bug, except memory that
// V8 refuses.

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  ERROR_CODES,
  FormatError,
  InterruptedError,
  InvariantError,
  MpiError,
  RankError,
  ResourceError,
  ShapeError,
  UnsupportedError,
  UsageError,
  WorkerError,
} from "../../core/errors.ts";
import { exitStatusOf } from "./exit.ts";

const TABLE: readonly [error: Error & { code: string }, status: number][] = [
  [new UsageError("x"), 2],
  [new UnsupportedError("x"), 2],
  [new FormatError("f", 1, "x"), 3],
  [new ShapeError("x"), 3],
  [new ResourceError("x"), 4],
  [new WorkerError(1, "x"), 5],
  [new MpiError(1, "MPI_Bcast", "x"), 5],
  [new RankError(1, "node7", "x"), 5],
  [new InterruptedError("x"), 130],
  [new InvariantError("x"), 70],
];

test("the status of every error code", () => {
  for (const [error, status] of TABLE) assert.equal(exitStatusOf(error), status, error.code);
  assert.deepEqual(TABLE.map(([error]) => error.code).toSorted(), ERROR_CODES.toSorted());
});

test("what is no error of ours", () => {
  assert.equal(exitStatusOf(new RangeError("Array buffer allocation failed")), 4);
  assert.equal(exitStatusOf(new RangeError("Invalid array length")), 4);
  assert.equal(exitStatusOf(new RangeError("row 7, expected 0 to 3")), 70);
  assert.equal(exitStatusOf(new TypeError("x is not a function")), 70);
  assert.equal(exitStatusOf("text"), 70);
});
