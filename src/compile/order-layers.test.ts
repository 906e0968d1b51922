// Plan: the pass alone. On RadiX-Nets columns then read two runs of neighbours where they read scattered rows before; the
// first layer keeps its features and the last its outputs; columns short and long, of one value and of many, are the
// original's under the new numbers; a network without neurons that share their readers is left as it is; biases move along.

import assert from "node:assert/strict";
import { test } from "node:test";
import { makeRandom, randomPermutation } from "../core/random.ts";
import { radixNetLayers } from "../data/generate/radix-net.ts";
import { randomLayers } from "../data/generate/random-layers.ts";
import { type Layer, makeNetwork, type Network } from "../network/network.ts";
import { inferOracle } from "../network/oracle.ts";
import { triplesToCsc } from "../sparse/convert.ts";
import { makeExactRows, makeRealRows } from "../testing/layer-cases.ts";
import { assertWithin } from "../testing/tolerance.ts";
import { compileNetwork } from "./compile-network.ts";

const SEED = 6;
const ROWS = 5;

function order(network: Network): { readonly ordered: Network; readonly moved: number } {
  const { network: ordered, report } = compileNetwork(network, { passes: ["order"] });
  assert.deepEqual(report.before, report.after);
  return { ordered, moved: report.passes[0].moved };
}

/** Runs of neighbouring rows that the columns of a layer read, in the mean. */
function runsPerColumn({ weights: { ncols, colPtr, rowIdx } }: Layer): number {
  let runs = 0;
  for (let j = 0; j < ncols; j++) {
    for (let p = colPtr[j]; p < colPtr[j + 1]; p++) if (p === colPtr[j] || rowIdx[p] !== rowIdx[p - 1] + 1) runs++;
  }
  return runs / ncols;
}

test("columns of a RadiX-Net read neighbours", () => {
  const network = makeNetwork([...radixNetLayers({ neurons: 512, layers: 12, seed: SEED, permute: true })]);
  const { ordered, moved } = order(network);
  assert.ok(moved > 9 * 512, `${moved} of ${12 * 512} neurons moved`);
  // The features keep their numbers, so the first layer reads what it read.
  for (let l = 1; l < 12; l++) {
    assert.ok(runsPerColumn(network.layers[l]) > 24, `layer ${l}: scattered before`);
    assert.ok(runsPerColumn(ordered.layers[l]) <= 2, `layer ${l}: ${runsPerColumn(ordered.layers[l])} runs`);
  }
  assert.deepEqual(ordered.layers[11].weights.ncols, 512);
  const rows = makeExactRows(ROWS, 512, makeRandom(SEED));
  // Sums of sixteenths are exact, the bias is the same float32 in both: not a bit may differ.
  assert.deepEqual(inferOracle(ordered, rows, ROWS), inferOracle(network, rows, ROWS));
});

/** `width` inputs in pairs of equal readers, the pairs scattered; column j reads all pairs k with k + j odd. */
function scatteredPairs(width: number, ncols: number, uniform: boolean): Layer {
  const random = makeRandom(SEED + width);
  const place = randomPermutation(width, random);
  const entries: [row: number, col: number][] = [];
  for (let j = 0; j < ncols; j++) {
    for (let k = 0; k < width / 2; k++) if ((k + j) % 3 !== 0) entries.push([place[2 * k], j], [place[2 * k + 1], j]);
  }
  const weights = triplesToCsc({
    nrows: width,
    ncols,
    rows: Uint32Array.from(entries, ([row]) => row),
    cols: Uint32Array.from(entries, ([, col]) => col),
    values: uniform ? Float32Array.of(0.5) : Float32Array.from(entries, () => random.normal() / width),
  });
  const bias = Float32Array.from({ length: ncols }, () => random.normal());
  return { weights, bias, rule: { activation: { kind: "tanh" }, biasRule: "all" } };
}

function sortedBias({ bias }: Layer): number[] {
  return [...bias].toSorted((a, b) => a - b);
}

for (const uniform of [true, false]) {
  for (const width of [6, 64, 300]) {
    test(`columns of ${width} inputs, one value: ${uniform}`, () => {
      const [first, second, third] = [scatteredPairs(8, width, uniform), scatteredPairs(width, 10, uniform)].concat(
        scatteredPairs(10, 4, uniform),
      );
      const network = makeNetwork([first, second, third]);
      const { ordered, moved } = order(network);
      assert.ok(moved > 0);
      const rows = makeRealRows(ROWS, 8, makeRandom(SEED));
      const tolerance = { relative: 1e-12, absolute: 1e-12 };
      assertWithin(inferOracle(ordered, rows, ROWS), inferOracle(network, rows, ROWS), tolerance, "outputs", 4);
      ordered.layers.forEach((layer, l) => assert.deepEqual(sortedBias(layer), sortedBias(network.layers[l])));
      assert.deepEqual([...ordered.layers[2].bias], [...third.bias], "the last layer's neurons stay");
      assert.equal(ordered.layers[0].weights.nrows, 8);
    });
  }
}

test("a random network has nothing to order, and its layers are shared with the original", () => {
  const layers = [
    ...randomLayers({
      inputs: 50,
      neurons: 60,
      layers: 4,
      density: 0.2,
      weights: "general",
      columnLengths: "equal",
      biasRule: "all",
      activation: { kind: "relu" },
      seed: SEED,
    }),
  ];
  const network = makeNetwork(layers);
  const { ordered, moved } = order(network);
  assert.equal(moved, 0);
  ordered.layers.forEach((layer, l) => assert.equal(layer, network.layers[l]));
});
