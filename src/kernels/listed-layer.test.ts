// Plan: layers whose columns come in runs of equal ones (uniform weights, columns of one length, no second pass) are listed,
// others are not; a listed layer gives the bits of the same layer column by column: every kernel set x tile width x index
// width x column length around the turns of the loop and the end of the list, in one piece and in several, with lines of
// zeros passed over and not, when most lines are zero, none is, or all are.

import assert from "node:assert/strict";
import { test } from "node:test";
import { makeRandom, type Random } from "../core/random.ts";
import type { Activation } from "../network/layer-rule.ts";
import type { Layer } from "../network/network.ts";
import { type CscMatrix, makeIndexArray } from "../sparse/matrix.ts";
import { makeKernelMemory, runLayer } from "../testing/kernel-memory.ts";
import {
  columnOrders,
  makeBias,
  makeLayer,
  makeRealRows,
  repeatColumns,
  widenIndices,
} from "../testing/layer-cases.ts";
import { compileKernels, KERNEL_IDS, makeKernels } from "./catalog.ts";
import { TILE_LANES } from "./kernels.ts";
import { FIELD, LIST_ENTRIES, placeLayer } from "./layer-record.ts";

const BATCH = 33;
/** Columns of a run: a turn of four and three left over, or three turns of two and one left over. */
const TIMES = 7;
const RUNS = 3;
const RELU: Activation = { kind: "clipped-relu", low: 0, high: 32 };
const space = makeKernelMemory();

/** RUNS columns of `length` entries each, repeated TIMES times; all weights 1/16. */
function makeRuns(length: number, random: Random): CscMatrix {
  const nrows = length + 2;
  const rowIdx = makeIndexArray(RUNS * length, nrows);
  for (let j = 0; j < RUNS; j++) {
    const skipped = new Set<number>();
    while (skipped.size < 2) skipped.add(random.below(nrows));
    let at = j * length;
    for (let k = 0; k < nrows; k++) if (!skipped.has(k)) rowIdx[at++] = k;
  }
  const colPtr = Uint32Array.from({ length: RUNS + 1 }, (_, j) => j * length);
  const values = Float32Array.of(1 / 16);
  return repeatColumns({ format: "csc", nrows, ncols: RUNS, colPtr, rowIdx, values }, TIMES);
}

/** Makes a share of the neurons zero in all rows, every third of them -0; and in one row of one NaN, of one infinite. */
function blankNeurons(rows: Float64Array, nrows: number, share: number, random: Random): void {
  for (let k = 0; k < nrows; k++) {
    if (random.next() >= share) continue;
    for (let r = 0; r < BATCH; r++) rows[r * nrows + k] = k % 3 === 0 ? -0 : 0;
  }
  if (nrows > 2) rows[2 * nrows] = Number.NaN;
  if (nrows > 2) rows[3 * nrows + 1] = Infinity;
}

function isListed(layer: Layer, order: Uint32Array | null): boolean {
  space.reset();
  const { address } = placeLayer(layer, space.memory, space.allocate, "layer", order);
  return new Uint32Array(space.memory.buffer, address)[FIELD.isListed] === 1;
}

for (const id of KERNEL_IDS) {
  const kernels = makeKernels(await compileKernels(id), space.memory);
  test(`${id}: a listed layer has the bits of the same layer column by column`, () => {
    const random = makeRandom(8);
    for (const length of [1, 3, 4, 5, 31, 32, 33, LIST_ENTRIES]) {
      const weights = makeRuns(length, random);
      const { nrows, ncols } = weights;
      const made = makeLayer(weights, makeBias("per neuron", ncols, random), RELU, length % 2 === 0 ? "stored" : "all");
      const layer = length % 4 === 0 ? made : widenIndices(made);
      const [{ order }] = columnOrders(RUNS, TIMES, random);
      assert.ok(isListed(layer, order));
      const third = Math.floor(ncols / 3);
      for (const lanes of TILE_LANES) {
        for (const zeros of [0, 0.7, 1]) {
          const rows = makeRealRows(BATCH, nrows, random);
          blankNeurons(rows, nrows, zeros, random);
          const compute = (by: Uint32Array | null, ends: number[], passZeros: boolean): Uint32Array => {
            space.reset();
            const what = `${length} entries, ${lanes} lanes, ${zeros} zeros`;
            const placed = placeLayer(layer, space.memory, space.allocate, what, by);
            const places = lanes >= 16 ? by : null;
            const run = { space, kernels, layer: placed, lanes, what, order: places, passZeros };
            return new Uint32Array(runLayer(run, rows, BATCH, ends).buffer);
          };
          const expected = compute(null, [ncols], false);
          for (const passZeros of [false, true]) {
            assert.deepEqual(compute(order, [ncols], passZeros), expected);
            assert.deepEqual(compute(order, [0, third, third, third + 1, ncols], passZeros), expected);
          }
        }
      }
    }
  });
}

test("what is not listed: no order, short runs, other weights, a second pass, unequal or too long columns", () => {
  const random = makeRandom(9);
  const weights = makeRuns(8, random);
  const bias = Float32Array.of(-0.5);
  const [{ order }, , { order: shuffled }] = columnOrders(RUNS, TIMES, random);
  const layer = makeLayer(weights, bias, RELU, "stored");
  assert.ok(isListed(layer, order));
  assert.ok(!isListed(layer, null));
  assert.ok(!isListed(layer, shuffled));
  const values = Float32Array.from(weights.rowIdx, (_, p) => p + 1);
  assert.ok(!isListed(makeLayer({ ...weights, values }, bias, RELU, "stored"), order));
  assert.ok(!isListed(makeLayer(weights, bias, { kind: "tanh" }, "stored"), order));
  assert.ok(!isListed(makeLayer(makeRuns(LIST_ENTRIES + 1, random), bias, RELU, "stored"), order));
  const unequal = { ...weights, colPtr: weights.colPtr.slice(), rowIdx: weights.rowIdx.subarray(0, -1) };
  unequal.colPtr[unequal.ncols]--;
  assert.ok(!isListed(makeLayer(unequal, bias, RELU, "stored"), order));
});

for (const id of KERNEL_IDS.filter((kernel) => kernel !== "js")) {
  test(`${id}: lines of zeros stay off the list only where they may be passed over`, async () => {
    const kernels = makeKernels(await compileKernels(id), space.memory);
    const random = makeRandom(10);
    const weights = makeRuns(32, random);
    const layer = makeLayer(weights, Float32Array.of(-0.5), RELU, "stored");
    const [{ order }] = columnOrders(RUNS, TIMES, random);
    for (const lanes of [16, 32]) {
      const listed = [false, true].map((passZeros) => {
        space.reset();
        const { address } = placeLayer(layer, space.memory, space.allocate, "layer", order);
        const input = space.allocate(weights.nrows * lanes * 4, "input");
        const out = space.allocate(weights.ncols * lanes * 4, "output");
        const list = space.allocate(LIST_ENTRIES * 4, "list");
        new Float32Array(space.memory.buffer, input, weights.nrows * lanes).fill(0);
        const words = new Uint32Array(space.memory.buffer, list, LIST_ENTRIES);
        words.fill(1);
        // One run: no other writes to the list.
        kernels.spmm(address, lanes, out, input, 0, TIMES, list, passZeros);
        return words.filter((word) => word !== 1).length;
      });
      // The place behind the end is written, too.
      assert.deepEqual(listed, [32, 1], `${lanes} lanes`);
    }
  });
}
