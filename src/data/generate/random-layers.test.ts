// Plan: every combination of weights, lengths, bias and activation is a well-formed network with the asked density;
// seeds repeat; earlier layers do not depend on later ones; activations stay alive over 30 layers; refused options.

import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { UsageError } from "../../core/errors.ts";
import { type Activation, BIAS_RULES } from "../../network/layer-rule.ts";
import { edgeCount, makeNetwork } from "../../network/network.ts";
import { inferOracle } from "../../network/oracle.ts";
import { copyDenseRows } from "../../sparse/convert.ts";
import { randomInputs } from "./random-inputs.ts";
import { FEW_LEVELS, RANDOM_BIASES, RANDOM_WEIGHTS, randomLayers, type RandomLayersOptions } from "./random-layers.ts";
import { LENGTH_SHAPES } from "./random-lengths.ts";

const ACTIVATIONS: Activation[] = [
  { kind: "clipped-relu", low: 0, high: 32 },
  { kind: "leaky-relu", slope: 0.1 },
  { kind: "relu" },
  { kind: "sigmoid" },
  { kind: "tanh" },
  { kind: "identity" },
  { kind: "softmax" },
];

const BASE: RandomLayersOptions = {
  inputs: 40,
  neurons: 30,
  layers: 4,
  density: 0.2,
  weights: "general",
  columnLengths: "equal",
  biasRule: "all",
  activation: { kind: "relu" },
  seed: 1,
};

const anyOptions: fc.Arbitrary<RandomLayersOptions> = fc.record({
  inputs: fc.integer({ min: 1, max: 60 }),
  neurons: fc.integer({ min: 1, max: 60 }),
  layers: fc.integer({ min: 1, max: 5 }),
  density: fc.constantFrom(0, 0.01, 0.2, 0.77, 1),
  weights: fc.constantFrom(...RANDOM_WEIGHTS),
  columnLengths: fc.constantFrom(...LENGTH_SHAPES),
  sorted: fc.boolean(),
  biasRule: fc.constantFrom(...BIAS_RULES),
  bias: fc.constantFrom(...RANDOM_BIASES),
  activation: fc.constantFrom(...ACTIVATIONS),
  seed: fc.nat(2 ** 32 - 1),
});

test("every combination is a well-formed network, the same for the same seed", () => {
  fc.assert(
    fc.property(anyOptions, (options) => {
      const layers = [...randomLayers(options)];
      const network = makeNetwork(layers);
      assert.deepEqual([network.inputs, network.outputs], [options.inputs, options.neurons]);
      assert.deepEqual(layers, [...randomLayers(options)]);
      for (const { weights, bias } of layers) {
        if (options.density === 1) assert.equal(weights.rowIdx.length, weights.nrows * weights.ncols);
        if (options.weights === "equal") assert.equal(weights.values.length, 1);
        if (options.weights === "few") assert.ok(new Set(weights.values).size <= FEW_LEVELS.length);
        assert.equal(bias.length, options.bias === "per-neuron" ? options.neurons : 1);
      }
    }),
    { seed: 29, numRuns: 300 },
  );
});

test("the first layers do not depend on how many follow", () => {
  const layers = [...randomLayers(BASE)];
  assert.deepEqual([...randomLayers({ ...BASE, layers: 7 })].slice(0, 4), layers);
  assert.notDeepEqual([...randomLayers({ ...BASE, seed: 2 })], layers);
});

function edgesOf(options: Partial<RandomLayersOptions>): number {
  return edgeCount(makeNetwork([...randomLayers({ ...BASE, ...options })]));
}

test("density and nnzPerColumn give the number of weights", () => {
  assert.equal(edgesOf({}), 30 * 8 + 3 * 30 * 6);
  assert.equal(edgesOf({ density: undefined, nnzPerColumn: 5 }), 4 * 30 * 5);
  assert.equal(edgesOf({ density: undefined, nnzPerColumn: 2.5, columnLengths: "power-law" }), 4 * 75);
});

test("softmax is on the last layer only", () => {
  const layers = [...randomLayers({ ...BASE, activation: { kind: "softmax" } })];
  assert.deepEqual(
    layers.map((layer) => layer.rule.activation.kind),
    ["relu", "relu", "relu", "softmax"],
  );
});

test("sorted columns come longest first and make a plain split uneven", () => {
  const options = {
    ...BASE,
    inputs: 1000,
    neurons: 1000,
    layers: 1,
    columnLengths: "power-law",
    sorted: true,
  } as const;
  const [{ weights }] = randomLayers({ ...options, density: 0.02 });
  const lengths = weights.colPtr.subarray(1).map((end, j) => end - weights.colPtr[j]);
  assert.ok(lengths.every((length, j) => j === 0 || length <= lengths[j - 1]));
  assert.ok(weights.colPtr[500] > 0.85 * weights.rowIdx.length);
});

test("few levels have mean 0 and variance 1", () => {
  const mean = FEW_LEVELS.reduce((total, v) => total + v, 0) / FEW_LEVELS.length;
  const variance = FEW_LEVELS.reduce((total, v) => total + v * v, 0) / FEW_LEVELS.length;
  assert.ok(Math.abs(mean) < 1e-12 && Math.abs(variance - 1) < 1e-3, `mean ${mean}, variance ${variance}`);
});

for (const weights of RANDOM_WEIGHTS) {
  for (const columnLengths of LENGTH_SHAPES) {
    for (const activation of ACTIVATIONS.filter(({ kind }) => kind !== "softmax")) {
      test(`activations live over 30 layers: ${weights}, ${columnLengths}, ${activation.kind}`, () => {
        const options = { ...BASE, inputs: 200, neurons: 200, layers: 30, density: 0.1, seed: 4 };
        const network = makeNetwork([...randomLayers({ ...options, weights, columnLengths, activation })]);
        const inputs = copyDenseRows(randomInputs({ rows: 6, features: 200, density: 0.2, seed: 5 }), 0, 6);
        const outputs = inferOracle(network, inputs, 6);
        const size = Math.sqrt(outputs.reduce((total, v) => total + v * v, 0) / outputs.length);
        assert.ok(size > 0.01 && size < 100, `root mean square of the outputs is ${size}`);
      });
    }
  }
}

const REFUSED: Partial<RandomLayersOptions>[] = [
  { inputs: 0 },
  { neurons: 1.5 },
  { layers: 0 },
  { seed: -1 },
  { density: -0.1 },
  { density: 1.1 },
  { density: Number.NaN },
  { density: undefined },
  { nnzPerColumn: 3 },
  { density: undefined, nnzPerColumn: 31 },
  { density: undefined, nnzPerColumn: Number.NaN },
  { inputs: 2 ** 20, neurons: 2 ** 20, density: 0.5 },
];
for (const options of REFUSED) {
  test(`refused at the call: ${JSON.stringify(options, (_, v) => v ?? "none")}`, () => {
    assert.throws(() => randomLayers({ ...BASE, ...options }), UsageError);
  });
}
