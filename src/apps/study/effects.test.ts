// Plan: what hashing is for, on counts alone, so that it holds on any machine: static pieces of unfairly ordered work
// are uneven without hashing and even with it, for 2 and for 8 workers; and the stride permutation's limits, which
// `deal` does not have. Inputs sorted by nonzeros for data parallelism, columns in order of length for model parallelism.

import assert from "node:assert/strict";
import { test } from "node:test";
import { radixNetLayers } from "../../data/generate/radix-net.ts";
import { randomInputs } from "../../data/generate/random-inputs.ts";
import { randomLayers } from "../../data/generate/random-layers.ts";
import { openEngine } from "../../engine/engine.ts";
import type { EngineOptions } from "../../engine/options.ts";
import { makeNetwork, type Network } from "../../network/network.ts";
import { spreadOf } from "../../report/study/spread.ts";
import type { CsrMatrix } from "../../sparse/matrix.ts";
import { sortByNonzeros } from "./sort-rows.ts";

const UNFAIR = 1.3;
const BALANCED = 1.05;

async function imbalance(network: Network, inputs: CsrMatrix, options: EngineOptions): Promise<number> {
  await using engine = await openEngine(network, { rows: "nonzero", warmUp: false, ...options });
  const { figures } = await engine.infer(inputs);
  return spreadOf(figures.workers.map(({ edges }) => edges)).maxOverMean;
}

const sorted = {
  network: makeNetwork([...radixNetLayers({ neurons: 1024, layers: 30, seed: 1, permute: true })]),
  inputs: sortByNonzeros(randomInputs({ rows: 4000, features: 1024, density: 0.2, seed: 1 })),
};
const powerLaw = {
  network: makeNetwork([
    ...randomLayers({
      inputs: 1024,
      neurons: 1024,
      layers: 10,
      nnzPerColumn: 32,
      weights: "general",
      columnLengths: "power-law",
      sorted: true,
      biasRule: "stored",
      activation: { kind: "clipped-relu", low: 0, high: 32 },
      seed: 1,
    }),
  ]),
  inputs: randomInputs({ rows: 512, features: 1024, density: 0.1, seed: 1 }),
};

const CASES = [
  { name: "inputs sorted by nonzeros, data parallelism", ...sorted, strategy: "data", hash: "input" },
  { name: "columns in order of length, model parallelism", ...powerLaw, strategy: "model", hash: "layer" },
] as const;

for (const { name, network, inputs, strategy, hash } of CASES) {
  for (const workers of [2, 8]) {
    test(`${name}, ${workers} workers`, async () => {
      const without = await imbalance(network, inputs, { strategy, workers, hash: "none" });
      const dealt = await imbalance(network, inputs, { strategy, workers, hash, hashMethod: "deal" });
      assert.ok(without > UNFAIR, `${without} without hashing`);
      assert.ok(dealt < BALANCED, `${dealt} with ${hash} hashing`);
    });
  }
}

test("a stride of as many parts as there are columns moves nothing", async () => {
  const { network, inputs } = powerLaw;
  const options = { strategy: "model", workers: 8 } as const;
  const without = await imbalance(network, inputs, { ...options, hash: "none" });
  const strided = await imbalance(network, inputs, { ...options, hash: "layer", hashMethod: "stride" });
  assert.equal(strided, without);
});

test("a stride balances what is spread over many of its parts", async () => {
  const { network, inputs } = sorted;
  const strided = await imbalance(network, inputs, {
    strategy: "data",
    workers: 2,
    hash: "input",
    hashMethod: "stride",
  });
  const without = await imbalance(network, inputs, { strategy: "data", workers: 2, hash: "none" });
  assert.ok(strided < 1.1 && without > UNFAIR, `${strided} with, ${without} without`);
});
