// The oracle: dense float64, three nested loops, no code shared with any fast path. Everything else is compared with
// it. Slow on purpose; softmax and the bias rules are written out here a second time for the same reason.

import type { Layer, Network } from "./network.ts";

/**
 * Activations after every layer of the network for dense rows.
 * Shapes: `rows`: nrows x network.inputs, row-major float64; the result: nrows x network.outputs.
 * Cost: O(nrows x sum of layer inputs x layer neurons) time.
 */
export function inferOracle(network: Network, rows: Float64Array, nrows: number): Float64Array {
  let current = rows;
  for (const layer of network.layers) current = inferLayerOracle(layer, current, nrows);
  const { outputMap, outputs } = network;
  if (outputMap === null) return current;
  const neurons = current.length / nrows;
  return Float64Array.from({ length: nrows * outputs }, (_, p) => {
    return current[Math.floor(p / outputs) * neurons + outputMap[p % outputs]];
  });
}

/** One layer of the above: nrows x weights.nrows in, nrows x weights.ncols out. */
export function inferLayerOracle(layer: Layer, rows: Float64Array, nrows: number): Float64Array {
  const { weights, bias, rule } = layer;
  const n = weights.nrows;
  const m = weights.ncols;
  const dense = new Float64Array(n * m);
  for (let j = 0; j < m; j++) {
    for (let p = weights.colPtr[j]; p < weights.colPtr[j + 1]; p++) {
      dense[weights.rowIdx[p] * m + j] += weights.values.length === 1 ? weights.values[0] : weights.values[p];
    }
  }
  const out = new Float64Array(nrows * m);
  for (let i = 0; i < nrows; i++) {
    // The inner loop runs along memory; every sum still runs over k upwards.
    for (let k = 0; k < n; k++) {
      for (let j = 0; j < m; j++) out[i * m + j] += rows[i * n + k] * dense[k * m + j];
    }
    for (let j = 0; j < m; j++) {
      const b = bias.length === 1 ? bias[0] : bias[j];
      if (rule.biasRule === "all" || out[i * m + j] !== 0) out[i * m + j] += b;
    }
    activateRow(layer, out.subarray(i * m, (i + 1) * m));
  }
  return out;
}

function activateRow(layer: Layer, row: Float64Array): void {
  const activation = layer.rule.activation;
  if (activation.kind === "softmax") {
    let largest = Number.NEGATIVE_INFINITY;
    for (const z of row) largest = Math.max(largest, z);
    let sum = 0;
    for (const z of row) sum += Math.exp(z - largest);
    for (let j = 0; j < row.length; j++) row[j] = Math.exp(row[j] - largest) / sum;
    return;
  }
  for (let j = 0; j < row.length; j++) {
    const z = row[j];
    if (activation.kind === "clipped-relu") row[j] = Math.min(Math.max(z, activation.low), activation.high);
    else if (activation.kind === "relu")
      row[j] = z < 0 ? 0 : z; // NaN stays NaN
    else if (activation.kind === "leaky-relu") row[j] = z > 0 ? z : z * activation.slope;
    else if (activation.kind === "sigmoid") row[j] = 1 / (1 + Math.exp(-z));
    else if (activation.kind === "tanh") row[j] = Math.tanh(z);
  }
}
