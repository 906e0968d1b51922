// Plan: NaN and infinity in features. NaN stays NaN through the sum, the clip and every activation, in its own row only;
// infinities behave as in float64; a row beside a NaN keeps its bits. Addresses beyond 2 GiB (the sign bit of a 32-bit
// address) and memory that grows after the kernels were made.

import assert from "node:assert/strict";
import { test } from "node:test";
import { makeRandom } from "../core/random.ts";
import { inferLayerOracle } from "../network/oracle.ts";
import { skipOrFail } from "../testing/challenge.ts";
import { type KernelMemory, makeKernelMemory, runLayer } from "../testing/kernel-memory.ts";
import { ACTIVATIONS, makeBias, makeExactRows, makeLayer, makeWeights, SHAPES } from "../testing/layer-cases.ts";
import { assertWithin, ORACLE_TOLERANCE } from "../testing/tolerance.ts";
import { compileKernels, KERNEL_IDS, makeKernels } from "./catalog.ts";
import { TILE_LANES } from "./kernels.ts";
import { placeLayer, WEIGHT_FORMATS } from "./layer-record.ts";

const space = makeKernelMemory();
const BATCH = 33;
const DENSE = { name: "dense", nrows: 9, ncols: 7, density: () => 1 };

/** NaN becomes 0. */
const withoutNaN = (values: Float32Array | Float64Array): Float64Array => Float64Array.from(values, (v) => v || 0);

for (const id of KERNEL_IDS) {
  const kernels = makeKernels(await compileKernels(id), space.memory);

  test(`${id}: NaN in a row makes all of its dense sums NaN and leaves the other rows alone`, () => {
    const random = makeRandom(4);
    for (const format of WEIGHT_FORMATS) {
      const weights = makeWeights(DENSE, format, random);
      assert.ok(weights !== null);
      const rows = makeExactRows(BATCH, DENSE.nrows, random);
      const poisoned = rows.slice();
      poisoned[5 * DENSE.nrows + 3] = Number.NaN;
      for (const activation of ACTIVATIONS) {
        for (const lanes of TILE_LANES) {
          const what = `${format}, ${activation.kind}, ${lanes} lanes`;
          const layer = makeLayer(weights, Float32Array.of(-0.5), activation, "stored");
          const compute = (features: Float64Array): Float32Array => {
            space.reset();
            const placed = placeLayer(layer, space.memory, space.allocate, what);
            return runLayer({ space, kernels, layer: placed, lanes, what }, features, BATCH);
          };
          const [clean, actual] = [compute(rows), compute(poisoned)];
          for (let p = 0; p < actual.length; p++) {
            const isPoisoned = Math.floor(p / DENSE.ncols) === 5;
            assert.ok(Object.is(actual[p], isPoisoned ? Number.NaN : clean[p]), `${what}: value ${p} is ${actual[p]}`);
          }
        }
      }
    }
  });

  test(`${id}: infinities behave as in float64`, () => {
    // Every column reads every input, so that the oracle too multiplies infinity by stored weights only.
    const weights = {
      format: "csc",
      nrows: 3,
      ncols: 3,
      colPtr: Uint32Array.of(0, 3, 6, 9),
      rowIdx: Uint16Array.of(0, 1, 2, 0, 1, 2, 0, 1, 2),
      values: Float32Array.of(1, 1, 1, -1, 2, 3, 1, 1, -1),
    } as const;
    const inf = Number.POSITIVE_INFINITY;
    const rows = Float64Array.of(inf, 1, 1, -inf, 1, 1, inf, -inf, 1, 1, inf, inf, 0, 0, 0);
    for (const activation of ACTIVATIONS) {
      const layer = makeLayer(weights, Float32Array.of(0.5), activation, "all");
      const expected = inferLayerOracle(layer, rows, 5);
      assert.ok(activation.kind === "softmax" || expected.some((value) => value >= 1));
      assert.ok(expected.some(Number.isNaN));
      for (const lanes of TILE_LANES) {
        space.reset();
        const what = `${activation.kind}, ${lanes} lanes`;
        const placed = placeLayer(layer, space.memory, space.allocate, what);
        const actual = runLayer({ space, kernels, layer: placed, lanes, what }, rows, 5);
        assert.deepEqual(Array.from(actual, Number.isNaN), Array.from(expected, Number.isNaN), what);
        assertWithin(withoutNaN(actual), withoutNaN(expected), ORACLE_TOLERANCE, what, 3);
      }
    }
  });

  test(`${id}: extreme sums through sigmoid, tanh and softmax`, () => {
    const shape = { name: "one to many", nrows: 1, ncols: 3, density: () => 1 };
    const weights = {
      ...shape,
      format: "csc",
      colPtr: Uint32Array.of(0, 1, 2, 3),
      rowIdx: new Uint16Array(3),
    } as const;
    const values = Float32Array.of(1, -1, 0.5);
    const rows = Float64Array.of(1e-30, 1e-5, 1.1e-4, 0.3, 17, 88.5, 89, 104, 1e4, 3e38, -1e-6, -50).map(Math.fround);
    for (const activation of ACTIVATIONS) {
      const layer = makeLayer({ ...weights, values }, Float32Array.of(0), activation, "all");
      const expected = inferLayerOracle(layer, rows, rows.length);
      space.reset();
      const placed = placeLayer(layer, space.memory, space.allocate, activation.kind);
      const run = { space, kernels, layer: placed, lanes: 4, what: activation.kind };
      const actual = runLayer(run, rows, rows.length);
      // Below 1e-38 f32 has fewer digits.
      assertWithin(actual, expected, { relative: 1e-5, absolute: 1e-37 }, activation.kind, 3);
    }
  });

  test(`${id}: addresses beyond 2 GiB`, async (t) => {
    let high: KernelMemory;
    try {
      high = makeKernelMemory(3 * 2 ** 30);
    } catch (error) {
      skipOrFail(t, "memory", `no address space of 3 GiB: ${String(error)}`);
      return;
    }
    const there = makeKernels(await compileKernels(id), high.memory);
    const random = makeRandom(6);
    for (const format of WEIGHT_FORMATS) {
      const shape = SHAPES[SHAPES.length - 1];
      const weights = makeWeights(shape, format, random);
      assert.ok(weights !== null);
      const rows = makeExactRows(BATCH, shape.nrows, random);
      for (const activation of ACTIVATIONS) {
        const layer = makeLayer(weights, makeBias("per neuron", shape.ncols, random), activation, "stored");
        for (const lanes of TILE_LANES) {
          high.reset();
          const what = `${format}, ${activation.kind}, ${lanes} lanes`;
          const placed = placeLayer(layer, high.memory, high.allocate, what);
          const actual = runLayer({ space: high, kernels: there, layer: placed, lanes, what }, rows, BATCH);
          assertWithin(actual, inferLayerOracle(layer, rows, BATCH), ORACLE_TOLERANCE, what);
        }
      }
    }
  });

  test(`${id}: memory that grew after the kernels were made`, async () => {
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 65_536, shared: true });
    const grown = makeKernels(await compileKernels(id), memory);
    assert.equal(grown.rowsEqual(0, 64, 64), 1);
    memory.grow(1);
    const row = new Float32Array(memory.buffer, 65_536, 4);
    row.set([0, 0, 3, 0]);
    assert.equal(grown.liveMask(65_536, 4, 1), 0b100);
  });
}
