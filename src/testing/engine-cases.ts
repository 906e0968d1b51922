// Networks and inputs for tests of the engine, each with the answer of the float64 oracle. Most weights, biases and
// features are small multiples of powers of two, so that f32 and float64 agree on which sums are zero. Where sums are
// rounded, `checkAwayFromThresholds` fails for a case in which rounding could decide whether a row is all zero.

import assert from "node:assert/strict";
import { makeRandom, type Random } from "../core/random.ts";
import { radixNetLayers } from "../data/generate/radix-net.ts";
import type { InferenceResult } from "../engine/result.ts";
import type { WeightFormat } from "../kernels/layer-record.ts";
import { categoriesOf } from "../network/categories.ts";
import type { Activation, BiasRule } from "../network/layer-rule.ts";
import { type Layer, makeNetwork, type Network } from "../network/network.ts";
import { inferLayerOracle } from "../network/oracle.ts";
import { copyDenseRows, sliceCsrRows } from "../sparse/convert.ts";
import { type CsrMatrix, makeIndexArray } from "../sparse/matrix.ts";
import { makeExactRows, makeRealRows, makeWeights, makeRealWeights, type Shape } from "./layer-cases.ts";
import { assertWithin, ORACLE_TOLERANCE } from "./tolerance.ts";

/** Rows of every case; smaller inputs are its first rows. */
export const CASE_ROWS = 500;
/** Empty, one, and both sides of every tile width, and more than one batch. */
export const ROW_COUNTS: readonly number[] = [0, 1, 3, 4, 5, 15, 16, 17, 31, 32, 33, 100, CASE_ROWS];
/** Rounding changes no sum of these cases by as much as this. */
const THRESHOLD_MARGIN = 1e-5;
/** Not -0.3: rows of one value would meet the threshold exactly, since 8 x 9/16 = 15 x 0.3. */
const CHALLENGE_BIAS = -0.3173;

export interface EngineCase {
  readonly name: string;
  readonly network: Network;
  readonly inputs: CsrMatrix;
  /** Activations after every layer, CASE_ROWS x neurons, row-major float64; the last is the answer. */
  readonly oracle: readonly Float64Array[];
}

const CLIP: Activation = { kind: "clipped-relu", low: 0, high: 32 };
const RELU: Activation = { kind: "relu" };

interface LayerSketch {
  readonly ncols: number;
  readonly format?: WeightFormat;
  readonly activation?: Activation;
  readonly biasRule?: BiasRule;
  /** One number, or a function of the neuron. */
  readonly bias?: number | ((j: number) => number);
  readonly density?: (j: number) => number;
  readonly isReal?: boolean;
}

interface CaseSketch {
  readonly name: string;
  readonly inputs: number;
  readonly layers: readonly LayerSketch[];
  readonly isReal?: boolean;
}

const mixedBias = (j: number): number => ((j % 9) - 4) / 4;

function repeat(count: number, sketch: LayerSketch): LayerSketch[] {
  return Array.from({ length: count }, () => sketch);
}

const SKETCHES: readonly CaseSketch[] = [
  {
    name: "changing widths, few-valued, stored rule with biases of both signs",
    inputs: 17,
    layers: [33, 5, 64].map((ncols) => ({ ncols, format: "codebook" as const, bias: mixedBias })),
  },
  {
    name: "general weights, bias everywhere and positive: no row may be dropped",
    inputs: 24,
    layers: [40, 24, 12].map((ncols) => ({
      ncols,
      format: "general" as const,
      biasRule: "all" as const,
      activation: RELU,
      bias: (j: number) => (j % 3) / 4,
    })),
  },
  {
    name: "equal weights, unequal and empty columns and rows",
    inputs: 32,
    layers: repeat(4, { ncols: 32, format: "uniform", bias: -0.25, density: (j) => (j % 5 === 0 ? 0 : (j % 7) / 7) }),
  },
  {
    name: "real weights, one layer",
    inputs: 48,
    isReal: true,
    layers: [{ ncols: 31, format: "general", activation: RELU, biasRule: "all", bias: -0.5 }],
  },
  {
    name: "leaky ReLU, sigmoid, tanh, softmax",
    inputs: 20,
    layers: [
      { ncols: 16, format: "codebook", activation: { kind: "leaky-relu", slope: 0.25 }, bias: mixedBias },
      { ncols: 40, format: "codebook", activation: { kind: "sigmoid" }, biasRule: "all", bias: -0.25 },
      { ncols: 12, format: "general", activation: { kind: "tanh" }, biasRule: "all", bias: mixedBias },
      { ncols: 10, format: "uniform", activation: { kind: "softmax" }, biasRule: "all", bias: mixedBias },
    ],
  },
  {
    name: "identity without bias: rows die by having no entries alone",
    inputs: 19,
    layers: repeat(3, { ncols: 19, format: "codebook", activation: { kind: "identity" }, bias: 0, biasRule: "all" }),
  },
  {
    name: "bounds -1 and 1.5",
    inputs: 16,
    layers: repeat(4, {
      ncols: 16,
      format: "codebook",
      activation: { kind: "clipped-relu", low: -1, high: 1.5 },
      bias: mixedBias,
    }),
  },
  {
    name: "lower bound above zero: rows of zeros come alive",
    inputs: 9,
    layers: [
      { ncols: 9, format: "uniform", bias: -0.25 },
      { ncols: 7, format: "uniform", activation: { kind: "clipped-relu", low: 0.5, high: 2 }, bias: -0.25 },
    ],
  },
  {
    name: "tanh, no bias",
    inputs: 18,
    layers: repeat(3, { ncols: 18, format: "codebook", activation: { kind: "tanh" }, bias: 0, biasRule: "all" }),
  },
  {
    name: "rows of zeros come alive in the first layer, may be dropped after it",
    inputs: 16,
    layers: [
      { ncols: 24, format: "codebook", activation: CLIP, biasRule: "all", bias: (j) => (j === 3 ? 0.5 : -0.5) },
      ...repeat(9, { ncols: 24, format: "codebook", activation: CLIP, biasRule: "all", bias: -0.75 }),
    ],
  },
  {
    name: "rows of zeros come alive in the last layer only",
    inputs: 16,
    layers: [
      ...repeat(6, { ncols: 16, format: "uniform", activation: CLIP, biasRule: "all", bias: -0.5 }),
      { ncols: 6, format: "codebook", activation: CLIP, biasRule: "all", bias: (j) => (j === 5 ? 0.25 : -1) },
    ],
  },
  {
    name: "no weights at all, bias everywhere: all rows become equal",
    inputs: 8,
    layers: repeat(6, { ncols: 8, format: "uniform", density: () => 0, biasRule: "all", bias: (j) => j / 4 }),
  },
  { name: "one neuron", inputs: 1, layers: repeat(2, { ncols: 1, format: "uniform", density: () => 1, bias: 0.5 }) },
];

/** All cases; the same every time. */
export function makeEngineCases(): EngineCase[] {
  return [
    ...SKETCHES.map((sketch, k) => makeCase(sketch, makeRandom(4000 + k))),
    makeChallengeCase(10),
    makeVariedCase(),
  ];
}

/** A small network of the challenge's kind: rows die, and become equal, layer by layer. */
export function makeChallengeCase(layers: number): EngineCase {
  const network = makeNetwork([
    ...radixNetLayers({ neurons: 64, layers, seed: 5, permute: true, bias: CHALLENGE_BIAS }),
  ]);
  return finishCase(`RadiX-Net 64 x ${layers}`, network, makeSparseRows(64), false);
}

/** A RadiX-Net whose rows never become equal in all neurons, as those of the challenge do: what is misplaced shows. */
export function makeVariedCase(): EngineCase {
  const random = makeRandom(6);
  const network = makeNetwork(
    [...radixNetLayers({ neurons: 64, layers: 12, seed: 5, permute: true })].map(({ weights }) => ({
      weights: { ...weights, values: Float32Array.of(1 / 32) },
      bias: Float32Array.from({ length: 64 }, () => random.next() - 0.3),
      rule: { activation: RELU, biasRule: "stored" },
    })),
  );
  return finishCase("RadiX-Net 64 x 12, a bias a neuron", network, makeSparseRows(64), false);
}

/** Rows of ones, between hardly any and a third of the features. */
function makeSparseRows(n: number): Float64Array {
  const random = makeRandom(99);
  const share = Array.from({ length: CASE_ROWS }, () => 0.02 + 0.3 * random.next());
  const rows = Float64Array.from({ length: CASE_ROWS * n }, (_, p) =>
    random.next() < share[Math.floor(p / n)] ? 1 : 0,
  );
  return withRepeats(rows, n);
}

function makeCase(sketch: CaseSketch, random: Random): EngineCase {
  let nrows = sketch.inputs;
  const layers = sketch.layers.map((layer): Layer => {
    const shape: Shape = { name: "", nrows, ncols: layer.ncols, density: layer.density ?? ((j) => 0.2 + (j % 4) / 10) };
    const make = sketch.isReal === true ? makeRealWeights : makeWeights;
    const weights = make(shape, layer.format ?? "codebook", random);
    if (weights === null) throw new Error(`${sketch.name}: too few weights for ${layer.format}`);
    nrows = layer.ncols;
    const { bias = 0 } = layer;
    return {
      weights,
      bias:
        typeof bias === "number"
          ? Float32Array.of(bias)
          : Float32Array.from({ length: layer.ncols }, (_, j) => bias(j)),
      rule: { activation: layer.activation ?? CLIP, biasRule: layer.biasRule ?? "stored" },
    };
  });
  const makeRows = sketch.isReal === true ? makeRealRows : makeExactRows;
  const rows = makeRows(CASE_ROWS, sketch.inputs, random);
  return finishCase(sketch.name, makeNetwork(layers), withRepeats(rows, sketch.inputs), sketch.isReal !== true);
}

/** Every seventh row becomes all zeros, every fifth a copy of one before it. Shape: CASE_ROWS x n. */
function withRepeats(rows: Float64Array, n: number): Float64Array {
  for (let row = 0; row < CASE_ROWS; row++) {
    if (row % 7 === 6) rows.fill(0, row * n, (row + 1) * n);
    else if (row % 5 === 4) rows.copyWithin(row * n, (row >> 1) * n, ((row >> 1) + 1) * n);
  }
  return rows;
}

function finishCase(name: string, network: Network, rows: Float64Array, isExact: boolean): EngineCase {
  const inputs = storeRows(rows, network.inputs);
  let current = copyDenseRows(inputs, 0, CASE_ROWS);
  const oracle = network.layers.map((layer) => {
    const next = inferLayerOracle(layer, current, CASE_ROWS);
    if (!isExact) checkAwayFromThresholds(name, layer, current, next);
    current = next;
    return next;
  });
  return { name, network, inputs, oracle };
}

/** CSR of dense rows; the zeros of every eleventh row are stored, which must change nothing. */
function storeRows(rows: Float64Array, n: number): CsrMatrix {
  const cols: number[] = [];
  const values: number[] = [];
  const rowPtr = new Uint32Array(CASE_ROWS + 1);
  for (let row = 0; row < CASE_ROWS; row++) {
    for (let k = 0; k < n; k++) {
      const value = rows[row * n + k];
      if (value === 0 && row % 11 !== 10) continue;
      cols.push(k);
      values.push(value);
    }
    rowPtr[row + 1] = cols.length;
  }
  const colIdx = makeIndexArray(cols.length, n);
  colIdx.set(cols);
  return { format: "csr", nrows: CASE_ROWS, ncols: n, rowPtr, colIdx, values: Float32Array.from(values) };
}

/** Fails unless the same rows are all zero when every bias is a little higher, and a little lower. */
function checkAwayFromThresholds(name: string, layer: Layer, rows: Float64Array, expected: Float64Array): void {
  const m = layer.weights.ncols;
  const live = [...categoriesOf(expected, CASE_ROWS, m)];
  for (const shift of [THRESHOLD_MARGIN, -THRESHOLD_MARGIN]) {
    const shifted = inferLayerOracle({ ...layer, bias: layer.bias.map((b) => b + shift) }, rows, CASE_ROWS);
    assert.deepEqual([...categoriesOf(shifted, CASE_ROWS, m)], live, `case "${name}" is too near to a threshold`);
  }
}

/** The first `nrows` rows of a case. */
export function takeInputs(given: EngineCase, nrows: number): CsrMatrix {
  return sliceCsrRows(given.inputs, 0, nrows);
}

/** All final activations that a result kept, nrows x outputs. */
export function activationsOf(result: InferenceResult): Float32Array {
  const all = new Float32Array(result.nrows * result.outputs);
  for (let row = 0; row < result.nrows; row++) all.set(result.activations(row), row * result.outputs);
  return all;
}

/** Categories exactly, and activations, where they were kept, within the promised tolerance of the oracle. */
export function assertMatchesOracle(given: EngineCase, result: InferenceResult, what: string): void {
  const { nrows } = result;
  const { outputs } = given.network;
  const expected = given.oracle[given.oracle.length - 1].subarray(0, nrows * outputs);
  assert.deepEqual([...result.categories], [...categoriesOf(expected, nrows, outputs)], `${what}: categories`);
  if (!result.figures.settings.keepActivations) return;
  assertWithin(activationsOf(result), expected, ORACLE_TOLERANCE, what, outputs);
}
