// Helping under data-then-model: inputs of which one worker has all the work, so that the others join it. Covered: that
// helpers take part, and that bits stay the same for every activation that follows in a second pass. Speed is not.

import assert from "node:assert/strict";
import { test } from "node:test";
import { makeRandom } from "../core/random.ts";
import type { Activation } from "../network/layer-rule.ts";
import { makeNetwork, type Network } from "../network/network.ts";
import { triplesToCsc } from "../sparse/convert.ts";
import { type CsrMatrix, makeIndexArray } from "../sparse/matrix.ts";
import { openEngine } from "./engine.ts";
import { PICK_ORDERS, STRATEGIES } from "./options.ts";

const NEURONS = 512;
const LAYERS = 12;
const ROWS = 6000;
/** Helping depends on when a worker is done: on a busy machine one run may see none. */
const MAX_ATTEMPTS = 30;
const ACTIVATIONS: readonly Activation[] = [
  { kind: "relu" },
  { kind: "leaky-relu", slope: 0.25 },
  { kind: "tanh" },
  { kind: "softmax" },
];

function makeCase(last: Activation): Network {
  const random = makeRandom(5);
  return makeNetwork(
    Array.from({ length: LAYERS }, (_, l) => {
      const nnz = NEURONS * 16;
      const rows = Uint16Array.from({ length: nnz }, () => random.below(NEURONS));
      const cols = Uint16Array.from({ length: nnz }, (_v, p) => p >> 4);
      const values = Float32Array.from({ length: nnz }, () => (random.below(9) - 3) / 16);
      const weights = triplesToCsc({ nrows: NEURONS, ncols: NEURONS, rows, cols, values });
      const activation: Activation = l === LAYERS - 1 ? last : { kind: "clipped-relu", low: 0, high: 4 };
      return { weights, bias: new Float32Array([0]), rule: { activation, biasRule: "stored" as const } };
    }),
  );
}

/** The first half of the rows is empty: the worker that has them is done at once. */
function makeUnevenInputs(): CsrMatrix {
  const random = makeRandom(6);
  const perRow = 32;
  const rowPtr = Uint32Array.from({ length: ROWS + 1 }, (_, row) => Math.max(0, row - ROWS / 2) * perRow);
  const colIdx = makeIndexArray(rowPtr[ROWS], NEURONS);
  for (let p = 0; p < colIdx.length; p++)
    colIdx[p] = (p % perRow) * (NEURONS / perRow) + random.below(NEURONS / perRow);
  return { format: "csr", nrows: ROWS, ncols: NEURONS, rowPtr, colIdx, values: new Float32Array([1]) };
}

const INPUTS = makeUnevenInputs();

for (const activation of ACTIVATIONS) {
  test(`${activation.kind}: helpers take part and change no bit`, async () => {
    const network = makeCase(activation);
    await using alone = await openEngine(network, {
      workers: 1,
      rows: "nonzero",
      strategy: "data",
      keepActivations: true,
    });
    const expected = await alone.infer(INPUTS);
    for (const workers of [2, 3]) {
      const settings = { workers, rows: "nonzero", strategy: "data-then-model", keepActivations: true } as const;
      await using engine = await openEngine(network, settings);
      let helped = false;
      for (let attempt = 0; attempt < MAX_ATTEMPTS && !(helped && attempt >= PICK_ORDERS.length); attempt++) {
        const pickOrder = PICK_ORDERS[attempt % PICK_ORDERS.length];
        const result = await engine.infer(INPUTS, { pickOrder });
        const what = `${pickOrder}, ${workers} workers`;
        assert.deepEqual(result.categories, expected.categories, what);
        for (let row = 0; row < ROWS; row += 7) {
          assert.deepEqual(result.activations(row), expected.activations(row), `${what}: row ${row}`);
        }
        helped ||= (result.figures.workers[0]?.edges ?? 0) > 0;
      }
      assert.ok(helped, `worker 0 of ${workers}, without rows of its own, never helped in ${MAX_ATTEMPTS} runs`);
    }
  });
}

test("softmax of two uneven columns is applied once, whoever computes them", async () => {
  // By weights the first of two workers gets both columns, and the second none.
  const rows = Uint16Array.from({ length: 201 }, (_, p) => (p < 100 ? p : p - 100));
  const cols = Uint16Array.from({ length: 201 }, (_, p) => (p < 100 ? 0 : 1));
  const values = Float32Array.from({ length: 201 }, (_, p) => ((p % 5) - 2) / 8);
  const weights = triplesToCsc({ nrows: NEURONS, ncols: 2, rows, cols, values });
  const last = {
    weights,
    bias: new Float32Array([0.5, -0.25]),
    rule: { activation: { kind: "softmax" }, biasRule: "all" },
  } as const;
  const network = makeNetwork([...makeCase({ kind: "relu" }).layers, last]);
  await using alone = await openEngine(network, { workers: 1, rows: "all", strategy: "data", keepActivations: true });
  const expected = await alone.infer(INPUTS);
  const [a, b] = expected.activations(ROWS - 1);
  assert.ok(Math.abs(a + b - 1) < 1e-6);
  assert.ok(Math.abs(a - b) > 0.01);
  for (const strategy of STRATEGIES) {
    await using engine = await openEngine(network, { workers: 2, rows: "nonzero", strategy, keepActivations: true });
    const result = await engine.infer(INPUTS);
    for (let row = 0; row < ROWS; row += 13) {
      assert.deepEqual(result.activations(row), expected.activations(row), `${strategy}: row ${row}`);
    }
  }
});
