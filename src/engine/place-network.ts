// The network in shared memory, with the neurons between layers in the order that suits the caches, or that hashing asks.

import { type Allocate, type PlacedLayer, placeLayer } from "../kernels/layer-record.ts";
import type { Layer, Network } from "../network/network.ts";
import { type HashOptions, hashOrder } from "../partition/hashing.ts";
import { type NeuronOrder, renumberCsc } from "../partition/neuron-order.ts";
import { orderForReading, type ReadingOrder } from "../partition/reading-order.ts";
import type { CscMatrix } from "../sparse/matrix.ts";

export interface PlacedNetwork {
  readonly layers: readonly PlacedLayer[];
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
  memory: WebAssembly.Memory,
  allocate: Allocate,
  hash: HashOptions | null,
  breathe: () => Promise<void>,
): Promise<PlacedNetwork> {
  let reading = orderForReading(network.layers[0].weights);
  const featureOrder = hash === null ? reading.rows : hashOrder(readersOf(network.layers[0].weights), hash);
  let rows = featureOrder;
  const layers: PlacedLayer[] = [];
  for (const [l, layer] of network.layers.entries()) {
    await breathe();
    const next: ReadingOrder =
      l + 1 < network.layers.length ? orderForReading(network.layers[l + 1].weights) : { rows: null, columns: null };
    const cols = hash === null ? next.rows : hashOrder(columnLengths(layer.weights), hash);
    const columnOrder = renumberList(reading.columns, cols);
    layers.push(placeLayer(renumberLayer(layer, rows, cols), memory, allocate, `layer ${l + 1}`, columnOrder));
    rows = cols;
    reading = next;
  }
  return { layers, featureOrder, outputOrder: rows };
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
