// RadiX-Net networks of the Sparse DNN Graph Challenge's kind, layer by layer, so that any depth fits in memory.
//
// With NODE_WIDTH = 16 neurons a node there are n = neurons / 16 nodes and d = log2 n base layers. Base layer k joins the
// nodes c and (c + 2^k) mod n to node c, a radix-2 butterfly, and a joined pair of nodes is 16 x 16 edges (node of
// neuron v: v mod n). So 32 weights, all equal, enter each neuron, and n distinct columns occur 16 times each (n/2
// columns 32 times for k = d - 1). The first d layers are the base layers; in every later period of d layers the rows
// are renumbered by a random permutation of that period. The columns keep their numbers: so it is in all 120 layers of
// the official network of 1024 neurons (radix-net.test.ts shows it). Which 16 rows of a node are which does not show.
// Source: Robinett and Kepner, RadiX-Net, IEEE HPEC 2019, and the official files.

import { checkFloat32, checkInteger } from "../../core/checks.ts";
import { UsageError } from "../../core/errors.ts";
import { makeRandom, randomPermutation } from "../../core/random.ts";
import { CHALLENGE_RULE, challengeBias } from "../../network/layer-rule.ts";
import type { Layer } from "../../network/network.ts";
import { type CscMatrix, type IndexArray, makeIndexArray } from "../../sparse/matrix.ts";

const NODE_WIDTH = 16;
/** Weights into every neuron of a RadiX-Net. */
export const DEGREE: number = 2 * NODE_WIDTH;
const MIN_NEURONS = 2 * NODE_WIDTH;
/** A layer of this many neurons takes 2 GiB of indices. */
const MAX_NEURONS = 2 ** 24;
const MAX_LAYERS = 1_000_000;
const CHALLENGE_WEIGHT = 1 / 16;

/** Size, seed and values of a RadiX-Net. */
export interface RadixNetOptions {
  /** A power of two from 32. */
  readonly neurons: number;
  readonly layers: number;
  readonly seed: number;
  /** False leaves every period as the first, a network without random numbers. */
  readonly permute: boolean;
  /** By default the challenge's for this number of neurons, or what continues its series: 0.025 less a doubling. */
  readonly bias?: number | undefined;
  /** By default the challenge's, 1/16. */
  readonly weight?: number | undefined;
}

/** A RadiX-Net whose layers are made one by one, in any order. */
export interface RadixNet {
  readonly neurons: number;
  readonly layers: number;
  readonly bias: number;
  readonly weight: number;
  /** Layers after which they repeat; as many as there are where none repeats. */
  readonly distinctLayers: number;
  /** neurons + 1 pointers, the same for every layer. */
  makePointers(): Uint32Array;
  /** Overwrites `rowIdx`, neurons x 32 row indices, with those of layer `l`. Cost: O(neurons), and O(neurons l) at worst the first time. */
  indicesInto(rowIdx: IndexArray, l: number): void;
}

/**
 * The same options give the same layers; more layers never change the earlier ones.
 * @throws UsageError for an option out of range.
 */
export function makeRadixNet(options: RadixNetOptions): RadixNet {
  const { neurons, layers, seed, permute, weight = CHALLENGE_WEIGHT } = options;
  checkInteger(neurons, MIN_NEURONS, MAX_NEURONS, "neurons");
  if (!isPowerOfTwo(neurons)) throw new UsageError(`neurons is ${neurons}, expected a power of two`);
  checkInteger(layers, 1, MAX_LAYERS, "layers");
  checkInteger(seed, 0, 2 ** 32 - 1, "seed");
  const bias = options.bias ?? challengeBias(neurons) ?? -0.3 - 0.025 * Math.log2(neurons / 1024);
  checkFloat32(bias, "bias");
  checkFloat32(weight, "weight");
  const depth = Math.log2(neurons / NODE_WIDTH);
  const rowsOf = makePeriods(neurons, seed);
  return {
    neurons,
    layers,
    bias,
    weight,
    distinctLayers: permute ? layers : Math.min(layers, depth),
    makePointers: () => Uint32Array.from({ length: neurons + 1 }, (_, j) => DEGREE * j),
    indicesInto(rowIdx, l) {
      const period = permute ? Math.floor(l / depth) : 0;
      fillLayer(rowIdx, neurons, l % depth, period === 0 ? null : rowsOf(period));
    },
  };
}

/**
 * Yields the layers in order, under the challenge's rule; only the pointers, bias and value are shared between them.
 * Shapes: every layer neurons x neurons, 32 weights a column, one stored value, one bias. Cost: O(neurons) a layer.
 * @throws UsageError at the call, not at the first layer, for an option out of range.
 */
export function radixNetLayers(options: RadixNetOptions): Generator<Layer, void, undefined> {
  return generate(makeRadixNet(options));
}

function* generate(net: RadixNet): Generator<Layer, void, undefined> {
  const { neurons } = net;
  const colPtr = net.makePointers();
  const bias = Float32Array.of(net.bias);
  const values = Float32Array.of(net.weight);
  for (let l = 0; l < net.layers; l++) {
    const rowIdx = makeIndexArray(DEGREE * neurons, neurons);
    net.indicesInto(rowIdx, l);
    const weights: CscMatrix = { format: "csc", nrows: neurons, ncols: neurons, colPtr, rowIdx, values };
    yield { weights, bias, rule: CHALLENGE_RULE };
  }
}

/** The renumbering of the rows by period, from 1. They are drawn one after the other; where each began is kept, and the last one. */
function makePeriods(neurons: number, seed: number): (period: number) => Uint32Array {
  const begins = [makeRandom(seed)];
  let last: { readonly period: number; readonly rows: Uint32Array } | null = null;
  return (period) => {
    for (let k = Math.min(period, begins.length); last?.period !== period; k++) {
      const random = begins[k - 1].copy();
      last = { period: k, rows: randomPermutation(neurons, random) };
      if (begins.length === k) begins.push(random);
    }
    return last.rows;
  };
}

/**
 * Writes base layer k, the rows renumbered (old row v becomes rows[v]) or, for null, as they are. Columns `nodes` apart
 * belong to one node and are equal.
 * Shape: `rowIdx`: neurons x 32, column by column, rising.
 */
function fillLayer(rowIdx: IndexArray, neurons: number, k: number, rows: Uint32Array | null): void {
  const nodes = neurons / NODE_WIDTH;
  const inputs = makeIndexArray(DEGREE, neurons);
  for (let node = 0; node < nodes; node++) {
    const other = (node + 2 ** k) % nodes;
    for (let t = 0; t < NODE_WIDTH; t++) {
      const first = node + nodes * t;
      const second = other + nodes * t;
      inputs[2 * t] = rows === null ? first : rows[first];
      inputs[2 * t + 1] = rows === null ? second : rows[second];
    }
    inputs.sort();
    rowIdx.set(inputs, DEGREE * node);
  }
  for (let t = 1; t < NODE_WIDTH; t++) rowIdx.copyWithin(DEGREE * nodes * t, 0, DEGREE * nodes);
}

function isPowerOfTwo(value: number): boolean {
  return Number.isInteger(Math.log2(value));
}
