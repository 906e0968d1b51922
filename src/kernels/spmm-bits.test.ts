// Plan: with one kernel set, the bits of a row's activations do not depend on the width of its tile, on its lane,
// on the rows beside it, or on the pieces in which the columns were computed; and not on V8 joining 128-bit operations.
// wasm-relaxed fuses multiply and add and may differ from the others; wasm-simd and js round alike and must not.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { extname } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import * as fc from "fast-check";
import { makeRandom } from "../core/random.ts";
import { makeKernelMemory, runLayer } from "../testing/kernel-memory.ts";
import { BITS_BATCH, hashLayerBits, makeBitsCases } from "../testing/layer-bits.ts";
import { isExact, makeBias, makeLayer, makeRealRows, makeRealWeights } from "../testing/layer-cases.ts";
import { compileKernels, KERNEL_IDS, makeKernels } from "./catalog.ts";
import { type Kernels, TILE_LANES } from "./kernels.ts";
import { placeLayer, WEIGHT_FORMATS } from "./layer-record.ts";

const space = makeKernelMemory();
const cases = makeBitsCases(2);

const bitsOf = (values: Float32Array): Uint32Array => new Uint32Array(values.buffer, values.byteOffset, values.length);

/** Rows turned by `shift` places: row i goes to place (i + shift) mod nrows. */
function rotate<T extends Float32Array | Float64Array>(rows: T, n: number, shift: number): T {
  const turned = rows.slice() as T;
  const cut = rows.length - shift * n;
  turned.set(rows.subarray(cut), 0);
  turned.set(rows.subarray(0, cut), shift * n);
  return turned;
}

for (const id of KERNEL_IDS) {
  const kernels = makeKernels(await compileKernels(id), space.memory);

  test(`${id}: the same bits in every tile width`, () => {
    for (const { name, layer, rows } of cases) {
      const results = TILE_LANES.map((lanes) => {
        space.reset();
        const placed = placeLayer(layer, space.memory, space.allocate, name);
        return bitsOf(runLayer({ space, kernels, layer: placed, lanes, what: name }, rows, BITS_BATCH));
      });
      for (let k = 1; k < results.length; k++) {
        assert.deepEqual(results[k], results[0], `${name}: ${TILE_LANES[k]} lanes against ${TILE_LANES[0]}`);
      }
    }
  });

  test(`${id}: the same bits at every lane`, () => {
    for (const { name, layer, rows } of cases.filter((_, k) => k % 5 === 0)) {
      const { nrows, ncols } = layer.weights;
      for (const lanes of TILE_LANES) {
        const compute = (features: Float64Array): Float32Array => {
          space.reset();
          const placed = placeLayer(layer, space.memory, space.allocate, name);
          return runLayer({ space, kernels, layer: placed, lanes, what: name }, features, BITS_BATCH);
        };
        const straight = compute(rows);
        for (let shift = 1; shift < lanes; shift++) {
          const turned = compute(rotate(rows, nrows, shift));
          assert.deepEqual(
            bitsOf(turned),
            bitsOf(rotate(straight, ncols, shift)),
            `${name}: ${lanes} lanes + ${shift}`,
          );
        }
      }
    }
  });

  test(`${id}: the same bits when the columns are computed in two pieces`, () => {
    for (const { name, layer, rows } of cases.filter((_, k) => k % 5 === 1)) {
      for (const lanes of TILE_LANES) {
        const inPieces = (ends?: number[]): Uint32Array => {
          space.reset();
          const placed = placeLayer(layer, space.memory, space.allocate, name);
          return bitsOf(runLayer({ space, kernels, layer: placed, lanes, what: name }, rows, BITS_BATCH, ends));
        };
        const whole = inPieces();
        const { ncols } = layer.weights;
        for (let a = 0; a <= ncols; a++)
          assert.deepEqual(inPieces([a, ncols]), whole, `${name}: ${lanes} lanes, cut ${a}`);
      }
    }
  });

  test(`${id}: random layers have the same bits in any width and any pieces`, () => {
    const parameters = fc.record({
      seed: fc.nat(),
      nrows: fc.integer({ min: 1, max: 200 }),
      ncols: fc.integer({ min: 1, max: 60 }),
      density: fc.double({ min: 0.05, max: 1, noNaN: true }),
      format: fc.constantFrom(...WEIGHT_FORMATS),
      lanes: fc.constantFrom(...TILE_LANES),
      cuts: fc.array(fc.integer({ min: 0, max: 60 }), { maxLength: 4 }),
    });
    fc.assert(
      fc.property(parameters, (c) => {
        const random = makeRandom(c.seed);
        const shape = { name: "random", nrows: c.nrows, ncols: c.ncols, density: () => c.density };
        const weights = makeRealWeights(shape, c.format, random);
        fc.pre(weights !== null);
        const layer = makeLayer(weights, makeBias("single", c.ncols, random), { kind: "tanh" }, "stored");
        const rows = makeRealRows(33, c.nrows, random);
        const compute = (lanes: number, ends: number[]): Uint32Array => {
          space.reset();
          const placed = placeLayer(layer, space.memory, space.allocate, "layer");
          return bitsOf(runLayer({ space, kernels, layer: placed, lanes, what: JSON.stringify(c) }, rows, 33, ends));
        };
        const ends = [...c.cuts.map((cut) => Math.min(cut, c.ncols)).toSorted((a, b) => a - b), c.ncols];
        assert.deepEqual(compute(c.lanes, ends), compute(1, [c.ncols]));
      }),
      { seed: 11, numRuns: 100 },
    );
  });
}

test("wasm-simd and js compute equal sums", async () => {
  const sets: Kernels[] = [];
  for (const id of ["wasm-simd", "js"] as const) sets.push(makeKernels(await compileKernels(id), space.memory));
  for (const { name, layer, rows } of cases.filter((c) => isExact(c.layer.rule.activation))) {
    const [simd, js] = sets.map((kernels) => {
      space.reset();
      const placed = placeLayer(layer, space.memory, space.allocate, name);
      // Adding 0 makes a negative zero a positive one: the sets may differ in that.
      return runLayer({ space, kernels, layer: placed, lanes: 16, what: name }, rows, BITS_BATCH).map((v) => v + 0);
    });
    assert.deepEqual(bitsOf(simd), bitsOf(js), name);
  }
});

// Optimised from the first call on (--no-liftoff): the 256-bit operations come only from the optimising compiler.
const REVECTORIZE = ["--experimental-wasm-revectorize", "--no-liftoff"];

for (const id of KERNEL_IDS) {
  test(`${id}: the same bits in a process with ${REVECTORIZE.join(" ")}`, async () => {
    const here = import.meta.filename;
    const script = fileURLToPath(new URL(`../testing/layer-bits${extname(here)}`, import.meta.url));
    const output = execFileSync(process.execPath, [...REVECTORIZE, script, id, "5"], { encoding: "utf8" });
    assert.equal(output.trim(), await hashLayerBits(id, 5));
  });
}

test(`the conformance suite passes in a process with ${REVECTORIZE.join(" ")}`, () => {
  const suite = fileURLToPath(new URL(`./spmm.test${extname(import.meta.filename)}`, import.meta.url));
  // Without the runner's own variable the child is an ordinary process whose exit status tells.
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const output = execFileSync(process.execPath, [...REVECTORIZE, suite], { encoding: "utf8", env });
  assert.match(output, /\bfail 0\b/);
});
