// Plan: every pair of formats in whole inferences, against the oracle, under every strategy, with hashings, workers, row
// counts and kernel sets by turns; for one hashing of neurons all pairs, strategies and workers give the same bits. What
// makes no sense is refused with the reason before anything is loaded. Kernels alone: kernels/format-kernels.test.ts.

import assert from "node:assert/strict";
import { test } from "node:test";
import { UsageError } from "../core/errors.ts";
import { KERNEL_IDS } from "../kernels/catalog.ts";
import { FACTOR_FORMATS, FORMAT_PAIRS } from "../kernels/format-pairs.ts";
import { HASH_METHODS, HASH_MODES, hashesNeurons } from "../partition/hashing.ts";
import { activationsOf, assertMatchesOracle, CASE_ROWS, makeEngineCases, takeInputs } from "../testing/engine-cases.ts";
import { openEngine } from "./engine.ts";
import { ROW_MODES, STRATEGIES } from "./options.ts";

const WORKERS = [1, 2, 3];
const CASES = makeEngineCases();
/** Bits of a case without hashing of neurons: the same for all pairs, strategies and workers. */
const bitsOfCase = new Map<string, Uint32Array>();

for (const [p, [activationFormat, weightFormat]] of FORMAT_PAIRS.entries()) {
  test(`${activationFormat} x ${weightFormat}: whole inferences`, async () => {
    for (let k = 0; k < 4; k++) {
      const turn = 5 * p + k;
      const given = CASES[turn % CASES.length];
      const hash = HASH_MODES[k];
      const hashMethod = HASH_METHODS[turn % HASH_METHODS.length];
      const workers = WORKERS[turn % WORKERS.length];
      const kernel = KERNEL_IDS[turn % KERNEL_IDS.length];
      const rows = ROW_MODES[(turn + k) % ROW_MODES.length];
      const options = { hash, hashMethod, workers, kernel, rows, activationFormat, weightFormat };
      await using engine = await openEngine(given.network, { ...options, keepActivations: true, warmUp: false });
      for (const [s, strategy] of STRATEGIES.entries()) {
        const nrows = [CASE_ROWS, 0, 1, 17][(turn + s) % 4];
        const result = await engine.infer(takeInputs(given, nrows), { strategy });
        const what = `${given.name}, ${strategy}, hash ${hash}, ${rows}, ${workers} workers, ${kernel}, ${nrows} rows`;
        assertMatchesOracle(given, result, what);
        if (hashesNeurons(hash) || nrows < CASE_ROWS) continue;
        const bits = new Uint32Array(activationsOf(result).buffer);
        const name = `${given.name}, ${kernel === "js" ? "js" : "wasm"}`;
        const expected = bitsOfCase.get(name) ?? bits;
        bitsOfCase.set(name, expected);
        const at = bits.findIndex((some, place) => some !== expected[place]);
        assert.equal(at, -1, `${what}: place ${at} of ${bits.length}`);
      }
    }
  });
}

test("pairs that make no sense are refused with the reason", async () => {
  const { network } = CASES[0];
  const listed = new Set(FORMAT_PAIRS.map(([activations, weights]) => `${activations} ${weights}`));
  let refused = 0;
  for (const activationFormat of FACTOR_FORMATS) {
    for (const weightFormat of FACTOR_FORMATS) {
      if (listed.has(`${activationFormat} ${weightFormat}`)) continue;
      refused++;
      await assert.rejects(openEngine(network, { activationFormat, weightFormat }), (error) => {
        return error instanceof UsageError && /use .* x /.test(error.message);
      });
    }
  }
  assert.equal(refused, FACTOR_FORMATS.length ** 2 - FORMAT_PAIRS.length);
  await assert.rejects(openEngine(network, { weightFormat: "csr" }), /csc with activations in tiles/);
});
