// Layers and rows for kernel tests. Weights, biases and features are small multiples of powers of two, so that every
// sum is exact in f32 and in float64: zeros by cancellation, sums equal to -bias and values at the clip bounds happen
// often and on both sides alike. `makeRealLayer` is the opposite: weights as a trained network has them.

import type { Random } from "../core/random.ts";
import type { WeightFormat } from "../kernels/layer-record.ts";
import type { Activation, BiasRule } from "../network/layer-rule.ts";
import type { Layer } from "../network/network.ts";
import { type CscMatrix, makeIndexArray } from "../sparse/matrix.ts";

export interface Shape {
  readonly name: string;
  readonly nrows: number;
  readonly ncols: number;
  /** Share of stored entries in column j. */
  readonly density: (j: number) => number;
  /** Input neurons that no column reads. */
  readonly isEmptyRow?: (k: number) => boolean;
}

const half = (): number => 0.5;

export const SHAPES: readonly Shape[] = [
  { name: "1 x 1", nrows: 1, ncols: 1, density: () => 1 },
  { name: "no inputs", nrows: 0, ncols: 4, density: half },
  { name: "no neurons", nrows: 4, ncols: 0, density: half },
  { name: "no entries", nrows: 5, ncols: 5, density: () => 0 },
  { name: "3 x 4", nrows: 3, ncols: 4, density: () => 1 },
  { name: "4 x 3", nrows: 4, ncols: 3, density: half },
  { name: "5 x 1", nrows: 5, ncols: 1, density: () => 1 },
  { name: "1 x 5", nrows: 1, ncols: 5, density: half },
  { name: "empty columns", nrows: 15, ncols: 17, density: (j) => (j % 3 === 1 ? 0 : 0.5) },
  { name: "empty rows", nrows: 16, ncols: 16, density: half, isEmptyRow: (k) => k % 4 === 0 || k > 12 },
  { name: "unequal columns", nrows: 33, ncols: 15, density: (j) => j / 14 },
  { name: "one dense column", nrows: 33, ncols: 33, density: (j) => (j === 16 ? 1 : 0.06) },
  { name: "dense", nrows: 17, ncols: 33, density: () => 1 },
];

export const ACTIVATIONS: readonly Activation[] = [
  { kind: "clipped-relu", low: 0, high: 32 },
  { kind: "clipped-relu", low: -1, high: 1.5 },
  { kind: "relu" },
  { kind: "leaky-relu", slope: 0.01 },
  { kind: "sigmoid" },
  { kind: "tanh" },
  { kind: "identity" },
  { kind: "softmax" },
];

/** True when activation(exact sum) needs no rounding, so that f32 and float64 must agree to the last bit. */
export function isExact(activation: Activation): boolean {
  return activation.kind === "clipped-relu" || activation.kind === "relu" || activation.kind === "identity";
}

export const BIAS_SHAPES = ["single", "per neuron"] as const;
export type BiasShape = (typeof BIAS_SHAPES)[number];

/** Fewest entries that the placement stores in the format (layer-record.ts: a codebook pays from 4 entries a code). */
export const FEWEST_ENTRIES: Record<WeightFormat, number> = { uniform: 0, codebook: 8, general: 2 };

/** The pattern of a shape with weights that are stored in `format`; null when it has too few entries for it. */
export function makeWeights(shape: Shape, format: WeightFormat, random: Random): CscMatrix | null {
  const { nrows, ncols } = shape;
  const colPtr = new Uint32Array(ncols + 1);
  const entries: number[] = [];
  for (let j = 0; j < ncols; j++) {
    for (let k = 0; k < nrows; k++) {
      if (shape.isEmptyRow?.(k) !== true && random.next() < shape.density(j)) entries.push(k);
    }
    colPtr[j + 1] = entries.length;
  }
  const nnz = entries.length;
  if (nnz < FEWEST_ENTRIES[format]) return null;
  const rowIdx = makeIndexArray(nnz, nrows);
  rowIdx.set(entries);
  return { format: "csc", nrows, ncols, colPtr, rowIdx, values: makeValues(nnz, format, random) };
}

function makeValues(nnz: number, format: WeightFormat, random: Random): Float32Array {
  if (format === "uniform") return Float32Array.of(random.next() < 0.5 ? 1 / 16 : -0.25);
  if (format === "codebook") {
    const codes = nnz < 16 ? [0.5, -0.5] : [0.5, -0.5, 1 / 16, 1];
    return Float32Array.from({ length: nnz }, (_, p) =>
      p < codes.length ? codes[p] : codes[random.below(codes.length)],
    );
  }
  // Every entry another one: more values than a codebook holds, or than it pays for.
  return Float32Array.from({ length: nnz }, (_, p) => ((p % 2 === 0 ? 1 : -1) * (p + 1)) / 512);
}

/** Biases of both signs and zero, multiples of 1/4. */
export function makeBias(biasShape: BiasShape, ncols: number, random: Random): Float32Array {
  if (biasShape === "single") return Float32Array.of(random.next() < 0.5 ? -0.25 : 0.5);
  return Float32Array.from({ length: ncols === 0 ? 1 : ncols }, () => (random.below(9) - 4) / 4);
}

export function makeLayer(weights: CscMatrix, bias: Float32Array, activation: Activation, biasRule: BiasRule): Layer {
  return { weights, bias, rule: { activation, biasRule } };
}

/** The same layer with 32-bit indices. */
export function widenIndices(layer: Layer): Layer {
  return { ...layer, weights: { ...layer.weights, rowIdx: Uint32Array.from(layer.weights.rowIdx) } };
}

/** Rows of multiples of 1/4: four in ten are zeros, some negative; row 1 is all zeros. Shapes: nrows x n, row-major. */
export function makeExactRows(nrows: number, n: number, random: Random): Float64Array {
  return Float64Array.from({ length: nrows * n }, (_, p) => {
    const value = random.next() < 0.4 ? 0 : (random.below(40) - 8) / 4;
    return Math.floor(p / n) === 1 ? 0 : value;
  });
}

/** Rows of f32 normal deviates. */
export function makeRealRows(nrows: number, n: number, random: Random): Float64Array {
  return Float64Array.from({ length: nrows * n }, () => Math.fround(random.normal()));
}

/** A layer with weights of normal deviates: drawn from 16 of them (codebook), one (uniform) or all different. */
export function makeRealWeights(shape: Shape, format: WeightFormat, random: Random): CscMatrix | null {
  const weights = makeWeights(shape, format, random);
  if (weights === null) return null;
  const drawn = new Map<number, number>();
  const values = weights.values.map((value) => {
    if (!drawn.has(value)) drawn.set(value, Math.fround(random.normal()));
    return drawn.get(value) ?? 0;
  });
  return { ...weights, values };
}

/** The matrix `times` times side by side: columns j, j + ncols, j + 2 ncols ... are equal. */
export function repeatColumns(weights: CscMatrix, times: number): CscMatrix {
  const { nrows, ncols, colPtr, rowIdx, values } = weights;
  const nnz = rowIdx.length;
  const repeated = Uint32Array.from({ length: ncols * times + 1 }, (_, j) =>
    ncols === 0 ? 0 : Math.floor(j / ncols) * nnz + colPtr[j % ncols],
  );
  const indices = makeIndexArray(nnz * times, nrows);
  for (let t = 0; t < times; t++) indices.set(rowIdx, t * nnz);
  const isUniform = values.length === 1;
  const all = isUniform ? values : new Float32Array(nnz * times);
  if (!isUniform) for (let t = 0; t < times; t++) all.set(values, t * nnz);
  return { format: "csc", nrows, ncols: ncols * times, colPtr: repeated, rowIdx: indices, values: all };
}

/** Orders in which the columns of a repeated matrix may be taken: equal ones in turn, backwards, and shuffled. */
export function columnOrders(ncols: number, times: number, random: Random): { name: string; order: Uint32Array }[] {
  const all = ncols * times;
  const shuffled = Uint32Array.from({ length: all }, (_, j) => j);
  for (let j = all - 1; j > 0; j--) {
    const k = random.below(j + 1);
    [shuffled[j], shuffled[k]] = [shuffled[k], shuffled[j]];
  }
  return [
    { name: "equal columns in turn", order: shuffled.map((_, t) => (t % times) * ncols + Math.floor(t / times)) },
    { name: "backwards", order: shuffled.map((_, t) => all - 1 - t) },
    { name: "shuffled", order: shuffled },
  ];
}
