// Plan: each activation at its corners, hand-computed; the challenge's constants; the closed sets have no double.

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type Activation,
  ACTIVATION_KINDS,
  activate,
  BIAS_RULES,
  CHALLENGE_RULE,
  challengeBias,
} from "./layer-rule.ts";

/** One activation of every kind. */
const CLIPPED: Activation = { kind: "clipped-relu", low: 0, high: 32 };
const BAND: Activation = { kind: "clipped-relu", low: -1, high: 1 };
const LEAKY: Activation = { kind: "leaky-relu", slope: 0.25 };

test("activate at the corners of every kind", () => {
  const table: [Activation, number, number][] = [
    [CLIPPED, -1, 0],
    [CLIPPED, 0, 0],
    [CLIPPED, 31.5, 31.5],
    [CLIPPED, 32, 32],
    [CLIPPED, 32.0001, 32],
    [CLIPPED, Number.POSITIVE_INFINITY, 32],
    [CLIPPED, Number.NEGATIVE_INFINITY, 0],
    [BAND, -2, -1],
    [BAND, -0.5, -0.5],
    [BAND, 2, 1],
    [{ kind: "clipped-relu", low: 3, high: 3 }, 0, 3],
    [{ kind: "relu" }, -1, 0],
    [{ kind: "relu" }, 0, 0],
    [{ kind: "relu" }, 1e30, 1e30],
    [LEAKY, -4, -1],
    [LEAKY, 0, 0],
    [LEAKY, 4, 4],
    [{ kind: "leaky-relu", slope: 0 }, -4, -0],
    [{ kind: "leaky-relu", slope: 2 }, -4, -8],
    [{ kind: "sigmoid" }, 0, 0.5],
    [{ kind: "sigmoid" }, 1000, 1],
    [{ kind: "sigmoid" }, -1000, 0],
    [{ kind: "tanh" }, 0, 0],
    [{ kind: "tanh" }, 1000, 1],
    [{ kind: "tanh" }, -1000, -1],
    [{ kind: "identity" }, -7.5, -7.5],
    [{ kind: "softmax" }, -7.5, -7.5],
  ];
  for (const [activation, z, expected] of table) {
    assert.equal(activate(activation, z), expected, `${JSON.stringify(activation)} of ${z}`);
  }
  assert.deepEqual(
    [...new Set(table.map(([activation]) => activation.kind))].toSorted(),
    [...ACTIVATION_KINDS].toSorted(),
    "every kind stands in the table",
  );
});

test("smooth activations where they are not flat", () => {
  // sigmoid(ln 3) = 3/4, tanh(ln 3 / 2) = 1/2.
  assert.ok(Math.abs(activate({ kind: "sigmoid" }, Math.log(3)) - 0.75) < 1e-15);
  assert.ok(Math.abs(activate({ kind: "tanh" }, Math.log(3) / 2) - 0.5) < 1e-15);
});

test("NaN stays visible in every activation", () => {
  for (const activation of [CLIPPED, { kind: "relu" }, LEAKY, { kind: "sigmoid" }, { kind: "tanh" }] as Activation[]) {
    assert.ok(Number.isNaN(activate(activation, Number.NaN)), activation.kind);
  }
});

test("the challenge's rule and biases", () => {
  assert.deepEqual(CHALLENGE_RULE, { activation: CLIPPED, biasRule: "stored" });
  assert.deepEqual([1024, 4096, 16384, 65536].map(challengeBias), [-0.3, -0.35, -0.4, -0.45]);
  for (const other of [0, 1, 1023, 65537, Number.NaN]) assert.equal(challengeBias(other), null);
});

test("closed sets name each member once", () => {
  for (const set of [ACTIVATION_KINDS, BIAS_RULES]) assert.equal(new Set(set).size, set.length);
});
