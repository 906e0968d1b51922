// Plan: hashing is undone on every output. In tiles every hashing x method x strategy x number of workers gives, by row and
// neuron, the same bits as no hashing, for one kernel set at a time; and what a run says of it. In the other formats the
// promise is the tolerance of the oracle, since rising indices change the order of sums: formats.test.ts.

import assert from "node:assert/strict";
import { test } from "node:test";
import { KERNEL_IDS } from "../kernels/catalog.ts";
import { HASH_METHODS, HASH_MODES } from "../partition/hashing.ts";
import { activationsOf, assertMatchesOracle, makeEngineCases } from "../testing/engine-cases.ts";
import { openEngine } from "./engine.ts";
import { ROW_MODES, STRATEGIES } from "./options.ts";

const WORKERS = [1, 2, 3];

for (const [c, given] of makeEngineCases().entries()) {
  test(`hashing changes no bit: ${given.name}`, async () => {
    const { outputs } = given.network;
    const kernel = KERNEL_IDS[c % KERNEL_IDS.length];
    const options = { kernel, keepActivations: true, warmUp: false };
    await using plain = await openEngine(given.network, { ...options, workers: 1 });
    const expected = await plain.infer(given.inputs);
    const bits = new Uint32Array(activationsOf(expected).buffer);
    let turn = c;
    for (const hash of HASH_MODES) {
      for (const hashMethod of hash === "none" ? (["deal"] as const) : HASH_METHODS) {
        const workers = WORKERS[turn % WORKERS.length];
        const rows = ROW_MODES[turn++ % ROW_MODES.length];
        await using engine = await openEngine(given.network, { ...options, workers, rows, hash, hashMethod });
        for (const strategy of STRATEGIES) {
          const result = await engine.infer(given.inputs, { strategy });
          const what = `${hash}, ${hashMethod}, ${strategy}, ${rows}, ${workers} workers, ${kernel}`;
          assertMatchesOracle(given, result, what);
          assert.deepEqual(result.categories, expected.categories, what);
          const found = new Uint32Array(activationsOf(result).buffer);
          const at = found.findIndex((some, p) => some !== bits[p]);
          assert.equal(at, -1, `${what}: row ${Math.floor(at / outputs)}, neuron ${at % outputs}`);
        }
      }
    }
  });
}
