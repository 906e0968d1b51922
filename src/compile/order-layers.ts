// Pass `order`: hidden neurons that are read together get numbers side by side, so that whoever reads the weights as they
// stand in the file reads few runs of activations instead of lines spread over the cache.
//
// Proof. Numbers of hidden neurons are names: with a bijection applied to the columns (and biases) of the layer that
// writes and to the rows of the layer that reads, every neuron has the same inputs, weights and bias as before. Features
// and the neurons of the last layer keep their numbers. Within a column indices must rise, so the order of the
// additions changes, and with it, where sums are rounded, their last bits.

import type { Layer } from "../network/network.ts";
import { type NeuronOrder, orderByReaders, renumberCsc } from "../partition/neuron-order.ts";
import type { CscMatrix } from "../sparse/matrix.ts";
import { account, type CompileReport } from "./passes.ts";

/** Takes the layers in order, holds one, and gives each out when the next has come. */
export interface OrderPass {
  /** The layer before `layer`, renumbered; null at the first. */
  add(layer: Layer): Layer | null;
  /** The last layer, renumbered. */
  finish(): Layer;
}

/** @param report is added to */
export function makeOrderPass(report: CompileReport): OrderPass {
  let held: Layer | null = null;
  let rows: NeuronOrder | null = null;

  const giveOut = (layer: Layer, cols: NeuronOrder | null): Layer => {
    const renumbered = renumberLayer(layer, rows, cols);
    rows = cols;
    return renumbered;
  };
  const timed = <T>(work: () => T): T => {
    const started = performance.now();
    const result = work();
    account(report, "order", { seconds: (performance.now() - started) / 1000 });
    return result;
  };

  return {
    add(layer) {
      const before = held;
      held = layer;
      if (before === null) return null;
      return timed(() => {
        const cols = withoutIdentity(orderByReaders(layer.weights));
        if (cols !== null) account(report, "order", { moved: countMoved(cols) });
        return giveOut(before, cols);
      });
    },
    finish() {
      if (held === null) throw new RangeError("no layer has been added");
      const last = held;
      return timed(() => giveOut(last, null));
    },
  };
}

/** Layers of a network in memory, in local order; the same array entries where nothing moves. */
export function orderLayers(layers: readonly Layer[], report: CompileReport): Layer[] {
  const pass = makeOrderPass(report);
  const ordered: Layer[] = [];
  for (const layer of layers) {
    const before = pass.add(layer);
    if (before !== null) ordered.push(before);
  }
  ordered.push(pass.finish());
  return ordered;
}

function renumberLayer(layer: Layer, rows: NeuronOrder | null, cols: NeuronOrder | null): Layer {
  if (rows === null && cols === null) return layer;
  const renumbered = renumberCsc(layer.weights, rows, cols);
  if (rows !== null) sortColumns(renumbered);
  return { ...layer, weights: renumbered, bias: renumberBias(layer.bias, cols) };
}

function renumberBias(bias: Float32Array, cols: NeuronOrder | null): Float32Array {
  if (cols === null || bias.length === 1) return bias;
  const renumbered = new Float32Array(bias.length);
  for (let j = 0; j < bias.length; j++) renumbered[cols[j]] = bias[j];
  return renumbered;
}

function withoutIdentity(order: NeuronOrder | null): NeuronOrder | null {
  return order === null || countMoved(order) === 0 ? null : order;
}

function countMoved(order: NeuronOrder): number {
  let moved = 0;
  for (let i = 0; i < order.length; i++) if (order[i] !== i) moved++;
  return moved;
}

/** Columns up to this are sorted by insertion: they are a few rising runs, and a call of the runtime's sort costs more. */
const MAX_INSERTED = 64;

/** Sorts the entries of every column by row, in place. Cost: O(nnz log of the column length); nrows floats of scratch. */
function sortColumns({ ncols, nrows, colPtr, rowIdx, values }: CscMatrix): void {
  const isUniform = values.length === 1;
  const valueAt = new Float32Array(isUniform ? 0 : nrows);
  for (let j = 0; j < ncols; j++) {
    const begin = colPtr[j];
    const end = colPtr[j + 1];
    if (!isUniform) for (let p = begin; p < end; p++) valueAt[rowIdx[p]] = values[p];
    if (end - begin > MAX_INSERTED) rowIdx.subarray(begin, end).sort();
    else {
      for (let p = begin + 1; p < end; p++) {
        const row = rowIdx[p];
        let at = p;
        for (; at > begin && rowIdx[at - 1] > row; at--) rowIdx[at] = rowIdx[at - 1];
        rowIdx[at] = row;
      }
    }
    if (!isUniform) for (let p = begin; p < end; p++) values[p] = valueAt[rowIdx[p]];
  }
}
