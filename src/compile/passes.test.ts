// Plan: each pass alone on networks made by hand, where what it must find and what it must leave alone is known: chains
// of unread neurons, stored zeros, constants in front of readers of both bias rules, merges that readers can and cannot
// take. Sums are small multiples of powers of two unless the case is about rounding.

import assert from "node:assert/strict";
import { test } from "node:test";
import { type Activation, type BiasRule, CHALLENGE_RULE, type LayerRule } from "../network/layer-rule.ts";
import { type Layer, makeNetwork, type Network } from "../network/network.ts";
import { inferOracle } from "../network/oracle.ts";
import { triplesToCsc } from "../sparse/convert.ts";
import { compileNetwork } from "./compile-network.ts";
import type { CompileOptions, Pass } from "./passes.ts";

const RELU: Activation = { kind: "relu" };
const ALL: LayerRule = { activation: RELU, biasRule: "all" };
const STORED: LayerRule = { activation: RELU, biasRule: "stored" };

/** A layer from its dense matrix (inputs x neurons); 0 is no entry, -0 is a stored zero. */
function layer(dense: readonly (readonly number[])[], bias: readonly number[], rule: LayerRule): Layer {
  const neurons = dense[0]?.length ?? 0;
  const entries = dense.flatMap((row, i) => row.map((value, j) => ({ i, j, value })));
  const stored = entries.filter(({ value }) => !Object.is(value, 0));
  const weights = triplesToCsc({
    nrows: dense.length,
    ncols: neurons,
    rows: Uint16Array.from(stored, ({ i }) => i),
    cols: Uint16Array.from(stored, ({ j }) => j),
    values: Float32Array.from(stored, ({ value }) => (Math.abs(value) === 0 ? 0 : value)),
  });
  return { weights, bias: Float32Array.from(bias), rule };
}

/** Neurons and weights of every layer. */
function sizes(network: Network): string {
  return network.layers.map(({ weights }) => `${weights.ncols}:${weights.rowIdx.length}`).join(" ");
}

/** Compiles and checks on a few rows that the outputs are the same to the last bit. */
function compileExactly(network: Network, passes: readonly Pass[], options: CompileOptions = {}): Network {
  const compiled = compileNetwork(network, { ...options, passes }).network;
  const n = network.inputs;
  const rows = Float64Array.from(
    { length: 9 * n },
    (_, p) => [0, 1, 0, 2, -1, 0.5, 3][(p * 5 + Math.floor(p / n)) % 7],
  );
  assert.deepEqual(inferOracle(compiled, rows, 9), inferOracle(network, rows, 9));
  return compiled;
}

test("unread: a chain of neurons that only an unread neuron reads goes with it", () => {
  const network = makeNetwork([
    layer([[1, 1]], [0], ALL),
    layer(
      [
        [1, 0],
        [0, 1],
      ],
      [0],
      ALL,
    ),
    layer([[1], [0]], [0], ALL),
  ]);
  assert.equal(sizes(compileExactly(network, ["unread"])), "1:1 1:1 1:1");
  assert.equal(sizes(compileExactly(network, ["constants"])), "2:2 2:2 1:1");
});

test("unread: a stored zero counts as a reader only where zeros are kept; features and outputs stay", () => {
  const network = makeNetwork([
    layer(
      [
        [1, 1],
        [0, 0],
      ],
      [0],
      ALL,
    ),
    layer(
      [
        [1, 0],
        [-0, 0],
      ],
      [0],
      ALL,
    ),
  ]);
  assert.equal(sizes(compileExactly(network, ["unread"])), "2:2 2:2");
  const both = compileExactly(network, ["unread", "zeros"]);
  assert.equal(sizes(both), "1:1 2:1");
  assert.equal(both.inputs, 2);
});

test("zeros: only stored zeros go", () => {
  const network = makeNetwork([
    layer(
      [
        [1, -0],
        [-0, 2],
      ],
      [0.5],
      STORED,
    ),
  ]);
  const compiled = compileExactly(network, ["zeros"]);
  assert.deepEqual([...compiled.layers[0].weights.values], [1, 2]);
});

/** Neuron 1 of the first layer reads nothing; its bias makes it 0.5 under the rule `all`. */
function withConstant(firstRule: BiasRule, reader: LayerRule, readerBias: number): Network {
  return makeNetwork([
    layer([[1, 0]], [0, 0.5], { activation: RELU, biasRule: firstRule }),
    layer(
      [
        [1, 0],
        [2, 4],
      ],
      [readerBias],
      reader,
    ),
  ]);
}

test("constants: a constant goes into the biases of readers under the rule all", () => {
  const compiled = compileExactly(withConstant("all", ALL, -0.25), ["constants"]);
  assert.equal(sizes(compiled), "1:1 2:1");
  assert.deepEqual([...compiled.layers[1].bias], [0.75, 1.75]);
});

test("constants: under the rule stored a neuron without weights is act(0), which is dropped when it is zero", () => {
  for (const reader of [ALL, STORED]) {
    const compiled = compileExactly(withConstant("stored", reader, 0.25), ["constants"]);
    assert.equal(sizes(compiled), "1:1 2:1");
    assert.deepEqual([...compiled.layers[1].bias], [0.25]);
  }
});

test("constants: a reader under the rule stored takes them only where act(b) = act(0)", () => {
  // b = 0.25: the bias is added where Z' + w c is not zero, which no bias can say.
  assert.equal(sizes(compileExactly(withConstant("all", STORED, 0.25), ["constants"])), "2:1 2:3");
  // b = -0.25: relu(-0.25) = relu(0), so both rules are one function.
  const compiled = compileExactly(withConstant("all", STORED, -0.25), ["constants"]);
  assert.equal(sizes(compiled), "1:1 2:1");
  assert.equal(compiled.layers[1].rule.biasRule, "all");
});

test("constants: a chain folds through all layers, and sums too large for float32 are left", () => {
  const chain = makeNetwork([layer([[0]], [1], ALL), layer([[2]], [1], ALL), layer([[2]], [1], ALL)]);
  const compiled = compileExactly(chain, ["constants"]);
  assert.equal(sizes(compiled), "0:0 0:0 1:0");
  assert.deepEqual([...compiled.layers[2].bias], [7]);
  const large = makeNetwork([layer([[0]], [3e38], ALL), layer([[2]], [0], ALL)]);
  assert.equal(sizes(compileNetwork(large).network), "1:0 1:1");
});

test("equal: merged neurons are one with the sum of the weights, layer after layer", () => {
  const network = makeNetwork([
    layer(
      [
        [1, 2, 1],
        [3, 0, 3],
      ],
      [-0.5],
      CHALLENGE_RULE,
    ),
    layer(
      [
        [1, 2, 1],
        [1, 1, 1],
        [2, 1, 2],
      ],
      [-0.5],
      CHALLENGE_RULE,
    ),
    layer(
      [
        [1, 0],
        [0, 1],
        [1, 0],
      ],
      [-0.5],
      CHALLENGE_RULE,
    ),
  ]);
  const compiled = compileExactly(network, ["equal"]);
  // Columns 0 and 1 of the second layer differ before the merge, and all three are 3 y0 + 1 y1 after it.
  assert.equal(sizes(compiled), "2:3 1:2 2:2");
  assert.deepEqual([...compiled.layers[1].weights.values], [3, 1]);
  assert.equal(compiled.outputMap, null);
});

test("equal: same weights with another bias stay apart; constants of equal value do not", () => {
  const biased = makeNetwork([layer([[1, 1]], [0.5, 0.25], ALL), layer([[1], [1]], [0], ALL)]);
  assert.equal(sizes(compileExactly(biased, ["equal"])), "2:2 1:2");
  const silent = makeNetwork([layer([[0, 0]], [0.5, 0.25], STORED), layer([[1], [1]], [0], ALL)]);
  assert.equal(sizes(compileExactly(silent, ["equal"])), "1:0 1:1");
});

test("equal: outputs are restored by a map, unless they are to be kept or stand under softmax", () => {
  const outputs = [[1, 2, 1]];
  const network = makeNetwork([layer(outputs, [0], ALL)]);
  const compiled = compileExactly(network, ["equal"]);
  assert.deepEqual([...(compiled.outputMap ?? [])], [0, 1, 0]);
  assert.deepEqual([sizes(compiled), compiled.outputs], ["2:2", 3]);
  const kept = compileExactly(network, ["equal"], { keepOutputs: true });
  assert.deepEqual([sizes(kept), kept.outputMap], ["3:3", null]);
  const softmax = makeNetwork([layer(outputs, [0], { activation: { kind: "softmax" }, biasRule: "all" })]);
  assert.equal(compileExactly(softmax, ["equal"]).outputMap, null);
});

/** Two equal neurons, read with weights 1 and `second`; the reader tests for zero when its bias is positive. */
function withTwins(second: number, readerRule: LayerRule, readerBias: number): Network {
  return makeNetwork([layer([[1, 1]], [0], ALL), layer([[1], [second]], [readerBias], readerRule)]);
}

test("equal: a sum that float32 cannot hold is rounded, but not where a zero decides or sums must be exact", () => {
  const merged = "1:1 1:1";
  const apart = "2:2 1:2";
  const cases: [name: string, network: Network, options: CompileOptions, expected: string][] = [
    ["exact sum", withTwins(2, STORED, 0.25), {}, merged],
    ["rounded under all", withTwins(2 ** -30, ALL, 0.25), {}, merged],
    ["rounded where stored is continuous", withTwins(2 ** -30, STORED, -0.25), {}, merged],
    ["rounded where a zero decides", withTwins(2 ** -30, STORED, 0.25), {}, apart],
    ["rounded when asked for exact sums", withTwins(2 ** -30, ALL, 0.25), { sums: "exact" }, apart],
    ["exact when asked for exact sums", withTwins(2 ** -20, ALL, 0.25), { sums: "exact" }, merged],
  ];
  for (const [name, network, options, expected] of cases) {
    assert.equal(sizes(compileNetwork(network, options).network), expected, name);
  }
  const overflow = makeNetwork([layer([[1, 1]], [0], ALL), layer([[3e38], [3e38]], [0], ALL)]);
  assert.equal(sizes(compileNetwork(overflow).network), apart);
});

test("a zero that decides in a later layer keeps the sums of all layers before it exact", () => {
  const network = makeNetwork([...withTwins(2 ** -30, ALL, 0).layers, layer([[1]], [0.5], STORED)]);
  assert.equal(sizes(compileNetwork(network).network), "2:2 1:2 1:1");
});

test("weights that cancel leave neurons unread, which a further round drops with all that led to them", () => {
  const network = makeNetwork([
    layer([[1, 2, 3]], [0], ALL),
    layer(
      [
        [0, 0, 1],
        [0, 0, 1],
        [1, 1, 0],
      ],
      [0],
      ALL,
    ),
    layer([[1], [-1], [1]], [0], ALL),
  ]);
  const { network: compiled, report } = compileNetwork(network);
  assert.equal(sizes(compiled), "2:2 1:2 1:1");
  assert.equal(report.rounds, 2);
});

test("nothing to do: the layers are the same objects", () => {
  const network = makeNetwork([
    layer(
      [
        [1, 2],
        [3, 4],
      ],
      [0.5],
      ALL,
    ),
    layer([[1], [2]], [0.5], ALL),
  ]);
  const compiled = compileNetwork(network).network;
  compiled.layers.forEach((found, l) => assert.equal(found, network.layers[l]));
});

test("unknown passes are refused", () => {
  const network = makeNetwork([layer([[1]], [0], ALL)]);
  assert.throws(
    () => compileNetwork(network, { passes: ["equals" as Pass] }),
    /pass is "equals", expected one of unread/,
  );
});
