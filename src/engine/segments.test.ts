// Runs cut into segments of layers. Covered: every strategy and rows mode, cut after every layer and after some, give the
// bits of a run in one segment; rows dealt anew between segments, with equal ones among them.
// A pool that holds few rows is in memory.test.ts.

import assert from "node:assert/strict";
import { test } from "node:test";
import { makeChallengeCase, takeInputs } from "../testing/engine-cases.ts";
import { openEngine } from "./engine.ts";
import { type EngineOptions, ROW_MODES, STRATEGIES } from "./options.ts";
import type { InferenceResult } from "./result.ts";
import { cutEvery } from "../testing/cut-every.ts";

const LAYERS = 12;
const CASE = makeChallengeCase(LAYERS);
const INPUTS = takeInputs(CASE, 300);
const BASE: EngineOptions = { kernel: "wasm-simd", warmUp: false, keepActivations: true };

function assertSame(actual: InferenceResult, expected: InferenceResult, what: string): void {
  assert.deepEqual(actual.categories, expected.categories, what);
  for (let row = 0; row < expected.nrows; row++) {
    assert.deepEqual(actual.activations(row), expected.activations(row), `${what}: row ${row}`);
  }
}

test("segments of one layer, and of five: the bits of a run in one", async () => {
  await using whole = await openEngine(CASE.network, { ...BASE, workers: 1, rows: "all" });
  const expected = await whole.infer(INPUTS);
  assert.ok(expected.categories.length > 0 && expected.categories.length < INPUTS.nrows);
  for (const strategy of STRATEGIES) {
    for (const rows of ROW_MODES) {
      const workers = 1 + ((STRATEGIES.indexOf(strategy) + ROW_MODES.indexOf(rows)) % 3);
      await using engine = await openEngine(CASE.network, { ...BASE, workers, rows, strategy });
      for (const length of [1, 5]) {
        const driver = cutEvery(LAYERS, length);
        const result = await engine.infer(INPUTS, { driver });
        assertSame(result, expected, `${strategy}, ${rows}, ${workers} workers, segments of ${length}`);
        assert.equal(driver.passes(), 1);
        assert.equal(driver.cuts[0], length);
        if (rows === "all") assert.equal(result.figures.computedEdges, result.figures.nominalEdges);
      }
    }
  }
});
