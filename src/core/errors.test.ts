// Plan: every error class carries its code, its own name and the cause it was given; the codes in use are exactly the
// closed set (an edge of the program maps each); messages of errors with a place are put together as documented.

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  assertNever,
  ERROR_CODES,
  FormatError,
  GossamerError,
  InterruptedError,
  InvariantError,
  MpiError,
  RankError,
  ResourceError,
  ShapeError,
  UnsupportedError,
  UsageError,
  WorkerError,
} from "./errors.ts";

const CAUSE = new Error("cause");
const ERRORS: [string, string, GossamerError][] = [
  ["usage", "UsageError", new UsageError("problem", { cause: CAUSE })],
  ["format", "FormatError", new FormatError("a.tsv", 7, "problem", { cause: CAUSE })],
  ["shape", "ShapeError", new ShapeError("problem", { cause: CAUSE })],
  ["unsupported", "UnsupportedError", new UnsupportedError("problem", { cause: CAUSE })],
  ["resource", "ResourceError", new ResourceError("problem", { cause: CAUSE })],
  ["worker", "WorkerError", new WorkerError(3, "problem", { cause: CAUSE })],
  ["mpi", "MpiError", new MpiError(2, "MPI_Bcast", "problem", { cause: CAUSE })],
  ["rank", "RankError", new RankError(2, "node7", "problem", { cause: CAUSE })],
  ["interrupted", "InterruptedError", new InterruptedError("problem", { cause: CAUSE })],
  ["invariant", "InvariantError", new InvariantError("problem", { cause: CAUSE })],
];

test("each class has its code, name and cause, and is a GossamerError", () => {
  for (const [code, name, error] of ERRORS) {
    assert.equal(error.code, code);
    assert.equal(error.name, name);
    assert.equal(error.cause, CAUSE);
    assert.ok(error instanceof GossamerError && error instanceof Error);
    assert.ok(error.stack?.includes("problem"));
  }
});

test("the codes of the classes are the closed set, each used once", () => {
  assert.deepEqual(ERRORS.map(([code]) => code).toSorted(), [...ERROR_CODES].toSorted());
});

test("a format error names path and line, or the path alone", () => {
  const withLine = new FormatError("dir/a.tsv", 12, "value is x, expected a number");
  assert.equal(withLine.message, "dir/a.tsv:12: value is x, expected a number");
  assert.deepEqual([withLine.path, withLine.line], ["dir/a.tsv", 12]);
  assert.equal(new FormatError("a.bin", null, "has 13 bytes").message, "a.bin: has 13 bytes");
});

test("a worker error names the worker, also worker 0", () => {
  assert.equal(new WorkerError(0, "stopped answering").message, "worker 0: stopped answering");
});

test("an unexpected member of a closed set is our bug", () => {
  assert.throws(() => assertNever("tcsc" as never, "format"), new InvariantError("unexpected format: tcsc"));
});

test("an MPI error names rank and call, or the call alone", () => {
  const withRank = new MpiError(2, "MPI_Recv", "message truncated");
  assert.equal(withRank.message, "rank 2: MPI_Recv: message truncated");
  assert.deepEqual([withRank.rank, withRank.call], [2, "MPI_Recv"]);
  assert.equal(new MpiError(null, "loading MPI", "not found").message, "loading MPI: not found");
});
