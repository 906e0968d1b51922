// Plan: every kernel set x tile width x index width x weight format x bias rule x activation x bias shape x layer shape
// against the float64 oracle, second passes included. Sums of these layers are exact in f32, so all but the
// transcendental activations must agree to the last bit. Every call is guarded: nothing may be written outside its columns.
// Named edges (cancellation, -bias, the clip's bounds) and values that are not exact follow at the end.
// Not here: equality of bits between tile widths (spmm-bits.test.ts), NaN and infinity (special-values.test.ts).

import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { makeRandom } from "../core/random.ts";
import { BIAS_RULES, type BiasRule } from "../network/layer-rule.ts";
import type { Layer } from "../network/network.ts";
import { inferLayerOracle } from "../network/oracle.ts";
import { makeKernelMemory, runLayer } from "../testing/kernel-memory.ts";
import {
  ACTIVATIONS,
  BIAS_SHAPES,
  isExact,
  makeBias,
  makeExactRows,
  makeLayer,
  makeRealRows,
  makeRealWeights,
  makeWeights,
  SHAPES,
  widenIndices,
} from "../testing/layer-cases.ts";
import { assertWithin, ORACLE_TOLERANCE } from "../testing/tolerance.ts";
import { compileKernels, KERNEL_IDS, type KernelId, makeKernels } from "./catalog.ts";
import { TILE_LANES } from "./kernels.ts";
import { placeLayer, WEIGHT_FORMATS, type WeightFormat } from "./layer-record.ts";

// Two full tiles of 16 and one row more; one full tile of 32 and one of a single row.
const BATCH = 33;
const EXACT = { relative: 0, absolute: 0 };

interface Case {
  readonly name: string;
  readonly format: WeightFormat;
  readonly layer: Layer;
  readonly rows: Float64Array;
  readonly expected: Float64Array;
}

const cases: readonly Case[] = makeCases();

function makeCases(): Case[] {
  const random = makeRandom(1);
  const made: Case[] = [];
  for (const format of WEIGHT_FORMATS) {
    for (const shape of SHAPES) {
      const weights = makeWeights(shape, format, random);
      if (weights === null) continue;
      const rows = makeExactRows(BATCH, shape.nrows, random);
      for (const biasShape of BIAS_SHAPES) {
        for (const biasRule of BIAS_RULES) {
          for (const activation of ACTIVATIONS) {
            const layer = makeLayer(weights, makeBias(biasShape, shape.ncols, random), activation, biasRule);
            const name = `${shape.name}, ${format}, ${biasRule} ${biasShape} bias, ${JSON.stringify(activation)}`;
            made.push({ name, format, layer, rows, expected: inferLayerOracle(layer, rows, BATCH) });
          }
        }
      }
    }
  }
  return made;
}

const space = makeKernelMemory();

for (const id of KERNEL_IDS) {
  const compiled = await compileKernels(id);
  const kernels = makeKernels(compiled, space.memory);
  for (const lanes of TILE_LANES) {
    for (const idxBytes of [2, 4]) {
      test(`${id}, ${lanes} lanes, ${idxBytes}-byte indices: every layer equals the oracle`, () => {
        for (const { name, format, layer, rows, expected } of cases) {
          space.reset();
          const placed = placeLayer(idxBytes === 2 ? layer : widenIndices(layer), space.memory, space.allocate, name);
          assert.equal(placed.weightFormat, format, name);
          const actual = runLayer({ space, kernels, layer: placed, lanes, what: name }, rows, BATCH);
          const tolerance = isExact(layer.rule.activation) ? EXACT : ORACLE_TOLERANCE;
          assertWithin(actual, expected, tolerance, name, layer.weights.ncols);
        }
      });
    }
  }
}

test("the table holds every weight format, zeros by cancellation, sums equal to -bias, and clipped values", () => {
  for (const format of WEIGHT_FORMATS) assert.ok(cases.some((c) => c.format === format));
  let cancelled = 0;
  let atMinusBias = 0;
  let clipped = 0;
  for (const { layer, rows, expected } of cases) {
    const { weights, bias, rule } = layer;
    if (rule.activation.kind !== "clipped-relu" || rule.activation.high !== 32) continue;
    for (const value of expected) if (value === 32) clipped++;
    for (let j = 0; j < weights.ncols; j++) {
      const b = bias.length === 1 ? bias[0] : bias[j];
      for (let i = 0; i < BATCH; i++) {
        const { z, terms } = sumOf(layer, rows, i, j);
        if (z === 0 && terms > 1) cancelled++;
        if (z === -b && b !== 0) atMinusBias++;
      }
    }
  }
  assert.ok(cancelled > 20 && atMinusBias > 20 && clipped > 20, `${cancelled}, ${atMinusBias}, ${clipped}`);
});

function sumOf({ weights }: Layer, rows: Float64Array, i: number, j: number): { z: number; terms: number } {
  let z = 0;
  let terms = 0;
  for (let p = weights.colPtr[j]; p < weights.colPtr[j + 1]; p++) {
    const y = rows[i * weights.nrows + weights.rowIdx[p]];
    z += y * (weights.values.length === 1 ? weights.values[0] : weights.values[p]);
    if (y !== 0) terms++;
  }
  return { z, terms };
}

interface Edge {
  readonly name: string;
  readonly weights: readonly number[];
  /** 1 and 2 by default. */
  readonly features?: readonly number[];
  readonly bias: number;
  readonly rule: BiasRule;
  readonly expected: number;
}

const EIGHT = [0, 1, 2, 3, 4, 5, 6, 7];

// One column each, clipped to 0..32.
const EDGES: readonly Edge[] = [
  { name: "control", weights: [1, 1], bias: -0.5, rule: "stored", expected: 2.5 },
  { name: "Z is 0 by cancellation, bias not added", weights: [1, -0.5], bias: 0.5, rule: "stored", expected: 0 },
  { name: "Z is 0 by cancellation, bias added", weights: [1, -0.5], bias: 0.5, rule: "all", expected: 0.5 },
  {
    name: "opposite products that must be rounded cancel, bias not added",
    weights: [0.1, -0.1],
    features: [0.7, 0.7],
    bias: 0.5,
    rule: "stored",
    expected: 0,
  },
  {
    name: "the same with weights from a codebook",
    weights: EIGHT.map((k) => (k % 2 === 0 ? 0.1 : -0.1)),
    features: EIGHT.map((k) => 0.7 + Math.floor(k / 2)),
    bias: 0.5,
    rule: "stored",
    expected: 0,
  },
  { name: "Z is -bias", weights: [1.5, -0.5], bias: -0.5, rule: "stored", expected: 0 },
  { name: "exactly 32", weights: [2, 15.25], bias: -0.5, rule: "stored", expected: 32 },
  { name: "just below 32", weights: [2, 15.249998092651367], bias: -0.5, rule: "stored", expected: 31.999996185302734 },
  { name: "just above 32", weights: [2, 15.250001907348633], bias: -0.5, rule: "stored", expected: 32 },
  { name: "far above 32", weights: [1e9, 1e30], bias: -0.5, rule: "stored", expected: 32 },
  { name: "negative", weights: [-1, -1], bias: -0.5, rule: "stored", expected: 0 },
] as const;

for (const id of KERNEL_IDS) {
  const kernels = makeKernels(await compileKernels(id), space.memory);
  for (const edge of EDGES) {
    test(`${id}: ${edge.name}`, () => {
      const nnz = edge.weights.length;
      const weights = {
        format: "csc",
        nrows: nnz,
        ncols: 1,
        colPtr: Uint32Array.of(0, nnz),
        rowIdx: Uint16Array.from({ length: nnz }, (_, k) => k),
        values: Float32Array.from(edge.weights),
      } as const;
      const layer = makeLayer(
        weights,
        Float32Array.of(edge.bias),
        { kind: "clipped-relu", low: 0, high: 32 },
        edge.rule,
      );
      for (const lanes of TILE_LANES) {
        space.reset();
        const placed = placeLayer(layer, space.memory, space.allocate, edge.name);
        const actual = runLayer({ space, kernels, layer: placed, lanes, what: edge.name }, edge.features ?? [1, 2], 1);
        assert.equal(actual[0], edge.expected, `${lanes} lanes`);
      }
    });
  }

  // Rule "all" only: whether a sum that is not exact ends at zero depends on rounding, and `stored` jumps there.
  test(`${id}: weights as trained ones are within 1e-4 of the oracle`, () => {
    const parameters = fc.record({
      seed: fc.nat(),
      nrows: fc.integer({ min: 1, max: 80 }),
      ncols: fc.integer({ min: 1, max: 40 }),
      density: fc.double({ min: 0, max: 1, noNaN: true }),
      format: fc.constantFrom(...WEIGHT_FORMATS),
      activation: fc.constantFrom(...ACTIVATIONS),
      lanes: fc.constantFrom(...TILE_LANES),
      wide: fc.boolean(),
      nrowsOfBatch: fc.integer({ min: 1, max: 40 }),
    });
    fc.assert(
      fc.property(parameters, (c) => {
        const random = makeRandom(c.seed);
        const shape = { name: "random", nrows: c.nrows, ncols: c.ncols, density: () => c.density };
        const weights = makeRealWeights(shape, c.format, random);
        fc.pre(weights !== null);
        const made = makeLayer(weights, makeBias("per neuron", c.ncols, random), c.activation, "all");
        const layer = c.wide ? widenIndices(made) : made;
        const rows = makeRealRows(c.nrowsOfBatch, c.nrows, random);
        space.reset();
        const placed = placeLayer(layer, space.memory, space.allocate, "layer");
        const what = JSON.stringify(c);
        const actual = runLayer({ space, kernels, layer: placed, lanes: c.lanes, what }, rows, c.nrowsOfBatch);
        assertWithin(actual, inferLayerOracle(layer, rows, c.nrowsOfBatch), ORACLE_TOLERANCE, what, c.ncols);
      }),
      { seed: 7, numRuns: 150 },
    );
  });

  test(`${id}: softmax over 65536 neurons keeps the tolerance`, () => {
    const ncols = 65_536;
    const random = makeRandom(3);
    const shape = { name: "no inputs", nrows: 0, ncols, density: () => 0 };
    const weights = makeWeights(shape, "uniform", random);
    assert.ok(weights !== null);
    const bias = Float32Array.from({ length: ncols }, () => random.next() - 1.3);
    const layer = makeLayer(weights, bias, { kind: "softmax" }, "all");
    space.reset();
    const placed = placeLayer(layer, space.memory, space.allocate, "layer");
    const actual = runLayer({ space, kernels, layer: placed, lanes: 1, what: "softmax" }, [], 1);
    assertWithin(actual, inferLayerOracle(layer, new Float64Array(0), 1), { relative: 1e-4, absolute: 0 }, "softmax");
  });
}

test("the kernel ids name distinct sets", () => {
  assert.equal(new Set<KernelId>(KERNEL_IDS).size, KERNEL_IDS.length);
});
