// Plan: a layer whose columns are stored and taken in another order, and share their entries where they are equal, gives
// the bits of the same layer in its own order: every kernel set x tile width x weight format x index width x order, in one
// piece and in several. Then what is stored: each column its entries, equal neighbours once where weights are equal.
// Listed layers: listed-layer.test.ts.

import assert from "node:assert/strict";
import { test } from "node:test";
import { makeRandom } from "../core/random.ts";
import { makeKernelMemory, runLayer } from "../testing/kernel-memory.ts";
import {
  columnOrders,
  makeBias,
  makeLayer,
  makeRealRows,
  makeRealWeights,
  repeatColumns,
  SHAPES,
  widenIndices,
} from "../testing/layer-cases.ts";
import { compileKernels, KERNEL_IDS, makeKernels } from "./catalog.ts";
import { TILE_LANES } from "./kernels.ts";
import { placeLayer, WEIGHT_FORMATS } from "./layer-record.ts";
import { storeColumns } from "./store-columns.ts";

const BATCH = 33;
const TIMES = 5;
const space = makeKernelMemory();

for (const id of KERNEL_IDS) {
  const kernels = makeKernels(await compileKernels(id), space.memory);
  for (const format of WEIGHT_FORMATS) {
    test(`${id}, ${format}: the bits do not depend on the order of the columns`, () => {
      const random = makeRandom(5);
      for (const shape of SHAPES) {
        const once = makeRealWeights(shape, format, random);
        if (once === null) continue;
        const weights = repeatColumns(once, TIMES);
        const made = makeLayer(weights, makeBias("per neuron", weights.ncols, random), { kind: "tanh" }, "stored");
        const layer = shape.nrows % 2 === 0 ? made : widenIndices(made);
        const third = Math.floor(weights.ncols / 3);
        const pieces = [third, third, Math.min(third + 1, weights.ncols), weights.ncols];
        for (const lanes of TILE_LANES) {
          const rows = makeRealRows(BATCH, shape.nrows, random);
          const compute = (order: Uint32Array | null, ends: number[]): Uint32Array => {
            space.reset();
            const placed = placeLayer(layer, space.memory, space.allocate, shape.name, order);
            const what = `${shape.name}, ${lanes} lanes`;
            const out = runLayer({ space, kernels, layer: placed, lanes, what }, rows, BATCH, ends);
            return new Uint32Array(out.buffer);
          };
          const expected = compute(null, [weights.ncols]);
          for (const { name, order } of columnOrders(shape.ncols, TIMES, random)) {
            const what = `${shape.name}, ${lanes} lanes, ${name}`;
            assert.deepEqual(compute(order, [weights.ncols]), expected, what);
            assert.deepEqual(compute(order, pieces), expected);
          }
        }
      }
    });
  }
}

test("every column keeps its entries; equal neighbours share them where all weights are equal, and only there", () => {
  const random = makeRandom(6);
  for (const format of WEIGHT_FORMATS) {
    for (const shape of SHAPES) {
      const once = makeRealWeights(shape, format, random);
      if (once === null) continue;
      const weights = repeatColumns(once, TIMES);
      for (const { name, order } of columnOrders(shape.ncols, TIMES, random)) {
        const { weights: stored, colStart, runs } = storeColumns(weights, order);
        const what = `${shape.name}, ${format}, ${name}`;
        assert.deepEqual(stored.colPtr, weights.colPtr, what);
        for (let j = 0; j < weights.ncols; j++) {
          const [first, end] = [weights.colPtr[j], weights.colPtr[j + 1]];
          const [at, atEnd] = [colStart[j], colStart[j] + end - first];
          assert.deepEqual(stored.rowIdx.slice(at, atEnd), weights.rowIdx.slice(first, end), what);
          if (format !== "uniform") assert.deepEqual(stored.values.slice(at, atEnd), weights.values.slice(first, end));
        }
        let t = 0;
        for (let r = 0; r < runs.length; r += 3) {
          for (; t < runs[r + 2]; t++) {
            const j = order[t];
            assert.deepEqual(
              [runs[r], runs[r + 1] - runs[r]],
              [colStart[j], weights.colPtr[j + 1] - weights.colPtr[j]],
            );
          }
        }
        assert.equal(t, weights.ncols, what);
        const isShared = format === "uniform" && name === "equal columns in turn";
        if (isShared) assert.ok(stored.rowIdx.length <= once.rowIdx.length, what);
        if (format !== "uniform") assert.equal(stored.rowIdx.length, weights.rowIdx.length, what);
      }
    }
  }
});
