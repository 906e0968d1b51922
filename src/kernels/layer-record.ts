// How a layer lies in memory for the kernels: its arrays, and a descriptor of 20 32-bit fields that points to them.
// The field numbers are those of wasm/assembly/layer.ts. Weights are stored in the cheapest of three ways: one value for
// all, codes into a codebook of at most 256 values, or one f32 an entry. Columns may be stored in another order than their
// own, so that those with equal inputs follow one another; where the weights are all equal, they share their indices.

import { assertNever } from "../core/errors.ts";
import type { Activation, LayerRule } from "../network/layer-rule.ts";
import type { Layer } from "../network/network.ts";
import { storeColumns } from "./store-columns.ts";

export const WEIGHT_FORMATS = ["uniform", "codebook", "general"] as const;
export type WeightFormat = (typeof WEIGHT_FORMATS)[number];

/** Bytes of a descriptor. */
export const LAYER_RECORD_BYTES = 80;

/** 32-bit field numbers of a descriptor; f32 fields are marked. */
export const FIELD = {
  nrows: 0,
  ncols: 1,
  colPtr: 2,
  rowIdx: 3,
  idxBytes: 4,
  weights: 5,
  values: 6,
  codebook: 7,
  uniformValue: 8, // f32
  bias: 9,
  biasStep: 10,
  biasEverywhere: 11,
  low: 12, // f32
  high: 13, // f32
  secondPass: 14,
  slope: 15, // f32
  colStart: 16,
  columnOrder: 17,
  columnRuns: 18,
  isListed: 19,
} as const;

export const SECOND_PASS = { none: 0, "leaky-relu": 1, sigmoid: 2, tanh: 3, softmax: 4 } as const;

const MAX_CODEBOOK = 256;

/** Lines that the scratch of `spmm` can list, u32 each. */
export const LIST_ENTRIES = 1024;
/** A list pays when about this many columns go by it. */
export const MIN_RUN = 4;

/** Takes `bytes` bytes of memory for `what`, aligned to 64, and returns their address. @throws ResourceError */
export type Allocate = (bytes: number, what: string) => number;

/** Copies the bytes of an array to `address` of the memory. */
export function writeArray(memory: WebAssembly.Memory, address: number, array: ArrayBufferView): void {
  new Uint8Array(memory.buffer, address, array.byteLength).set(
    new Uint8Array(array.buffer, array.byteOffset, array.byteLength),
  );
}

/** What the engine must know of a layer that lies in memory. */
export interface PlacedLayer {
  /** Address of the descriptor. */
  readonly address: number;
  readonly nrows: number;
  readonly ncols: number;
  readonly nnz: number;
  readonly weightFormat: WeightFormat;
  readonly secondPass: number;
  /** Bytes of weights, indices, pointers and biases. */
  readonly bytes: number;
}

/**
 * Copies a layer into memory. `columnOrder` lists all columns in the order in which they are best computed (null: their
 * own); nothing that is computed depends on it.
 * Requires: the layer passed makeNetwork; columnOrder is a permutation. Cost: O(nnz). @throws ResourceError by `allocate`.
 * @param isUniform for some columns of a layer: whether all its weights are equal. Sums of equal weights are scaled at the
 * end, so that the part must be computed as the whole layer would be, even where its own weights happen to be equal.
 */
export function placeLayer(
  layer: Layer,
  memory: WebAssembly.Memory,
  allocate: Allocate,
  name: string,
  columnOrder: Uint32Array | null = null,
  isUniform: boolean = hasEqualWeights(layer.weights.values),
): PlacedLayer {
  const { bias, rule } = layer;
  const { secondPass } = epilogueOf(rule.activation);
  const stored = columnOrder === null ? null : storeColumns(layer.weights, columnOrder);
  const weights = stored?.weights ?? layer.weights;
  const nnz = layer.weights.rowIdx.length;
  const packed: PackedValues = isUniform ? { format: "uniform" } : packValues(weights.values, nnz);
  const bytesBefore = { total: 0 };
  const put = (array: Uint8Array | Uint16Array | Uint32Array | Float32Array, what: string): number => {
    const address = allocate(array.byteLength, `${what} of ${name}`);
    bytesBefore.total += array.byteLength;
    writeArray(memory, address, array);
    return address;
  };
  const colPtr = put(weights.colPtr, "column pointers");
  const rowIdx = put(weights.rowIdx, "row indices");
  const colStart = stored === null ? colPtr : put(stored.colStart, "column starts");
  const columnRuns = stored === null ? 0 : put(stored.runs, "column runs");
  const isListed =
    packed.format === "uniform" &&
    stored !== null &&
    secondPass === SECOND_PASS.none &&
    isWorthListing(stored.runs, layer.weights.ncols);
  const orderAddress = columnOrder === null ? 0 : put(columnOrder, "column order");
  const values = packed.format === "uniform" ? 0 : put(packed.values, "weights");
  const codebook = packed.format === "codebook" ? put(packed.codebook, "codebook") : 0;
  const biasAddress = put(bias, "biases");
  const address = allocate(LAYER_RECORD_BYTES, `descriptor of ${name}`);
  const { nrows, ncols } = weights;
  writeLayerRecord(memory, address, {
    nrows,
    ncols,
    colPtr,
    colStart,
    columnOrder: orderAddress,
    columnRuns,
    isListed,
    rowIdx,
    idxBytes: weights.rowIdx.BYTES_PER_ELEMENT,
    weightFormat: packed.format,
    values,
    codebook,
    uniformValue: packed.format === "uniform" ? (weights.values[0] ?? 0) : 0,
    bias: biasAddress,
    biasCount: bias.length,
    rule,
  });
  return { address, nrows, ncols, nnz, weightFormat: packed.format, secondPass, bytes: bytesBefore.total };
}

/** What a descriptor says: sizes, addresses (0 for arrays that the weight format does not have) and the rule. */
export interface LayerRecord {
  readonly nrows: number;
  readonly ncols: number;
  readonly colPtr: number;
  /** Where each column begins; colPtr, and order and runs 0, where columns are taken in their own order. */
  readonly colStart: number;
  readonly columnOrder: number;
  readonly columnRuns: number;
  /** Wide tiles list the lines that a run reads once. Requires: equal weights, runs, columns of one length up to LIST_ENTRIES, no second pass. */
  readonly isListed: boolean;
  readonly rowIdx: number;
  readonly idxBytes: number;
  readonly weightFormat: WeightFormat;
  readonly values: number;
  readonly codebook: number;
  readonly uniformValue: number;
  readonly bias: number;
  readonly biasCount: number;
  readonly rule: LayerRule;
}

/** Writes the descriptor of a layer whose arrays lie in memory. */
export function writeLayerRecord(memory: WebAssembly.Memory, address: number, record: LayerRecord): void {
  const fields = new Uint32Array(memory.buffer, address, LAYER_RECORD_BYTES / 4);
  const floats = new Float32Array(memory.buffer, address, LAYER_RECORD_BYTES / 4);
  const { low, high, secondPass, slope } = epilogueOf(record.rule.activation);
  fields[FIELD.nrows] = record.nrows;
  fields[FIELD.ncols] = record.ncols;
  fields[FIELD.colPtr] = record.colPtr;
  fields[FIELD.rowIdx] = record.rowIdx;
  fields[FIELD.idxBytes] = record.idxBytes;
  fields[FIELD.weights] = WEIGHT_FORMATS.indexOf(record.weightFormat);
  fields[FIELD.values] = record.values;
  fields[FIELD.codebook] = record.codebook;
  floats[FIELD.uniformValue] = record.uniformValue;
  fields[FIELD.bias] = record.bias;
  fields[FIELD.biasStep] = record.biasCount === 1 ? 0 : 4;
  fields[FIELD.biasEverywhere] = record.rule.biasRule === "all" ? 0xffff_ffff : 0;
  floats[FIELD.low] = low;
  floats[FIELD.high] = high;
  fields[FIELD.secondPass] = secondPass;
  floats[FIELD.slope] = slope;
  fields[FIELD.colStart] = record.colStart;
  fields[FIELD.columnOrder] = record.columnOrder;
  fields[FIELD.columnRuns] = record.columnRuns;
  fields[FIELD.isListed] = record.isListed ? 1 : 0;
}

export interface Epilogue {
  low: number;
  high: number;
  secondPass: number;
  slope: number;
}

export function epilogueOf(activation: Activation): Epilogue {
  const none = { low: -Infinity, high: Infinity, secondPass: SECOND_PASS.none, slope: 0 };
  switch (activation.kind) {
    case "clipped-relu":
      return { ...none, low: activation.low, high: activation.high };
    case "relu":
      return { ...none, low: 0 };
    case "identity":
      return none;
    case "leaky-relu":
      return { ...none, secondPass: SECOND_PASS["leaky-relu"], slope: activation.slope };
    case "sigmoid":
    case "tanh":
    case "softmax":
      return { ...none, secondPass: SECOND_PASS[activation.kind] };
    default:
      return assertNever(activation, "activation");
  }
}

type PackedValues =
  | { format: "uniform" }
  | { format: "codebook"; values: Uint8Array; codebook: Float32Array }
  | { format: "general"; values: Float32Array };

/** Whether a layer with these weights is computed as one of equal weights; zero and minus zero count as equal. */
export function hasEqualWeights(values: Float32Array): boolean {
  for (let p = 1; p < values.length; p++) if (values[p] !== values[0]) return false;
  return true;
}

/**
 * Whether a layer of equal weights and without a second pass may go by lists of its runs, and gains by it. Columns must be
 * equally long, so that a piece of the layer has the same number of weights in either order.
 */
export function isWorthListing(runs: Uint32Array, ncols: number): boolean {
  if (ncols * 3 < runs.length * MIN_RUN) return false;
  const length = runs[1] - runs[0];
  for (let r = 0; r < runs.length; r += 3) if (runs[r + 1] - runs[r] !== length) return false;
  return length <= LIST_ENTRIES;
}

/** The cheaper of the two formats. A codebook pays once its 1 KiB is small beside the 3 bytes saved an entry. */
function packValues(values: Float32Array, nnz: number): PackedValues {
  const codes = new Map<number, number>();
  const coded = new Uint8Array(nnz);
  for (let p = 0; p < nnz; p++) {
    let code = codes.get(values[p]);
    if (code === undefined) {
      if (codes.size === MAX_CODEBOOK) return { format: "general", values };
      code = codes.size;
      codes.set(values[p], code);
    }
    coded[p] = code;
  }
  if (codes.size * 4 > nnz) return { format: "general", values };
  const codebook = new Float32Array(MAX_CODEBOOK);
  codebook.set([...codes.keys()]);
  return { format: "codebook", values: coded, codebook };
}
