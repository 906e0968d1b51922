// Plan: networks that fit are accepted and counted; each way in which layers do not fit has its own error; cutting
// layers off; and for which layers a row of zeros stays one, compared with the oracle on a row of zeros.

import assert from "node:assert/strict";
import { test } from "node:test";
import { ShapeError } from "../core/errors.ts";
import { triplesToCsc } from "../sparse/convert.ts";
import type { CscMatrix } from "../sparse/matrix.ts";
import { type Activation, type BiasRule, CHALLENGE_RULE } from "./layer-rule.ts";
import { edgeCount, type Layer, makeNetwork, preservesZeroRows, takeLayers } from "./network.ts";
import { inferLayerOracle } from "./oracle.ts";

/** A diagonal of ones, as far as it goes. */
function makeWeights(nrows: number, ncols: number): CscMatrix {
  const diagonal = Uint32Array.from({ length: Math.min(nrows, ncols) }, (_, k) => k);
  return triplesToCsc({ nrows, ncols, rows: diagonal, cols: diagonal, values: Float32Array.of(1) });
}

function makeLayer(nrows: number, ncols: number, changes: Partial<Layer> = {}): Layer {
  return { weights: makeWeights(nrows, ncols), bias: Float32Array.of(0), rule: CHALLENGE_RULE, ...changes };
}

function withActivation(activation: Activation): Partial<Layer> {
  return { rule: { activation, biasRule: "stored" } };
}

test("layers that fit make a network", () => {
  const network = makeNetwork([makeLayer(4, 6), makeLayer(6, 3, { bias: new Float32Array(3) }), makeLayer(3, 5)]);
  assert.deepEqual([network.inputs, network.outputs, network.layers.length], [4, 5, 3]);
  assert.equal(edgeCount(network), 4 + 3 + 3);
});

test("layers of no neurons or no inputs are layers", () => {
  const network = makeNetwork([makeLayer(4, 0, { bias: new Float32Array(0) }), makeLayer(0, 2)]);
  assert.deepEqual([network.inputs, network.outputs, edgeCount(network)], [4, 2, 0]);
});

test("softmax and any bounds are allowed where they make sense", () => {
  const unbounded: Activation = {
    kind: "clipped-relu",
    low: Number.NEGATIVE_INFINITY,
    high: Number.POSITIVE_INFINITY,
  };
  makeNetwork([makeLayer(2, 2, withActivation(unbounded)), makeLayer(2, 2, withActivation({ kind: "softmax" }))]);
  makeNetwork([makeLayer(2, 2, withActivation({ kind: "clipped-relu", low: 3, high: 3 }))]);
});

test("what does not fit is refused in one line that names the layer", () => {
  const bad = makeWeights(2, 2);
  const table: [string, Layer[]][] = [
    ["network has 0 layers, expected at least 1", []],
    ["layer 2 reads 5 neurons, expected 3 of layer 1", [makeLayer(4, 3), makeLayer(5, 2)]],
    ["layer 1 has 2 biases, expected 1 or 3", [makeLayer(4, 3, { bias: new Float32Array(2) })]],
    ["layer 1 has 0 biases, expected 1 or 3", [makeLayer(4, 3, { bias: new Float32Array(0) })]],
    [
      "layer 2: bias 1 is NaN, expected a finite number",
      [makeLayer(2, 2), makeLayer(2, 2, { bias: Float32Array.of(0, Number.NaN) })],
    ],
    ["layer 1: bias 0 is Infinity, expected a finite number", [makeLayer(2, 2, { bias: Float32Array.of(1 / 0) })]],
    [
      "layer 1 has softmax, expected on the last layer only",
      [makeLayer(2, 2, withActivation({ kind: "softmax" })), makeLayer(2, 2)],
    ],
    [
      "layer 1: bounds 2 to 1, expected low <= high",
      [makeLayer(2, 2, withActivation({ kind: "clipped-relu", low: 2, high: 1 }))],
    ],
    [
      "layer 1: bounds NaN to 1, expected low <= high",
      [makeLayer(2, 2, withActivation({ kind: "clipped-relu", low: Number.NaN, high: 1 }))],
    ],
    [
      "layer 1: slope NaN, expected a finite number",
      [makeLayer(2, 2, withActivation({ kind: "leaky-relu", slope: Number.NaN }))],
    ],
    [
      "layer 1: slope 1e+300, expected a finite number",
      [makeLayer(2, 2, withActivation({ kind: "leaky-relu", slope: 1e300 }))],
    ],
    [
      "layer 1: column 1 has row index 7, expected below 2",
      [makeLayer(2, 2, { weights: { ...bad, rowIdx: Uint16Array.of(0, 7) } })],
    ],
  ];
  for (const [text, layers] of table) assert.throws(() => makeNetwork(layers), new ShapeError(text));
});

test("the first layers are a network of their own", () => {
  const network = makeNetwork([makeLayer(4, 6), makeLayer(6, 3), makeLayer(3, 5)]);
  const first = takeLayers(network, 2);
  assert.deepEqual([first.layers.length, first.inputs, first.outputs], [2, 4, 3]);
  assert.equal(first.layers[1], network.layers[1]);
  assert.throws(() => takeLayers(network, 0), ShapeError);
});

test("a row of zeros stays one exactly where preservesZeroRows says so", () => {
  const activations: Activation[] = [
    { kind: "clipped-relu", low: 0, high: 32 },
    { kind: "clipped-relu", low: 1, high: 32 },
    { kind: "clipped-relu", low: -2, high: -1 },
    { kind: "clipped-relu", low: -1, high: 1 },
    { kind: "relu" },
    { kind: "leaky-relu", slope: 0.5 },
    { kind: "leaky-relu", slope: 0 },
    { kind: "sigmoid" },
    { kind: "tanh" },
    { kind: "identity" },
    { kind: "softmax" },
  ];
  const biases = [[0], [-0.5], [0.5], [0, 0, 0], [-0.5, -0.5, -0.5], [-0.5, -0.5, 0.5]];
  let kept = 0;
  for (const activation of activations) {
    for (const bias of biases) {
      for (const biasRule of ["stored", "all"] as BiasRule[]) {
        const layer = makeLayer(2, 3, { bias: Float32Array.from(bias), rule: { activation, biasRule } });
        const staysZero = inferLayerOracle(layer, new Float64Array(2), 1).every((value) => value === 0);
        const what = `${JSON.stringify(activation)}, bias ${bias.join(" ")}, ${biasRule}`;
        assert.equal(preservesZeroRows(layer), staysZero, what);
        if (staysZero) kept++;
      }
    }
  }
  assert.ok(kept > 20 && kept < activations.length * biases.length * 2, `${kept} of both kinds are in the table`);
});
