// Places matrices, rules and tasks for the format kernels in memory. The field numbers are those of
// wasm/assembly/format-record.ts, and of layer.ts for rules.

import type { LayerRule } from "../network/layer-rule.ts";
import { activate } from "../network/layer-rule.ts";
import type { Layer } from "../network/network.ts";
import { type Matrix, type MatrixOf, toFormat } from "../sparse/formats.ts";
import { MAX_U16_DIMENSION } from "../sparse/matrix.ts";
import { type FactorFormat, isByRows, isDense, isListed, isTriply } from "./format-pairs.ts";
import { type Allocate, epilogueOf, FIELD, LAYER_RECORD_BYTES, writeArray } from "./layer-record.ts";

/** 32-bit field numbers of a matrix record. */
export const MATRIX_FIELD = {
  byRows: 0,
  dense: 1,
  nrows: 2,
  ncols: 3,
  slots: 4,
  majorList: 5,
  begin: 6,
  end: 7,
  parts: 8,
  partStep: 9,
  idx: 10,
  idxBytes: 11,
  values: 12,
  valueStep: 13,
  minorCount: 14,
  minorList: 15,
  denseStep: 16,
  renumber: 17,
} as const;
export const MATRIX_RECORD_BYTES = 80;

/** 32-bit field numbers of a task record; `edges` is a u64 of two fields. */
export const TASK_FIELD = {
  input: 0,
  weights: 1,
  output: 2,
  rule: 3,
  fills: 4,
  part: 5,
  firstColumn: 6,
  endColumn: 7,
  join: 8,
  spa: 9,
  marks: 10,
  counts: 11,
  place: 12,
  flags: 13,
  cutBegin: 14,
  cutEnd: 15,
  listed: 16,
  nnz: 17,
  edges: 18,
  panel: 20,
} as const;
export const TASK_RECORD_BYTES = 96;

export interface PlacedMatrix {
  /** Address of the record. */
  readonly address: number;
  readonly format: FactorFormat;
  readonly bytes: number;
}

export interface PlacedWeights extends PlacedMatrix {
  readonly nrows: number;
  readonly ncols: number;
  readonly nnz: number;
  /** Row (column) slots that are stored: the length of a cut. */
  readonly slots: number;
}

type Writable = Uint8Array | Uint16Array | Uint32Array | Float32Array;

/** Copies weights into memory in `format`. Lists are u32 there. Requires: the matrix passed its check. @throws ResourceError */
export function placeWeights(
  matrix: Matrix,
  format: FactorFormat,
  memory: WebAssembly.Memory,
  allocate: Allocate,
  name: string,
): PlacedWeights {
  const weights = toFormat(matrix, format);
  let bytes = 0;
  const put = (array: Writable, what: string): number => {
    const address = allocate(array.byteLength, `${what} of ${name}`);
    bytes += array.byteLength;
    writeArray(memory, address, array);
    return address;
  };
  const { nrows, ncols } = weights;
  const byRows = isByRows(format);
  const fields = new Uint32Array(MATRIX_RECORD_BYTES / 4);
  fields[MATRIX_FIELD.byRows] = byRows ? 1 : 0;
  fields[MATRIX_FIELD.nrows] = nrows;
  fields[MATRIX_FIELD.ncols] = ncols;
  fields[MATRIX_FIELD.slots] = byRows ? nrows : ncols;
  fields[MATRIX_FIELD.minorCount] = byRows ? ncols : nrows;
  fields[MATRIX_FIELD.parts] = 1;
  fields[MATRIX_FIELD.values] = put(weights.values, "weights");
  fields[MATRIX_FIELD.valueStep] = 4;
  let nnz = nrows * ncols;
  if (weights.format === "dense-row" || weights.format === "dense-column") {
    fields[MATRIX_FIELD.dense] = 1;
    fields[MATRIX_FIELD.denseStep] = (byRows ? ncols : nrows) * 4;
    fields[MATRIX_FIELD.idxBytes] = 4;
  } else {
    const { ptr, idx, majorList, minorList } = compressedArrays(weights);
    nnz = idx.length;
    fields[MATRIX_FIELD.slots] = ptr.length - 1;
    const begin = put(ptr, "pointers");
    fields[MATRIX_FIELD.begin] = begin;
    fields[MATRIX_FIELD.end] = begin + 4;
    fields[MATRIX_FIELD.idx] = put(idx, "indices");
    fields[MATRIX_FIELD.idxBytes] = idx.BYTES_PER_ELEMENT;
    fields[MATRIX_FIELD.valueStep] = weights.values.length === 1 ? 0 : 4;
    if (majorList !== null) fields[MATRIX_FIELD.majorList] = put(Uint32Array.from(majorList), "list of slices");
    if (minorList !== null) {
      fields[MATRIX_FIELD.minorList] = put(Uint32Array.from(minorList), "list of indices");
      fields[MATRIX_FIELD.minorCount] = minorList.length;
    }
  }
  const address = put(fields, "record");
  return { address, format, bytes, nrows, ncols, nnz, slots: fields[MATRIX_FIELD.slots] };
}

type CompressedMatrix = MatrixOf<Exclude<FactorFormat, "dense-row" | "dense-column">>;

interface CompressedArrays {
  ptr: Uint32Array;
  idx: Uint16Array | Uint32Array;
  majorList: Uint16Array | Uint32Array | null;
  minorList: Uint16Array | Uint32Array | null;
}

function compressedArrays(matrix: CompressedMatrix): CompressedArrays {
  switch (matrix.format) {
    case "csc":
      return { ptr: matrix.colPtr, idx: matrix.rowIdx, majorList: null, minorList: null };
    case "dcsc":
      return { ptr: matrix.colPtr, idx: matrix.rowIdx, majorList: matrix.colList, minorList: null };
    case "tcsc":
      return { ptr: matrix.colPtr, idx: matrix.rowIdx, majorList: matrix.colList, minorList: matrix.rowList };
    case "csr":
      return { ptr: matrix.rowPtr, idx: matrix.colIdx, majorList: null, minorList: null };
    case "dcsr":
      return { ptr: matrix.rowPtr, idx: matrix.colIdx, majorList: matrix.rowList, minorList: null };
    case "tcsr":
      return { ptr: matrix.rowPtr, idx: matrix.colIdx, majorList: matrix.rowList, minorList: matrix.colList };
  }
}

/** Sizes that an activation matrix must have room for. */
export interface ActivationRoom {
  readonly maxRows: number;
  /** The widest of the layers that it holds. */
  readonly maxCols: number;
  /** Entries of all parts together; maxRows x maxCols always suffices. Dense formats need that and ignore this. */
  readonly maxEntries: number;
  readonly maxParts: number;
}

/** Makes room for activations in `format`. Entries that will be there: see resetActivations and the kernels. @throws ResourceError */
export function placeActivations(
  format: FactorFormat,
  { maxRows, maxCols, maxEntries, maxParts }: ActivationRoom,
  memory: WebAssembly.Memory,
  allocate: Allocate,
  name: string,
): PlacedMatrix {
  let bytes = 0;
  const take = (size: number, what: string): number => {
    bytes += size;
    return allocate(size, `${what} of ${name}`);
  };
  const byRows = isByRows(format);
  const majors = byRows ? maxRows : maxCols;
  const minors = byRows ? maxCols : maxRows;
  const address = take(MATRIX_RECORD_BYTES, "record");
  const fields = new Uint32Array(MATRIX_RECORD_BYTES / 4);
  fields[MATRIX_FIELD.byRows] = byRows ? 1 : 0;
  fields[MATRIX_FIELD.parts] = 1;
  fields[MATRIX_FIELD.valueStep] = 4;
  if (isDense(format)) {
    fields[MATRIX_FIELD.dense] = 1;
    fields[MATRIX_FIELD.denseStep] = minors * 4;
    fields[MATRIX_FIELD.values] = take(majors * minors * 4, "values");
  } else {
    const parts = byRows ? maxParts : 1;
    const idxBytes = minors <= MAX_U16_DIMENSION ? 2 : 4;
    fields[MATRIX_FIELD.partStep] = majors * 4;
    fields[MATRIX_FIELD.begin] = take(majors * 4 * parts, "begins");
    fields[MATRIX_FIELD.end] = take(majors * 4 * parts, "ends");
    fields[MATRIX_FIELD.idx] = take(maxEntries * idxBytes, "indices");
    fields[MATRIX_FIELD.idxBytes] = idxBytes;
    fields[MATRIX_FIELD.values] = take(maxEntries * 4, "values");
    if (isListed(format)) fields[MATRIX_FIELD.majorList] = take(majors * 4, "list of slices");
    if (isTriply(format)) {
      fields[MATRIX_FIELD.minorList] = take(minors * 4, "list of indices");
      fields[MATRIX_FIELD.renumber] = take(minors * 4, "renumbering");
    }
  }
  new Uint32Array(memory.buffer, address, fields.length).set(fields);
  return { address, format, bytes };
}

/** Sets the sizes of a matrix that loadMatrix fills or a task writes next. Once for each layer and batch, by one worker. */
export function resetActivations(
  { address, format }: PlacedMatrix,
  nrows: number,
  ncols: number,
  memory: WebAssembly.Memory,
): void {
  const fields = new Uint32Array(memory.buffer, address, MATRIX_RECORD_BYTES / 4);
  const byRows = isByRows(format);
  fields[MATRIX_FIELD.nrows] = nrows;
  fields[MATRIX_FIELD.ncols] = ncols;
  fields[MATRIX_FIELD.slots] = byRows ? nrows : ncols;
  fields[MATRIX_FIELD.minorCount] = byRows ? ncols : nrows;
}

export interface PlacedRule {
  /** Address of a layer descriptor of which only bias, bounds and second pass are set. */
  readonly address: number;
  /** An entry without a sum can be other than zero: every entry is then computed. */
  readonly fills: boolean;
  readonly isSoftmax: boolean;
}

/** Places bias and activation of a layer. @throws ResourceError */
export function placeRule(layer: Layer, memory: WebAssembly.Memory, allocate: Allocate, name: string): PlacedRule {
  const { bias, rule, weights } = layer;
  const biasAddress = allocate(bias.byteLength, `biases of ${name}`);
  new Float32Array(memory.buffer, biasAddress, bias.length).set(bias);
  const address = allocate(LAYER_RECORD_BYTES, `rule of ${name}`);
  const fields = new Uint32Array(memory.buffer, address, LAYER_RECORD_BYTES / 4).fill(0);
  const floats = new Float32Array(memory.buffer, address, LAYER_RECORD_BYTES / 4);
  const { low, high, secondPass, slope } = epilogueOf(rule.activation);
  fields[FIELD.nrows] = weights.nrows;
  fields[FIELD.ncols] = weights.ncols;
  fields[FIELD.bias] = biasAddress;
  fields[FIELD.biasStep] = bias.length === 1 ? 0 : 4;
  fields[FIELD.biasEverywhere] = rule.biasRule === "all" ? 0xffff_ffff : 0;
  floats[FIELD.low] = low;
  floats[FIELD.high] = high;
  fields[FIELD.secondPass] = secondPass;
  floats[FIELD.slope] = slope;
  return { address, fills: fillsZeros(rule, bias), isSoftmax: rule.activation.kind === "softmax" };
}

/** True when some entry without a sum is other than zero after bias and activation, or softmax follows. */
export function fillsZeros({ activation, biasRule }: LayerRule, bias: Float32Array): boolean {
  if (activation.kind === "softmax") return true;
  if (biasRule === "stored") return activate(activation, 0) !== 0;
  return bias.some((b) => activate(activation, b) !== 0);
}

/** Sizes that the scratch of a task must have room for, over all layers. */
export interface TaskRoom {
  readonly maxRows: number;
  readonly maxCols: number;
  /** The largest inner dimension. */
  readonly maxInner: number;
}

export interface PlacedTask {
  readonly address: number;
  readonly joinMap: number;
  readonly bytes: number;
}

/** Makes a task with its scratch for activations in `format`; the SPA is zeroed. One a worker. @throws ResourceError */
export function placeTask(
  format: FactorFormat,
  { maxRows, maxCols, maxInner }: TaskRoom,
  memory: WebAssembly.Memory,
  allocate: Allocate,
  name: string,
): PlacedTask {
  let bytes = 0;
  const take = (size: number, what: string): number => {
    bytes += size;
    return allocate(size, `${what} of ${name}`);
  };
  const spaLength = isDense(format) ? 0 : isByRows(format) ? maxCols : maxRows;
  const address = take(TASK_RECORD_BYTES, "record");
  const joinMap = take(maxInner * 4, "map of inner indices");
  const fields = new Uint32Array(TASK_RECORD_BYTES / 4);
  fields[TASK_FIELD.spa] = take(spaLength * 4, "SPA");
  fields[TASK_FIELD.marks] = take(spaLength * 4, "marks");
  fields[TASK_FIELD.counts] = take((isByRows(format) ? maxRows : maxCols) * 4, "counts");
  fields[TASK_FIELD.flags] = take(isTriply(format) ? spaLength : 0, "flags");
  fields[TASK_FIELD.panel] = take(panelLength(format, maxRows, maxInner) * 4, "panel");
  new Float32Array(memory.buffer, fields[TASK_FIELD.spa], spaLength).fill(0);
  new Uint32Array(memory.buffer, address, fields.length).set(fields);
  return { address, joinMap, bytes };
}

/** Dense columns: 16 rows of the input. Sparse columns: eight columns of the result, which only dense weights use. */
function panelLength(format: FactorFormat, maxRows: number, maxInner: number): number {
  if (isByRows(format)) return 0;
  return isDense(format) ? 16 * maxInner : 8 * maxRows;
}

export interface TaskSetting {
  readonly input: PlacedMatrix;
  readonly weights: PlacedWeights;
  readonly output: PlacedMatrix;
  readonly rule: PlacedRule;
  readonly part: number;
  readonly firstColumn: number;
  readonly endColumn: number;
  /** Addresses that `cut` filled for this part's columns; null when one part computes all columns. */
  readonly cuts: { readonly begin: number; readonly end: number } | null;
  readonly place: number;
}

/** Points a task to one layer, batch and part. */
export function setTask(task: PlacedTask, setting: TaskSetting, memory: WebAssembly.Memory): void {
  const { input, weights, output, rule } = setting;
  const fields = new Uint32Array(memory.buffer, task.address, TASK_RECORD_BYTES / 4);
  const record = new Uint32Array(memory.buffer, weights.address, MATRIX_RECORD_BYTES / 4);
  fields[TASK_FIELD.input] = input.address;
  fields[TASK_FIELD.weights] = weights.address;
  fields[TASK_FIELD.output] = output.address;
  fields[TASK_FIELD.rule] = rule.address;
  fields[TASK_FIELD.fills] = rule.fills ? 1 : 0;
  fields[TASK_FIELD.part] = setting.part;
  fields[TASK_FIELD.firstColumn] = setting.firstColumn;
  fields[TASK_FIELD.endColumn] = setting.endColumn;
  fields[TASK_FIELD.join] = needsJoin(input.format, weights.format) ? task.joinMap : 0;
  fields[TASK_FIELD.place] = setting.place;
  fields[TASK_FIELD.cutBegin] = setting.cuts?.begin ?? record[MATRIX_FIELD.begin];
  fields[TASK_FIELD.cutEnd] = setting.cuts?.end ?? record[MATRIX_FIELD.end];
}

/** Where the part's entries begin; between symbolic and numeric. */
export function setPlace(task: PlacedTask, place: number, memory: WebAssembly.Memory): void {
  new Uint32Array(memory.buffer, task.address, TASK_RECORD_BYTES / 4)[TASK_FIELD.place] = place;
}

/** True when inner indices of one factor are not slots of the other: either side lists or renumbers them. */
export function needsJoin(activations: FactorFormat, weights: FactorFormat): boolean {
  return isByRows(weights)
    ? isTriply(activations) || isListed(weights)
    : isTriply(weights) || (isListed(activations) && !isDense(activations));
}

/** What the last `numeric` of a task left in its record. */
export function readTask(
  task: PlacedTask,
  memory: WebAssembly.Memory,
): { readonly nnz: number; readonly edges: number } {
  const fields = new Uint32Array(memory.buffer, task.address, TASK_RECORD_BYTES / 4);
  return {
    nnz: fields[TASK_FIELD.nnz],
    edges: fields[TASK_FIELD.edges] + fields[TASK_FIELD.edges + 1] * 0x1_0000_0000,
  };
}
