// Random sparse layers for tests and studies: any density, balanced or not, every weight kind that kernels tell apart,
// every layer rule. Weights are scaled so that activations neither vanish nor explode over many layers.

import { checkChoice, checkFloat32, checkInteger } from "../../core/checks.ts";
import { UsageError } from "../../core/errors.ts";
import { makeRandom, type Random } from "../../core/random.ts";
import {
  ACTIVATION_KINDS,
  type Activation,
  BIAS_RULES,
  type BiasRule,
  type LayerRule,
} from "../../network/layer-rule.ts";
import type { Layer } from "../../network/network.ts";
import type { CscMatrix } from "../../sparse/matrix.ts";
import { drawIndexSets, pointersOf } from "./random-entries.ts";
import { LENGTH_SHAPES, type LengthShape, makeLengths } from "./random-lengths.ts";

/** `equal`: one positive value, 1 / mean length. `few`: one of FEW_LEVELS, scaled. `general`: normal, scaled. */
export const RANDOM_WEIGHTS = ["equal", "few", "general"] as const;
export type RandomWeights = (typeof RANDOM_WEIGHTS)[number];

/** `zero` and `single` have one number for all neurons, `per-neuron` one each; normal, of deviation BIAS_DEVIATION. */
export const RANDOM_BIASES = ["zero", "single", "per-neuron"] as const;
export type RandomBias = (typeof RANDOM_BIASES)[number];

/** The middles of eight equally likely parts of the normal distribution, scaled to variance 1. */
export const FEW_LEVELS: readonly number[] = [-1.663, -0.962, -0.53, -0.17, 0.17, 0.53, 0.962, 1.663];
const BIAS_DEVIATION = 0.1;
const MAX_NEURONS = 2 ** 24;
const MAX_LAYERS = 1_000_000;
/** Column pointers are 32-bit. */
const MAX_NNZ = 2 ** 32 - 1;

/** Size, density, weights and rule of a random network. */
export interface RandomLayersOptions {
  /** Features of an input row: rows of the first layer's matrix. */
  readonly inputs: number;
  /** Neurons of every layer. */
  readonly neurons: number;
  readonly layers: number;
  /** Share of stored weights, 0 to 1. Give this or nnzPerColumn. */
  readonly density?: number | undefined;
  /** Mean number of weights into a neuron. */
  readonly nnzPerColumn?: number | undefined;
  readonly weights: RandomWeights;
  readonly columnLengths: LengthShape;
  /** Columns in order of length, the longest first: the worst case of a plain split of the neurons. */
  readonly sorted?: boolean | undefined;
  readonly biasRule: BiasRule;
  /** Softmax is given to the last layer only; the others then have ReLU. */
  readonly activation: Activation;
  /** By default `per-neuron`. */
  readonly bias?: RandomBias | undefined;
  readonly seed: number;
}

/** @throws UsageError for an option out of range. */
export function checkRandomLayers(options: RandomLayersOptions): void {
  checkInteger(options.inputs, 1, MAX_NEURONS, "inputs");
  checkInteger(options.neurons, 1, MAX_NEURONS, "neurons");
  checkInteger(options.layers, 1, MAX_LAYERS, "layers");
  checkInteger(options.seed, 0, 2 ** 32 - 1, "seed");
  checkChoice(options.weights, RANDOM_WEIGHTS, "weights");
  checkChoice(options.columnLengths, LENGTH_SHAPES, "columnLengths");
  checkChoice(options.biasRule, BIAS_RULES, "biasRule");
  checkChoice(options.activation.kind, ACTIVATION_KINDS, "activation");
  checkChoice(options.bias ?? "per-neuron", RANDOM_BIASES, "bias");
  const { activation } = options;
  if (activation.kind === "leaky-relu") checkFloat32(activation.slope, "slope");
  for (const nrows of options.layers > 1 ? [options.inputs, options.neurons] : [options.inputs]) {
    const nnz = meanLength(options, nrows) * options.neurons;
    if (nnz > MAX_NNZ) throw new UsageError(`a layer would have ${nnz} weights, expected at most ${MAX_NNZ}`);
  }
}

/**
 * Yields the layers in order. Every layer has numbers of its own, so the first layers do not depend on how many follow,
 * except that softmax is on the last.
 * Cost: O(nnz log(length of a column)) a layer; memory of one layer.
 * @throws UsageError at the call, not at the first layer, for an option out of range.
 */
export function randomLayers(options: RandomLayersOptions): Generator<Layer, void, undefined> {
  checkRandomLayers(options);
  return generate(options);
}

function* generate(options: RandomLayersOptions): Generator<Layer, void, undefined> {
  const { inputs, neurons, layers, activation, biasRule } = options;
  const random = makeRandom(options.seed);
  for (let l = 0; l < layers; l++) {
    const weights = drawWeights(options, l === 0 ? inputs : neurons, random);
    const hidden = l + 1 < layers && activation.kind === "softmax";
    const rule: LayerRule = { activation: hidden ? { kind: "relu" } : activation, biasRule };
    yield { weights, bias: drawBias(options, random), rule };
  }
}

/** @throws UsageError */
function meanLength({ density, nnzPerColumn }: RandomLayersOptions, nrows: number): number {
  if ((density === undefined) === (nnzPerColumn === undefined)) {
    throw new UsageError("give either density or nnzPerColumn, not both or none");
  }
  if (density !== undefined) {
    if (!(density >= 0 && density <= 1)) throw new UsageError(`density is ${density}, expected 0 to 1`);
    return density * nrows;
  }
  const mean = nnzPerColumn ?? 0;
  if (!(mean >= 0 && mean <= nrows)) {
    throw new UsageError(`nnzPerColumn is ${mean}, expected 0 to ${nrows}, the inputs of a layer`);
  }
  return mean;
}

function drawWeights(options: RandomLayersOptions, nrows: number, random: Random): CscMatrix {
  const { neurons, columnLengths: shape, sorted = false } = options;
  const mean = meanLength(options, nrows);
  const lengths = makeLengths({ count: neurons, mean, limit: nrows, shape, sorted }, random);
  const colPtr = pointersOf(lengths);
  const rowIdx = drawIndexSets(lengths, nrows, random);
  const values = drawValues(options, Math.max(1, mean), rowIdx.length, colPtr, random);
  return { format: "csc", nrows, ncols: neurons, colPtr, rowIdx, values };
}

/**
 * General weights have variance gain / length of their own column, so that long and short columns give sums of the same
 * size; few weights, being few, have that of the mean length. The gain makes up for what the activation cuts away.
 */
function drawValues(
  options: RandomLayersOptions,
  mean: number,
  nnz: number,
  colPtr: Uint32Array,
  random: Random,
): Float32Array {
  const deviation = Math.sqrt(gainOf(options.activation) / mean);
  switch (options.weights) {
    case "equal":
      return Float32Array.of(1 / mean);
    case "few":
      return Float32Array.from({ length: nnz }, () => deviation * FEW_LEVELS[random.below(FEW_LEVELS.length)]);
    case "general": {
      const values = new Float32Array(nnz);
      for (let j = 0; j + 1 < colPtr.length; j++) {
        const scale = deviation * Math.sqrt(mean / (colPtr[j + 1] - colPtr[j]));
        for (let p = colPtr[j]; p < colPtr[j + 1]; p++) values[p] = scale * random.normal();
      }
      return values;
    }
  }
}

/** Source: He et al., Delving Deep into Rectifiers, ICCV 2015, section 2.2. */
function gainOf(activation: Activation): number {
  switch (activation.kind) {
    case "relu":
    case "clipped-relu":
    case "softmax":
      return 2;
    case "leaky-relu":
      return 2 / (1 + activation.slope ** 2);
    case "sigmoid":
    case "tanh":
    case "identity":
      return 1;
  }
}

function drawBias({ bias = "per-neuron", neurons }: RandomLayersOptions, random: Random): Float32Array {
  switch (bias) {
    case "zero":
      return Float32Array.of(0);
    case "single":
      return Float32Array.of(BIAS_DEVIATION * random.normal());
    case "per-neuron":
      return Float32Array.from({ length: neurons }, () => BIAS_DEVIATION * random.normal());
  }
}
