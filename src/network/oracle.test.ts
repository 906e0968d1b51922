// Plan: the oracle itself against values computed by hand, since everything else is compared with the oracle: both bias
// rules (Z zero by cancellation, Z zero for want of weights, b > 0 and b < 0, one bias and one a neuron), every
// activation, values at and around 32, two layers in a row, stored zeros, one value for all weights, no rows.
// All numbers are sums of powers of two, so equality is exact except for sigmoid, tanh and softmax.

import assert from "node:assert/strict";
import { test } from "node:test";
import { triplesToCsc } from "../sparse/convert.ts";
import type { CscMatrix } from "../sparse/matrix.ts";
import { type Activation, activate, type BiasRule, CHALLENGE_RULE } from "./layer-rule.ts";
import { type Layer, makeNetwork } from "./network.ts";
import { inferLayerOracle, inferOracle } from "./oracle.ts";

const IDENTITY: Activation = { kind: "identity" };

function makeCsc(nrows: number, ncols: number, entries: [row: number, col: number, value: number][]): CscMatrix {
  return triplesToCsc({
    nrows,
    ncols,
    rows: Uint16Array.from(entries, ([i]) => i),
    cols: Uint16Array.from(entries, ([, j]) => j),
    values: Float32Array.from(entries, ([, , value]) => value),
  });
}

// W = [ 0.5  2  . ]
//     [-0.5  .  . ]   (2 inputs, 3 neurons; neuron 2 reads nothing)
const WEIGHTS = makeCsc(2, 3, [
  [0, 0, 0.5],
  [1, 0, -0.5],
  [0, 1, 2],
]);

// Z = Y W:   [1 1] -> [0 (by cancellation), 2, 0];   [4 0] -> [2, 8, 0];   [0 2] -> [-1, 0, 0];   [0 0] -> zeros.
const ROWS = Float64Array.of(1, 1, 4, 0, 0, 2, 0, 0);

function infer(activation: Activation, biasRule: BiasRule, bias: number[]): number[] {
  const layer: Layer = { weights: WEIGHTS, bias: Float32Array.from(bias), rule: { activation, biasRule } };
  return [...inferLayerOracle(layer, ROWS, 4)];
}

test("the stored rule adds the bias where Z is not zero, the other everywhere", () => {
  assert.deepEqual(infer(IDENTITY, "stored", [0.25]), [0, 2.25, 0, 2.25, 8.25, 0, -0.75, 0, 0, 0, 0, 0]);
  assert.deepEqual(
    infer(IDENTITY, "all", [0.25]),
    [0.25, 2.25, 0.25, 2.25, 8.25, 0.25, -0.75, 0.25, 0.25, 0.25, 0.25, 0.25],
  );
  assert.deepEqual(infer(IDENTITY, "stored", [-0.25]), [0, 1.75, 0, 1.75, 7.75, 0, -1.25, 0, 0, 0, 0, 0]);
});

test("one bias a neuron", () => {
  assert.deepEqual(infer(IDENTITY, "stored", [1, 2, 4]), [0, 4, 0, 3, 10, 0, 0, 0, 0, 0, 0, 0]);
  assert.deepEqual(infer(IDENTITY, "all", [1, 2, 4]), [1, 4, 4, 3, 10, 4, 0, 2, 4, 1, 2, 4]);
});

test("every activation under both rules, b = -1", () => {
  // Z + b, stored: [0 1 0 | 1 7 0 | -2 0 0 | 0 0 0], all: [-1 1 -1 | 1 7 -1 | -2 -1 -1 | -1 -1 -1].
  const stored = [0, 1, 0, 1, 7, 0, -2, 0, 0, 0, 0, 0];
  const all = [-1, 1, -1, 1, 7, -1, -2, -1, -1, -1, -1, -1];
  const table: [Activation, (z: number) => number][] = [
    [{ kind: "clipped-relu", low: 0, high: 4 }, (z) => ({ "-2": 0, "-1": 0, 0: 0, 1: 1, 7: 4 })[z] ?? Number.NaN],
    [{ kind: "clipped-relu", low: -1, high: 0 }, (z) => ({ "-2": -1, "-1": -1, 0: 0, 1: 0, 7: 0 })[z] ?? Number.NaN],
    [{ kind: "relu" }, (z) => ({ "-2": 0, "-1": 0, 0: 0, 1: 1, 7: 7 })[z] ?? Number.NaN],
    [{ kind: "leaky-relu", slope: 0.5 }, (z) => ({ "-2": -1, "-1": -0.5, 0: 0, 1: 1, 7: 7 })[z] ?? Number.NaN],
    [IDENTITY, (z) => z],
  ];
  for (const [activation, byHand] of table) {
    assert.deepEqual(infer(activation, "stored", [-1]), stored.map(byHand), `${JSON.stringify(activation)}, stored`);
    assert.deepEqual(infer(activation, "all", [-1]), all.map(byHand), `${JSON.stringify(activation)}, all`);
  }
});

function assertClose(found: readonly number[], expected: readonly number[], what: string): void {
  assert.equal(found.length, expected.length, what);
  found.forEach((value, p) => {
    const within = Math.abs(value - expected[p]) <= 1e-14;
    assert.ok(within, `${what}: element ${p} is ${value}, expected ${expected[p]}`);
  });
}

test("sigmoid and tanh, from their values at 0, -1, 1, -2, 7", () => {
  const sigmoid = {
    "-2": 0.11920292202211755,
    "-1": 0.2689414213699951,
    0: 0.5,
    1: 0.7310585786300049,
    7: 0.9990889488055994,
  };
  const tanh = {
    "-2": -0.9640275800758169,
    "-1": -0.7615941559557649,
    0: 0,
    1: 0.7615941559557649,
    7: 0.9999983369439447,
  };
  const all = [-1, 1, -1, 1, 7, -1, -2, -1, -1, -1, -1, -1];
  const stored = [0, 1, 0, 1, 7, 0, -2, 0, 0, 0, 0, 0];
  for (const [kind, values] of [
    ["sigmoid", sigmoid],
    ["tanh", tanh],
  ] as const) {
    const byHand = (z: number): number => (values as Record<number, number>)[z];
    assertClose(infer({ kind }, "all", [-1]), all.map(byHand), `${kind}, all`);
    assertClose(infer({ kind }, "stored", [-1]), stored.map(byHand), `${kind}, stored`);
  }
});

test("softmax is of the whole row, sums to 1 and does not overflow", () => {
  const weights = makeCsc(1, 2, [[0, 1, 1]]);
  const layer: Layer = {
    weights,
    bias: Float32Array.of(0),
    rule: { activation: { kind: "softmax" }, biasRule: "all" },
  };
  // Z of a row [y] is [0, y]; softmax [0, ln 3] = [1/4, 3/4].
  const found = [...inferLayerOracle(layer, Float64Array.of(0, Math.log(3), 1000, -1000), 4)];
  assertClose(found, [0.5, 0.5, 0.25, 0.75, 0, 1, 1, 0], "softmax");
});

test("the challenge's rule around its bounds: 32 is reached and not passed, Z = -b gives zero", () => {
  const weights = makeCsc(1, 1, [[0, 0, 1]]);
  const layer: Layer = { weights, bias: Float32Array.of(-0.5), rule: CHALLENGE_RULE };
  const table: [z: number, y: number][] = [
    [0, 0],
    [0.5, 0],
    [0.25, 0],
    [0.5 + 2 ** -40, 2 ** -40],
    [32, 31.5],
    [32.5 - 2 ** -40, 32 - 2 ** -40],
    [32.5, 32],
    [32.5 + 2 ** -40, 32],
    [1e30, 32],
    [-3, 0],
  ];
  const found = inferLayerOracle(
    layer,
    Float64Array.from(table, ([z]) => z),
    table.length,
  );
  table.forEach(([z, y], i) => assert.equal(found[i], y, `Z = ${z}`));
});

test("a bias of float32 is used as it is stored", () => {
  const layer: Layer = { weights: makeCsc(1, 1, [[0, 0, 1]]), bias: Float32Array.of(-0.3), rule: CHALLENGE_RULE };
  assert.equal(inferLayerOracle(layer, Float64Array.of(1), 1)[0], 1 - 0.30000001192092896);
});

test("a stored weight of zero is no contribution, one value stands for all weights", () => {
  const zero: Layer = {
    weights: makeCsc(2, 1, [
      [0, 0, 0],
      [1, 0, 3],
    ]),
    bias: Float32Array.of(1),
    rule: { activation: IDENTITY, biasRule: "stored" },
  };
  assert.deepEqual([...inferLayerOracle(zero, Float64Array.of(5, 0, 5, 1), 2)], [0, 4]);
  const uniform: Layer = { ...zero, weights: { ...zero.weights, values: Float32Array.of(0.5) } };
  assert.deepEqual([...inferLayerOracle(uniform, Float64Array.of(5, 0, 5, 1), 2)], [3.5, 4]);
});

test("two layers in a row, the second reads what the first clipped", () => {
  const first: Layer = { weights: WEIGHTS, bias: Float32Array.of(-0.5), rule: CHALLENGE_RULE };
  const second: Layer = {
    weights: makeCsc(3, 2, [
      [0, 0, 2],
      [1, 0, 1],
      [1, 1, -1],
      [2, 1, 8],
    ]),
    bias: Float32Array.of(0.5, -0.5),
    rule: { activation: IDENTITY, biasRule: "all" },
  };
  // After the first: [0 1.5 0], [1.5 7.5 0], [0 0 0], [0 0 0].
  const network = makeNetwork([first, second]);
  assert.deepEqual([...inferOracle(network, ROWS, 4)], [2, -2, 11, -8, 0.5, -0.5, 0.5, -0.5]);
  assert.deepEqual([...inferOracle(network, new Float64Array(0), 0)], []);
});

test("the oracle's activations and the layer rule's are written twice and agree", () => {
  const activations: Activation[] = [
    { kind: "clipped-relu", low: -2, high: 3 },
    { kind: "relu" },
    { kind: "leaky-relu", slope: 0.125 },
    { kind: "leaky-relu", slope: 2 },
    { kind: "sigmoid" },
    { kind: "tanh" },
    IDENTITY,
  ];
  const weights = makeCsc(1, 1, [[0, 0, 1]]);
  for (const activation of activations) {
    const layer: Layer = { weights, bias: Float32Array.of(0), rule: { activation, biasRule: "all" } };
    const rows = Float64Array.of(-700, -3, -2, -1, -1e-9, 0, 1e-9, 1, 2, 3, 3.5, 700);
    const found = [...inferLayerOracle(layer, rows, rows.length)];
    assertClose(
      found,
      Array.from(rows, (z) => activate(activation, z)),
      JSON.stringify(activation),
    );
  }
});
