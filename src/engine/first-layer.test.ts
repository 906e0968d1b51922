// Plan: a first layer whose sparse rows are pushed (worker/first-layer.ts) gives the bits of one that is pulled, with every
// strategy and kernel set, at row counts around the tiles' widths; what is counted shows which of the two was done; dense rows,
// hashed features and `all` are pulled.

import assert from "node:assert/strict";
import { test } from "node:test";
import { randomInputs } from "../data/generate/random-inputs.ts";
import { randomLayers } from "../data/generate/random-layers.ts";
import { KERNEL_IDS } from "../kernels/catalog.ts";
import { makeNetwork } from "../network/network.ts";
import { sliceCsrRows } from "../sparse/convert.ts";
import type { CsrMatrix } from "../sparse/matrix.ts";
import { activationsOf } from "../testing/engine-cases.ts";
import { openEngine } from "./engine.ts";
import { type EngineOptions, STRATEGIES } from "./options.ts";

const FEATURES = 3000;
const layers = [
  [FEATURES, 70, 1000],
  [70, 40, 20],
].flatMap(([inputs, neurons, nnzPerColumn], seed) =>
  Array.from(
    randomLayers({
      inputs,
      neurons,
      layers: 1,
      nnzPerColumn,
      weights: "general",
      columnLengths: "uniform",
      biasRule: "all",
      activation: { kind: "relu" },
      seed,
    }),
  ),
);
const network = makeNetwork(layers);
const firstLayer = network.layers[0].weights;
const sparse = randomInputs({ rows: 70, features: FEATURES, density: 0.01, seed: 1 });
const dense = randomInputs({ rows: 20, features: FEATURES, density: 0.9, seed: 2 });

/** Products of the rows' entries and the weights that read them. */
function productsOf({ colIdx }: CsrMatrix): number {
  const readers = new Uint32Array(FEATURES);
  for (const k of firstLayer.rowIdx) readers[k]++;
  return Array.from(colIdx, (k) => readers[k]).reduce((sum, count) => sum + count, 0);
}

async function run(inputs: CsrMatrix, options: EngineOptions): Promise<{ bits: Uint32Array; first: number }> {
  await using engine = await openEngine(network, { workers: 2, keepActivations: true, warmUp: false, ...options });
  const result = await engine.infer(inputs);
  const activations = Float32Array.from(activationsOf(result));
  const first = result.figures.workers.reduce((sum, worker) => sum + worker.edgesByLayer[0], 0);
  return { bits: new Uint32Array(activations.buffer), first };
}

for (const kernel of KERNEL_IDS) {
  test(`${kernel}: pushed or pulled, the same bits`, async () => {
    for (const rows of [1, 3, 4, 5, 15, 16, 17, 31, 32, 33, 70]) {
      const inputs = sliceCsrRows(sparse, 0, rows);
      const pulled = await run(inputs, { kernel, rows: "all" });
      const pushed = await run(inputs, { kernel, rows: "nonzero", strategy: "data" });
      assert.deepEqual(pushed.bits, pulled.bits, `${rows} rows`);
      assert.equal(pushed.first, productsOf(inputs), `${rows} rows: pushed`);
      assert.equal(pulled.first, rows * firstLayer.rowIdx.length, `${rows} rows: pulled`);
    }
  });
}

test("every strategy: the same bits", async () => {
  const { bits } = await run(sparse, { rows: "all" });
  for (const strategy of STRATEGIES) {
    for (const rows of ["nonzero", "distinct"] as const) {
      assert.deepEqual((await run(sparse, { strategy, rows })).bits, bits, `${strategy}, ${rows}`);
    }
  }
});

test("dense rows and hashed features are pulled", async () => {
  const options = { rows: "nonzero", strategy: "data" } as const;
  assert.equal((await run(dense, options)).first, dense.nrows * firstLayer.rowIdx.length);
  assert.equal((await run(sparse, { ...options, hash: "both" })).first, sparse.nrows * firstLayer.rowIdx.length);
});
