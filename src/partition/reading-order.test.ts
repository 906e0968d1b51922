// Plan: orders are permutations; in RadiX-Net layers, given and permuted, equal columns follow each other and each run of
// them reads whole stretches of neurons, half of them just read by the run before; layers without equal columns keep their
// order; neurons that nobody reads have places too. Whether it is faster is the benchmark's business.

import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { makeRandom } from "../core/random.ts";
import type { CscMatrix } from "../sparse/matrix.ts";
import { columnOrders, makeWeights, repeatColumns } from "../testing/layer-cases.ts";
import { orderByReaders } from "./neuron-order.ts";
import { orderForReading } from "./reading-order.ts";

const NODES = 8;
const WIDTH = 4;

/** A butterfly of NODES nodes of WIDTH neurons each, as RadiX-Net has it: column j reads the nodes of j and j + 2^k. */
function butterfly(k: number, rowOf: (v: number) => number): CscMatrix {
  const neurons = NODES * WIDTH;
  const columns = Array.from({ length: neurons }, (_, j) =>
    Array.from({ length: WIDTH }, (_node, t) => [(j % NODES) + NODES * t, ((j + 2 ** k) % NODES) + NODES * t])
      .flat()
      .map(rowOf)
      .toSorted((a, b) => a - b),
  );
  const rowIdx = Uint16Array.from(columns.flat());
  const colPtr = Uint32Array.from({ length: neurons + 1 }, (_, j) => 2 * WIDTH * j);
  return { format: "csc", nrows: neurons, ncols: neurons, colPtr, rowIdx, values: Float32Array.of(1) };
}

function assertPermutation(order: ArrayLike<number>, n: number): void {
  assert.deepEqual(
    Array.from(order).toSorted((a, b) => a - b),
    Array.from({ length: n }, (_, i) => i),
  );
}

for (const permuted of [false, true]) {
  for (const k of [0, 1, 2]) {
    test(`butterfly ${k}${permuted ? ", rows permuted" : ""}: equal columns in turn, their neurons side by side`, () => {
      const [{ order: shuffled }] = columnOrders(NODES * WIDTH, 1, makeRandom(k + 1)).slice(2);
      const weights = butterfly(k, permuted ? (v) => shuffled[v] : (v) => v);
      const { rows, columns } = orderForReading(weights);
      assert.ok(rows !== null && columns !== null);
      assertPermutation(rows, weights.nrows);
      assertPermutation(columns, weights.ncols);
      const stretches = Array.from(columns, (j) =>
        [...new Set(Array.from(weights.rowIdx.subarray(weights.colPtr[j], weights.colPtr[j + 1]), (i) => rows[i]))]
          .toSorted((a, b) => a - b)
          .join(),
      );
      const runs = stretches.filter((stretch, t) => t === 0 || stretch !== stretches[t - 1]);
      assert.equal(runs.length, k === 2 ? NODES / 2 : NODES, "each set of inputs is one run");
      let shared = 0;
      runs.forEach((run, r) => {
        const places = run.split(",").map(Number);
        const breaks = places.filter((place, p) => p > 0 && place !== places[p - 1] + 1).length;
        assert.ok(breaks <= 1, `at most two stretches: ${run}`);
        if (r > 0 && places.some((place) => runs[r - 1].split(",").includes(String(place)))) shared++;
      });
      // 2^k rings of NODES / 2^k runs each: all but the first of a ring share a node with the run before.
      assert.equal(shared, k === 2 ? 0 : NODES - 2 ** k);
    });
  }
}

test("columns that nobody equals keep their order, and neurons theirs by their readers", () => {
  const weights = makeWeights({ name: "random", nrows: 40, ncols: 40, density: () => 0.3 }, "uniform", makeRandom(1));
  assert.ok(weights !== null);
  assert.deepEqual(orderForReading(weights), { rows: orderByReaders(weights), columns: null });
});

test("any repeated columns: permutations in which equal columns are neighbours", () => {
  const parameters = fc.record({
    seed: fc.nat(),
    nrows: fc.integer({ min: 0, max: 30 }),
    ncols: fc.integer({ min: 0, max: 20 }),
    times: fc.integer({ min: 2, max: 4 }),
    density: fc.double({ min: 0, max: 0.4, noNaN: true }),
  });
  fc.assert(
    fc.property(parameters, ({ seed, nrows, ncols, times, density }) => {
      const once = makeWeights({ name: "random", nrows, ncols, density: () => density }, "uniform", makeRandom(seed));
      assert.ok(once !== null);
      const weights = repeatColumns(once, times);
      const { rows, columns } = orderForReading(weights);
      if (rows !== null) assertPermutation(rows, nrows);
      assert.ok(columns !== null);
      assertPermutation(columns, weights.ncols);
      const inputs = Array.from(columns, (j) =>
        weights.rowIdx.subarray(weights.colPtr[j], weights.colPtr[j + 1]).join(),
      );
      const runs = inputs.filter((list, t) => t === 0 || list !== inputs[t - 1]);
      assert.equal(runs.length, new Set(inputs).size);
    }),
    { seed: 3, numRuns: 200 },
  );
});
