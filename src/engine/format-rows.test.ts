// Plan: row modes in formats, for every format of activations, under every strategy, with 1 to 3 workers and both kinds of
// kernels: the bits of every activation are those of `all`; `all` computes every row, `nonzero` at most as much and less where
// dense activations have rows of zeros, `distinct` less than `nonzero`; live rows, where they were counted, are those of the
// oracle. Batches of equal rows, of rows of zeros, with one row alive, of one row. Not covered here: the bits themselves
// (formats.test.ts).

import assert from "node:assert/strict";
import { test } from "node:test";
import { FACTOR_FORMATS, type FactorFormat, isByRows, isDense } from "../kernels/format-pairs.ts";
import type { CsrMatrix } from "../sparse/matrix.ts";
import { sliceCsrRows } from "../sparse/convert.ts";
import {
  activationsOf,
  assertMatchesOracle,
  CASE_ROWS,
  makeChallengeCase,
  makeEngineCases,
} from "../testing/engine-cases.ts";
import { openEngine } from "./engine.ts";
import { ROW_MODES, type RowMode, STRATEGIES, type WeightFormat } from "./options.ts";
import type { InferenceResult } from "./result.ts";

const WORKERS = [1, 2, 3];
const CASES = [makeChallengeCase(24), ...makeEngineCases()];

const weightsFor = (format: FactorFormat): WeightFormat => (isByRows(format) ? "csr" : "csc");

for (const [f, activationFormat] of FACTOR_FORMATS.entries()) {
  test(`${activationFormat}: row modes give the same bits, and compute less`, async () => {
    for (const [c, given] of CASES.entries()) {
      const kernel = (f + c) % 4 === 0 ? "js" : "auto";
      const workers = WORKERS[(f + c) % WORKERS.length];
      const fixed = { kernel, workers, activationFormat, weightFormat: weightsFor(activationFormat) } as const;
      const figures = new Map<RowMode, InferenceResult["figures"]>();
      let expected: Uint32Array | null = null;
      for (const rows of ROW_MODES) {
        const options = { ...fixed, rows, keepActivations: true, warmUp: false };
        await using engine = await openEngine(given.network, options);
        // The large case under every strategy, the others under one by turns.
        for (const strategy of c === 0 ? STRATEGIES : [STRATEGIES[(f + c) % STRATEGIES.length]]) {
          const what = `${given.name}, ${strategy}, ${rows}, ${workers} workers, ${kernel}`;
          const result = await engine.infer(given.inputs, { strategy });
          assertMatchesOracle(given, result, what);
          const bits = new Uint32Array(activationsOf(result).buffer);
          expected ??= bits;
          assert.equal(
            bits.findIndex((some, place) => some !== expected?.[place]),
            -1,
            what,
          );
          checkFigures(
            given.network.layers.map(({ weights }) => weights.ncols),
            given.oracle,
            result,
            what,
          );
          figures.set(rows, result.figures);
        }
      }
      const edges = (rows: RowMode): number => figures.get(rows)?.computedEdges ?? Number.NaN;
      const rowsOf = (rows: RowMode): number =>
        figures.get(rows)?.computedRows.reduce((a, b) => a + b, 0) ?? Number.NaN;
      assert.ok(edges("nonzero") <= edges("all"), given.name);
      assert.ok(edges("distinct") <= edges("nonzero"), given.name);
      assert.equal(rowsOf("all"), CASE_ROWS * given.network.layers.length, given.name);
      if (c > 0) continue;
      assert.ok(edges("distinct") < edges("nonzero"), `${edges("distinct")} < ${edges("nonzero")}`);
      assert.ok(rowsOf("distinct") < rowsOf("nonzero"));
      if (isDense(activationFormat)) assert.ok(edges("nonzero") < edges("all") / 2);
    }
  });
}

function checkFigures(
  widths: readonly number[],
  oracle: readonly Float64Array[],
  { figures }: InferenceResult,
  what: string,
): void {
  const { computedRows, liveRows } = figures;
  for (const [l, live] of liveRows.entries()) {
    if (l > 0) assert.ok(computedRows[l] <= computedRows[l - 1], `${what}: rows of layer ${l + 1}`);
    if (live === null) continue;
    const count = countLive(oracle[l], widths[l]);
    assert.equal(live, count, `${what}: live rows after layer ${l + 1}`);
  }
  assert.notEqual(liveRows.at(-1), null, what);
}

function countLive(rows: Float64Array, ncols: number): number {
  let live = 0;
  for (let at = 0; at < rows.length; at += ncols) {
    if (rows.subarray(at, at + ncols).some((value) => value !== 0)) live++;
  }
  return live;
}

/** Rows of the inputs by their numbers, in the order given. */
function pickRows(inputs: CsrMatrix, rows: readonly number[]): CsrMatrix {
  const picked = rows.map((row) => sliceCsrRows(inputs, row, row + 1));
  const rowPtr = new Uint32Array(rows.length + 1);
  picked.forEach(({ colIdx }, k) => {
    rowPtr[k + 1] = rowPtr[k] + colIdx.length;
  });
  const colIdx = inputs.colIdx.slice(0, rowPtr[rows.length]);
  const values = new Float32Array(rowPtr[rows.length]);
  picked.forEach((row, k) => {
    colIdx.set(row.colIdx, rowPtr[k]);
    values.set(row.values, rowPtr[k]);
  });
  return { ...inputs, nrows: rows.length, rowPtr, colIdx, values };
}

test("batches of equal rows, of rows of zeros, with one row alive, of one row", async () => {
  const [given] = CASES;
  const { inputs, network } = given;
  const ncols = network.outputs;
  const answer = given.oracle[given.oracle.length - 1];
  const isAlive = (row: number): boolean =>
    answer.subarray(row * ncols, (row + 1) * ncols).some((value) => value !== 0);
  const live = Array.from({ length: CASE_ROWS }, (_, row) => row).find(isAlive);
  const empty = Array.from({ length: CASE_ROWS }, (_, row) => row).find(
    (row) => inputs.rowPtr[row] === inputs.rowPtr[row + 1],
  );
  assert.ok(live !== undefined && empty !== undefined);
  const sets: Record<string, number[]> = {
    equal: Array.from({ length: 40 }, () => live),
    zeros: Array.from({ length: 40 }, () => empty),
    "one alive": Array.from({ length: 40 }, (_, k) => (k === 23 ? live : empty)),
    one: [live],
  };
  for (const activationFormat of FACTOR_FORMATS) {
    const weightFormat = weightsFor(activationFormat);
    for (const kernel of ["auto", "js"] as const) {
      await using engine = await openEngine(network, {
        activationFormat,
        weightFormat,
        kernel,
        rows: "distinct",
        workers: 2,
        keepActivations: true,
        warmUp: false,
      });
      for (const [name, rows] of Object.entries(sets)) {
        for (const strategy of ["data", "model", "data-then-model"] as const) {
          const what = `${activationFormat}, ${kernel}, ${strategy}, ${name}`;
          const { categories, figures } = await engine.infer(pickRows(inputs, rows), { strategy });
          assert.deepEqual(
            [...categories],
            rows.flatMap((row, k) => (isAlive(row) ? [k] : [])),
            what,
          );
          if (name === "zeros") assert.equal(figures.computedEdges, 0, what);
          else assert.ok(figures.computedRows[0] <= 2, `${what}: ${figures.computedRows[0]} rows`);
        }
      }
    }
  }
});
