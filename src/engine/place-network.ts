// The network in shared memory, with the neurons between layers in the order that suits the caches, or that hashing asks.

import { placeLayerByRows } from "../kernels/layer-by-rows.ts";
import { type PlacedLayer, placeLayer, SECOND_PASS } from "../kernels/layer-record.ts";
import type { Layer, Network } from "../network/network.ts";
import { type HashOptions, hashOrder } from "../partition/hashing.ts";
import { type NeuronOrder, renumberCsc } from "../partition/neuron-order.ts";
import { orderForReading, type ReadingOrder } from "../partition/reading-order.ts";
import type { CscMatrix } from "../sparse/matrix.ts";
import type { Arena } from "../threads/arena.ts";

export interface PlacedNetwork {
  readonly layers: readonly PlacedLayer[];
  /** Descriptor of layer 0 by its rows too, for sparse inputs; 0 where it is not placed so. */
  readonly firstByRows: number;
  /** Order of the input features that the first layer expects; null where they keep theirs. */
  readonly featureOrder: NeuronOrder | null;
  /** Order of the neurons that the last layer writes; null where they keep theirs. */
  readonly outputOrder: NeuronOrder | null;
}

/**
 * Places every layer. Without `hash` neurons that are read together lie together, and the last layer's keep their order;
 * with it the features and the neurons of every layer are hashed by their number of stored weights.
 * @throws ResourceError, and what `breathe`, awaited between layers, throws
 */
export async function placeNetwork(
  network: Network,
  arena: Arena,
  hash: HashOptions | null,
  breathe: () => Promise<void>,
): Promise<PlacedNetwork> {
  const allocate = (bytes: number, what: string): number => arena.allocate(bytes, what);
  let reading = orderForReading(network.layers[0].weights);
  const featureOrder =
    hash === null ? orderFeatures(network.layers[0], reading) : hashOrder(readersOf(network.layers[0].weights), hash);
  let rows = featureOrder;
  const layers: PlacedLayer[] = [];
  let firstByRows = 0;
  for (const [l, layer] of network.layers.entries()) {
    await breathe();
    const next: ReadingOrder =
      l + 1 < network.layers.length ? orderForReading(network.layers[l + 1].weights) : { rows: null, columns: null };
    const cols = hash === null ? next.rows : hashOrder(columnLengths(layer.weights), hash);
    const columnOrder = renumberList(reading.columns, cols);
    const renumbered = renumberLayer(layer, rows, cols);
    const placed = placeLayer(renumbered, arena.memory, allocate, `layer ${l + 1}`, columnOrder);
    // Sums keep their order only where the features keep theirs.
    if (l === 0 && rows === null) firstByRows = placeByRows(renumbered, placed, arena);
    layers.push(placed);
    rows = cols;
    reading = next;
  }
  return { layers, firstByRows, featureOrder, outputOrder: rows };
}

/** Inputs with so few readers on average are pushed, unless they are dense: no tile is read, so their order is worth nothing. */
const FEW_READERS = 4;

function orderFeatures({ weights }: Layer, reading: ReadingOrder): NeuronOrder | null {
  return weights.rowIdx.length <= FEW_READERS * weights.nrows ? null : reading.rows;
}

/** A layer lies in memory a second time only where that takes at most this share of it. */
const BY_ROWS_SHARE = 1 / 16;

/** @returns the descriptor of the layer by its rows, or 0 where that is too large or the layer has a second pass */
function placeByRows(layer: Layer, { secondPass, nnz, nrows }: PlacedLayer, arena: Arena): number {
  const bytes = nnz * (layer.weights.rowIdx.BYTES_PER_ELEMENT + 4) + nrows * 4;
  if (secondPass !== SECOND_PASS.none || bytes > arena.limitBytes * BY_ROWS_SHARE) return 0;
  const allocate = (size: number, what: string): number => arena.allocate(size, what);
  return placeLayerByRows(layer, arena.memory, allocate, "layer 1 by its rows");
}

/** Where the engine puts the neurons after layer `l`, as `placeNetwork` does; null where they keep their numbers. */
export function orderAfterLayer(network: Network, l: number, hash: HashOptions | null): NeuronOrder | null {
  if (hash !== null) return hashOrder(columnLengths(network.layers[l].weights), hash);
  return l + 1 < network.layers.length ? orderForReading(network.layers[l + 1].weights).rows : null;
}

/** The same neurons in the same order, by their new numbers. */
function renumberList(list: Uint32Array | null, order: NeuronOrder | null): Uint32Array | null {
  return list === null || order === null ? list : list.map((j) => order[j]);
}

/** Stored weights of each row: how many neurons read it. */
export function readersOf(weights: CscMatrix): Uint32Array {
  const counts = new Uint32Array(weights.nrows);
  for (let p = 0; p < weights.rowIdx.length; p++) counts[weights.rowIdx[p]]++;
  return counts;
}

export function columnLengths(weights: CscMatrix): Uint32Array {
  return Uint32Array.from({ length: weights.ncols }, (_, j) => weights.colPtr[j + 1] - weights.colPtr[j]);
}

function renumberLayer(layer: Layer, rows: NeuronOrder | null, cols: NeuronOrder | null): Layer {
  return { ...layer, weights: renumberCsc(layer.weights, rows, cols), bias: renumberBias(layer.bias, cols) };
}

/** Biases in the order of the columns; one bias for all stays one. */
export function renumberBias(bias: Float32Array, cols: NeuronOrder | null): Float32Array {
  if (cols === null || bias.length === 1) return bias;
  const renumbered = new Float32Array(bias.length);
  for (let j = 0; j < bias.length; j++) renumbered[cols[j]] = bias[j];
  return renumbered;
}
