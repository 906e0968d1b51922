// A layer by its rows, for `pushCsr`. The descriptor is that of layer-record.ts with three fields of another meaning: row
// pointers for column pointers, the neuron that reads for the one that is read, and for the starts of columns the length
// of the rows, where they have one. Weights are one value, or one f32 an entry.

import { cscToCsr } from "../sparse/convert.ts";
import type { Layer } from "../network/network.ts";
import { type Allocate, hasEqualWeights, LAYER_RECORD_BYTES, writeArray, writeLayerRecord } from "./layer-record.ts";

/**
 * Copies a layer into memory by rows. Requires: the layer passed makeNetwork. Cost: O(nnz).
 * @returns the descriptor's address. @throws ResourceError by `allocate`
 */
export function placeLayerByRows(
  { weights, bias, rule }: Layer,
  memory: WebAssembly.Memory,
  allocate: Allocate,
  name: string,
): number {
  const { rowPtr, colIdx, values } = cscToCsr(weights);
  const isUniform = hasEqualWeights(weights.values);
  const put = (array: ArrayBufferView, what: string): number => {
    const address = allocate(array.byteLength, `${what} of ${name}`);
    writeArray(memory, address, array);
    return address;
  };
  const address = allocate(LAYER_RECORD_BYTES, `descriptor of ${name}`);
  writeLayerRecord(memory, address, {
    nrows: weights.nrows,
    ncols: weights.ncols,
    colPtr: put(rowPtr, "row pointers"),
    colStart: commonLength(rowPtr),
    columnOrder: 0,
    columnRuns: 0,
    isListed: false,
    rowIdx: put(colIdx, "column indices"),
    idxBytes: colIdx.BYTES_PER_ELEMENT,
    weightFormat: isUniform ? "uniform" : "general",
    values: isUniform ? 0 : put(values, "weights"),
    codebook: 0,
    uniformValue: isUniform ? (weights.values[0] ?? 0) : 0,
    bias: put(bias, "biases"),
    biasCount: bias.length,
    rule,
  });
  return address;
}

/** Entries of every row, where all have as many; else 0. */
function commonLength(rowPtr: Uint32Array): number {
  const length = rowPtr[1] - rowPtr[0];
  for (let i = 1; i + 1 < rowPtr.length; i++) if (rowPtr[i + 1] - rowPtr[i] !== length) return 0;
  return length;
}
