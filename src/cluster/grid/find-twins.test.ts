// Twins against a comparison of all pairs, on seeded layers with planted copies: bias, weights and inputs all count.

import assert from "node:assert/strict";
import { test } from "node:test";
import { makeRandom } from "../../core/random.ts";
import { CHALLENGE_RULE } from "../../network/layer-rule.ts";
import type { Layer } from "../../network/network.ts";
import { makePlantedNetwork } from "../../testing/planted-network.ts";
import { findTwins } from "./find-twins.ts";

function bitsOf(floats: Float32Array): number[] {
  return Array.from(new Int32Array(floats.slice().buffer));
}

/** Everything that a neuron's value depends on; floats by their bits, which tell minus zero from zero. */
function describe({ weights, bias }: Layer, j: number): string {
  const [begin, end] = [weights.colPtr[j], weights.colPtr[j + 1]];
  const values = weights.values.length === 1 ? [] : bitsOf(weights.values.slice(begin, end));
  const own = bias.length === 1 ? [] : bitsOf(bias.slice(j, j + 1));
  return JSON.stringify([Array.from(weights.rowIdx.slice(begin, end)), values, own]);
}

function findAll(layer: Layer): number[] {
  const all = Array.from({ length: layer.weights.ncols }, (_, j) => describe(layer, j));
  return all.map((one) => all.indexOf(one));
}

test("planted twins are found, and nothing else", () => {
  for (let seed = 1; seed <= 20; seed++) {
    for (const bias of ["single", "mixed"] as const) {
      const activation = { kind: "relu" } as const;
      const options = { layers: 3, inputs: 9, values: "dyadic", biasRule: "all", activation, bias } as const;
      for (const layer of makePlantedNetwork(options, makeRandom(seed)).layers) {
        const expected = findAll(layer);
        const found = findTwins(layer) ?? Uint32Array.from(expected.keys());
        assert.deepEqual([...found], expected, `seed ${seed}, bias ${bias}`);
      }
    }
  }
});

test("no columns, and columns that all differ", () => {
  const rowIdx = Uint16Array.of(0, 1);
  const empty = { format: "csc", nrows: 2, ncols: 0, colPtr: Uint32Array.of(0), rowIdx: new Uint16Array() } as const;
  const two = { format: "csc", nrows: 2, ncols: 2, colPtr: Uint32Array.of(0, 1, 2), rowIdx } as const;
  const values = new Float32Array([0.5]);
  const bias = new Float32Array([1]);
  assert.equal(findTwins({ weights: { ...empty, values }, bias, rule: CHALLENGE_RULE }), null);
  assert.equal(findTwins({ weights: { ...two, values }, bias, rule: CHALLENGE_RULE }), null);
});
