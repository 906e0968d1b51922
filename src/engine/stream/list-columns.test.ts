// Plan: a RadiX-Net layer where it was read, with its columns listed: the order is a permutation, each column of a run has
// the run's entries, all within the bytes asked for; a kernel gives the bits of the plain layer. What is not listed: random
// columns, short and long ones, weights or activations that lists do not serve.

import assert from "node:assert/strict";
import { test } from "node:test";
import { makeRandom } from "../../core/random.ts";
import { radixNetLayers } from "../../data/generate/radix-net.ts";
import { compileKernels, KERNEL_IDS, makeKernels } from "../../kernels/catalog.ts";
import { FIELD, placeLayer, writeLayerRecord } from "../../kernels/layer-record.ts";
import type { Layer } from "../../network/network.ts";
import { assertWritesOnly, makeKernelMemory, runLayer } from "../../testing/kernel-memory.ts";
import { makeRealRows, makeRealWeights } from "../../testing/layer-cases.ts";
import { listBytes, listColumns } from "./list-columns.ts";
import type { StreamedLayer } from "./sources.ts";

const NEURONS = 256;
const [LAYER] = [...radixNetLayers({ neurons: NEURONS, layers: 9, seed: 3, permute: true })].slice(-1) as [Layer];
const BATCH = 33;
const space = makeKernelMemory();

function outlineOf({ weights, bias, rule }: Layer): StreamedLayer {
  const { nrows, ncols, rowIdx, values } = weights;
  const counts = { nnz: rowIdx.length, valueCount: values.length, biasCount: bias.length };
  return { nrows, ncols, ...counts, indexBytes: 2, rule, places: null };
}

/** Lists the columns in memory of their own, which must be as large as was asked for. */
function list(layer: Layer): { listed: ReturnType<typeof listColumns>; address: number; bytes: number } {
  const bytes = listBytes(outlineOf(layer));
  const address = space.allocate(bytes, "list");
  let listed: ReturnType<typeof listColumns> = null;
  assertWritesOnly(space, [[address, address + bytes]], "list", () => {
    listed = listColumns(space.memory, layer.weights, address);
  });
  return { listed, address, bytes };
}

test("the order is a permutation, and columns of a run have its entries", () => {
  space.reset();
  const { listed } = list(LAYER);
  assert.ok(listed !== null);
  const { ncols, colPtr, rowIdx } = LAYER.weights;
  const { buffer } = space.memory;
  const order = new Uint32Array(buffer, listed.columnOrder, ncols);
  const colStart = new Uint32Array(buffer, listed.colStart, ncols);
  const runs = new Uint32Array(buffer, listed.columnRuns, (3 * ncols) / 4);
  assert.deepEqual(
    order.toSorted(),
    Uint32Array.from({ length: ncols }, (_, j) => j),
  );
  let run = 0;
  for (const [t, j] of order.entries()) {
    if (t >= runs[3 * run + 2]) run++;
    assert.equal(colStart[j], runs[3 * run]);
    const [first, end] = [runs[3 * run], runs[3 * run + 1]];
    assert.deepEqual(rowIdx.slice(first, end), rowIdx.slice(colPtr[j], colPtr[j + 1]), `column ${j}`);
  }
  assert.equal(runs[3 * run + 2], ncols);
  assert.ok(run < ncols / 4);
});

for (const id of KERNEL_IDS) {
  test(`${id}: the bits of the plain layer`, async () => {
    const kernels = makeKernels(await compileKernels(id), space.memory);
    const rows = makeRealRows(BATCH, NEURONS, makeRandom(4));
    for (const lanes of [1, 4, 16, 32] as const) {
      space.reset();
      const placed = placeLayer(LAYER, space.memory, space.allocate, "layer");
      const { listed } = list(LAYER);
      assert.ok(listed !== null);
      const run = { space, kernels, layer: placed, lanes, what: `${lanes} lanes`, order: null, passZeros: false };
      const expected = runLayer(run, rows, BATCH, [NEURONS]);
      const at = new Uint32Array(space.memory.buffer, placed.address, 4);
      const { bias, rule, weights } = LAYER;
      const biasAt = space.allocate(4, "bias");
      new Float32Array(space.memory.buffer, biasAt, 1)[0] = bias[0];
      writeLayerRecord(space.memory, placed.address, {
        ...listed,
        isListed: true,
        nrows: NEURONS,
        ncols: NEURONS,
        colPtr: at[FIELD.colPtr],
        rowIdx: at[FIELD.rowIdx],
        idxBytes: 2,
        weightFormat: "uniform",
        values: 0,
        codebook: 0,
        uniformValue: weights.values[0],
        bias: biasAt,
        biasCount: 1,
        rule,
      });
      const order = lanes >= 16 ? new Uint32Array(space.memory.buffer, listed.columnOrder, NEURONS) : null;
      const actual = runLayer({ ...run, order, passZeros: true }, rows, BATCH, [NEURONS]);
      assert.deepEqual(new Uint32Array(actual.buffer), new Uint32Array(expected.buffer), `${lanes} lanes`);
    }
  });
}

test("what is not listed: random columns, short and long columns, several weights, a second pass", () => {
  space.reset();
  const shape = { name: "random", nrows: NEURONS, ncols: NEURONS, density: () => 0.2 };
  const weights = makeRealWeights(shape, "uniform", makeRandom(5));
  assert.ok(weights !== null);
  assert.equal(list({ ...LAYER, weights }).listed, null);
  const outline = outlineOf(LAYER);
  assert.ok(listBytes(outline) > 0);
  assert.equal(listBytes({ ...outline, nnz: 15 * NEURONS }), 0);
  assert.equal(listBytes({ ...outline, nnz: 1025 * NEURONS }), 0);
  assert.equal(listBytes({ ...outline, valueCount: outline.nnz }), 0);
  assert.equal(listBytes({ ...outline, rule: { ...LAYER.rule, activation: { kind: "tanh" } } }), 0);
});
