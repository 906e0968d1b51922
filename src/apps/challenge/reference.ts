// Reference activations in float64 for a few rows. Small networks go through the oracle, dense and slow on purpose; for
// large ones, whose dense layers would not fit, each layer runs over its stored weights, still in float64, one entry at
// a time, and shares no code with the kernels.

import { activate } from "../../network/layer-rule.ts";
import type { Layer } from "../../network/network.ts";
import { inferLayerOracle } from "../../network/oracle.ts";
import { entryValue } from "../../sparse/matrix.ts";

/** Above this a dense layer of float64 takes more than 128 MiB, and the oracle seconds a layer. */
const MAX_DENSE_ELEMENTS = 4096 ** 2;
/** Multiplications of the oracle for one row, all layers: about 5 s. */
const MAX_ORACLE_OPERATIONS = 5e8;

export const REFERENCES = ["oracle", "stored"] as const;
export type Reference = (typeof REFERENCES)[number];

/** The oracle wherever one row through all layers takes it no more than seconds. */
export function chooseReference(layers: readonly Layer[]): Reference {
  const sizes = layers.map(({ weights }) => weights.nrows * weights.ncols);
  const operations = sizes.reduce((sum, size) => sum + size, 0);
  return operations <= MAX_ORACLE_OPERATIONS && Math.max(...sizes) <= MAX_DENSE_ELEMENTS ? "oracle" : "stored";
}

/** One layer. Shapes: `rows`: nrows x weights.nrows, row-major; the result: nrows x weights.ncols. */
export function referenceLayer(reference: Reference, layer: Layer, rows: Float64Array, nrows: number): Float64Array {
  return reference === "oracle" ? inferLayerOracle(layer, rows, nrows) : inferLayerStored(layer, rows, nrows);
}

function inferLayerStored({ weights, bias, rule }: Layer, rows: Float64Array, nrows: number): Float64Array {
  const { colPtr, rowIdx } = weights;
  const out = new Float64Array(nrows * weights.ncols);
  for (let i = 0; i < nrows; i++) {
    for (let j = 0; j < weights.ncols; j++) {
      let z = 0;
      for (let p = colPtr[j] ?? 0; p < (colPtr[j + 1] ?? 0); p++) {
        z += (rows[i * weights.nrows + (rowIdx[p] ?? 0)] ?? 0) * entryValue(weights, p);
      }
      if (rule.biasRule === "all" || z !== 0) z += bias[bias.length === 1 ? 0 : j] ?? Number.NaN;
      out[i * weights.ncols + j] = activate(rule.activation, z);
    }
  }
  return out;
}
