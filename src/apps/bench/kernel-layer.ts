// One layer in memory with a tile in front of it and one behind: what a kernel is timed on, and the check
// against the float64 oracle that comes before.

import { InvariantError } from "../../core/errors.ts";
import { makeRandom, type Random } from "../../core/random.ts";
import { radixNetLayers } from "../../data/generate/radix-net.ts";
import { randomLayers, type RandomWeights } from "../../data/generate/random-layers.ts";
import type { Kernels } from "../../kernels/kernels.ts";
import { LIST_ENTRIES, type PlacedLayer, placeLayer, type WeightFormat } from "../../kernels/layer-record.ts";
import { type BiasRule, CHALLENGE_RULE } from "../../network/layer-rule.ts";
import type { Layer } from "../../network/network.ts";
import { inferLayerOracle } from "../../network/oracle.ts";
import { renumberCsc } from "../../partition/neuron-order.ts";
import { orderForReading } from "../../partition/reading-order.ts";
import { adviseHugePages } from "../../threads/huge-pages.ts";

/** Weights into a neuron, as the Graph Challenge has. */
export const DEGREE = 32;
const MAX_LANES = 32;
const PAGE_BYTES = 65_536;
const CHECKED_COLUMNS = 16;
/** f32 sums against float64. */
const TOLERANCE = { relative: 1e-4, absolute: 1e-5 };

const GENERATED: Record<WeightFormat, RandomWeights> = { uniform: "equal", codebook: "few", general: "general" };

/** As such weights come: equal ones in the challenge's networks, others in trained ones (where products may be fused). */
const BIAS_RULE_OF: Record<WeightFormat, BiasRule> = { uniform: "stored", codebook: "all", general: "all" };

export interface KernelLayer {
  readonly neurons: number;
  readonly format: WeightFormat;
  readonly layer: Layer;
  readonly placed: PlacedLayer;
  readonly memory: WebAssembly.Memory;
  /** Tile of random rows, neuron-major for 32 lanes; narrower tiles read a part of it. */
  readonly input: number;
  readonly out: number;
  /** Scratch of `spmm`. */
  readonly list: number;
}

/** A layer of `neurons` x `neurons` with 32 random u16 inputs a neuron. */
export function makeRandomLayer(neurons: number, format: WeightFormat, seed: number): Layer {
  const [layer] = randomLayers({
    inputs: neurons,
    neurons,
    layers: 1,
    nnzPerColumn: DEGREE,
    weights: GENERATED[format],
    columnLengths: "equal",
    biasRule: BIAS_RULE_OF[format],
    activation: CHALLENGE_RULE.activation,
    bias: "single",
    seed,
  });
  if (layer === undefined) throw new InvariantError("no layer was generated");
  return layer;
}

/** A random layer in memory. */
export function makeKernelLayer(neurons: number, format: WeightFormat, seed: number): Promise<KernelLayer> {
  return setUp(makeRandomLayer(neurons, format, seed), format, seed, null);
}

/**
 * A layer in the middle of the second period of a permuted RadiX-Net, as the engine places it: neurons in the order of
 * their reader, columns with equal inputs in turn. All later layers of such a network are alike.
 */
export function makeRadixKernelLayer(neurons: number, seed: number): Promise<KernelLayer> {
  const first = Math.floor(1.5 * Math.log2(neurons / 16));
  const [layer, next] = [...radixNetLayers({ neurons, layers: first + 2, seed, permute: true })].slice(-2);
  if (layer === undefined || next === undefined) throw new InvariantError("no layers were generated");
  const { rows, columns } = orderForReading(layer.weights);
  const places = orderForReading(next.weights).rows;
  const placed: Layer = { ...layer, weights: renumberCsc(layer.weights, rows, places) };
  return setUp(placed, "uniform", seed, columns?.map((j) => places?.[j] ?? j) ?? null);
}

/** The layer and its tiles in a memory of their own, with large pages as the engine has them; features half zeros, the others 0 to 1. */
async function setUp(
  layer: Layer,
  format: WeightFormat,
  seed: number,
  columnOrder: Uint32Array | null,
): Promise<KernelLayer> {
  const neurons = layer.weights.ncols;
  const tileBytes = neurons * MAX_LANES * 4;
  const bytes = neurons * (DEGREE * 6 + 40) + 2 * tileBytes + LIST_ENTRIES * 4 + 2 * PAGE_BYTES;
  const memory = new WebAssembly.Memory({ initial: Math.ceil(bytes / PAGE_BYTES), maximum: 65_536, shared: true });
  await adviseHugePages(memory);
  let end = PAGE_BYTES;
  const allocate = (size: number): number => {
    const address = end;
    end += Math.ceil(size / 64) * 64;
    return address;
  };
  const input = allocate(tileBytes);
  const out = allocate(tileBytes);
  const list = allocate(LIST_ENTRIES * 4);
  const placed = placeLayer(layer, memory, allocate, "layer", columnOrder);
  if (placed.weightFormat !== format) {
    throw new InvariantError(`weights are stored as ${placed.weightFormat}, expected ${format}`);
  }
  fillRandom(new Float32Array(memory.buffer, input, neurons * MAX_LANES), makeRandom(seed + 1));
  return { neurons, format, layer, placed, memory, input, out, list };
}

/** Half of the features zero, the others 0 to 1. */
function fillRandom(features: Float32Array, random: Random): void {
  for (let p = 0; p < features.length; p++) features[p] = random.next() < 0.5 ? 0 : random.next();
}

/** The whole layer on one tile. */
export function runKernel({ placed, neurons, input, out, list }: KernelLayer, kernels: Kernels, lanes: number): void {
  kernels.spmm(placed.address, lanes, out, input, 0, neurons, list, true);
}

/**
 * Runs once and compares some columns of all rows with the float64 oracle, on the rows of W that these columns read.
 * @throws InvariantError for a value outside of the tolerance, NaN included.
 */
export function verifyKernel(kernelLayer: KernelLayer, kernels: Kernels, lanes: number, what: string): void {
  const { layer, neurons, memory, input, out } = kernelLayer;
  new Float32Array(memory.buffer, out, neurons * lanes).fill(Number.NaN);
  runKernel(kernelLayer, kernels, lanes);
  const features = new Float32Array(memory.buffer, input, neurons * lanes);
  const actual = new Float32Array(memory.buffer, out, neurons * lanes);
  const columns = Array.from({ length: CHECKED_COLUMNS }, (_, c) =>
    Math.floor((c * (neurons - 1)) / (CHECKED_COLUMNS - 1)),
  );
  const { part, read } = takeColumns(layer, columns);
  const rows = new Float64Array(lanes * read.length);
  for (let r = 0; r < lanes; r++) {
    read.forEach((k, at) => (rows[r * read.length + at] = features[k * lanes + r] ?? Number.NaN));
  }
  const expected = inferLayerOracle(part, rows, lanes);
  for (let p = 0; p < expected.length; p++) {
    const [r, c] = [Math.floor(p / columns.length), p % columns.length];
    const found = actual[(columns[c] ?? 0) * lanes + r] ?? Number.NaN;
    const wanted = expected[p] ?? Number.NaN;
    if (Math.abs(found - wanted) <= TOLERANCE.absolute + TOLERANCE.relative * Math.abs(wanted)) continue;
    throw new InvariantError(`${what}: row ${r}, neuron ${columns[c]} is ${found}, the oracle says ${wanted}`);
  }
}

/** The layer with only these columns, and only the inputs that they read, renumbered in rising order. */
function takeColumns({ weights, bias, rule }: Layer, columns: readonly number[]): { part: Layer; read: number[] } {
  const rowIdxOf = (j: number): number[] =>
    Array.from(weights.rowIdx.subarray(weights.colPtr[j], weights.colPtr[j + 1]));
  const read = [...new Set(columns.flatMap(rowIdxOf))].toSorted((a, b) => a - b);
  const place = new Map(read.map((k, at) => [k, at]));
  const colPtr = Uint32Array.from([0, ...columns.map((_, c) => (c + 1) * DEGREE)]);
  const rowIdx = Uint32Array.from(columns.flatMap(rowIdxOf), (k) => place.get(k) ?? 0);
  const values =
    weights.values.length === 1
      ? weights.values
      : Float32Array.from(
          columns.flatMap((j) => Array.from(weights.values.subarray(weights.colPtr[j], weights.colPtr[j + 1]))),
        );
  const part: Layer = {
    weights: { format: "csc", nrows: read.length, ncols: columns.length, colPtr, rowIdx, values },
    bias: bias.length === 1 ? bias : Float32Array.from(columns, (j) => bias[j] ?? 0),
    rule,
  };
  return { part, read };
}
