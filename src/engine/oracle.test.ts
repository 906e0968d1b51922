// Plan: whole inferences against the float64 oracle: every case (engine-cases.ts: widths, weight formats, bias rules,
// activations, rows of zeros that must and must not be dropped) x every other pair of strategy and row mode, workers and
// kernel sets by turns, x row counts at every edge of the tiles. One engine takes all row counts, up and down, so that a
// run must not see what the one before left in memory.
// The whole product of settings is run on fewer cases in settings.test.ts.

import assert from "node:assert/strict";
import { test } from "node:test";
import { KERNEL_IDS } from "../kernels/catalog.ts";
import { assertMatchesOracle, makeEngineCases, ROW_COUNTS, takeInputs } from "../testing/engine-cases.ts";
import { countOpenThreads } from "../threads/team.ts";
import { openEngine } from "./engine.ts";
import { ROW_MODES, STRATEGIES } from "./options.ts";

const WORKERS = [1, 2, 3];
const CASES = makeEngineCases();

CASES.forEach((given, c) => {
  test(`oracle: ${given.name}`, async () => {
    for (const [s, strategy] of STRATEGIES.entries()) {
      for (const [r, rows] of ROW_MODES.entries()) {
        if ((c + s + r) % 2 === 1) continue;
        const workers = WORKERS[(c + s + r) % WORKERS.length];
        const kernel = KERNEL_IDS[(c + 2 * s + r) % KERNEL_IDS.length];
        const settings = { strategy, rows, workers, kernel, keepActivations: true, warmUp: false };
        await using engine = await openEngine(given.network, settings);
        for (const nrows of [...ROW_COUNTS, 17, 3, 0]) {
          const result = await engine.infer(takeInputs(given, nrows));
          const what = `${strategy}, ${rows}, ${workers} workers, ${kernel}, ${nrows} rows`;
          assert.equal(result.nrows, nrows);
          assert.equal(result.outputs, given.network.outputs);
          assertMatchesOracle(given, result, what);
        }
      }
    }
    assert.equal(countOpenThreads(), 0);
  });
});

test("categories are the same without keeping activations", async () => {
  for (const given of CASES.slice(-5)) {
    for (const rows of ROW_MODES) {
      await using engine = await openEngine(given.network, { rows, workers: 2, kernel: "js" });
      const result = await engine.infer(given.inputs);
      assertMatchesOracle(given, result, `${given.name}, ${rows}`);
      assert.throws(() => result.activations(0), { code: "usage" });
    }
  }
});

test("rows out of range have no activations", async () => {
  await using engine = await openEngine(CASES[0].network, { kernel: "js", workers: 1, keepActivations: true });
  const result = await engine.infer(takeInputs(CASES[0], 3));
  for (const row of [-1, 3, 0.5, Number.NaN]) assert.throws(() => result.activations(row), RangeError);
});
