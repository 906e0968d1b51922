// The records of the format kernels as plain JavaScript sees them: views of the memory in 32-bit words, and the fields of a
// matrix and of a task as numbers of such words. Used by the plain kernels only.

import { MATRIX_FIELD, TASK_FIELD } from "../format-records.ts";
import { FIELD, SECOND_PASS } from "../layer-record.ts";

export const NONE = 0xffff_ffff;

export interface FormatViews {
  readonly u8: Uint8Array;
  readonly u16: Uint16Array;
  readonly u32: Uint32Array;
  readonly f32: Float32Array;
}

export function viewsOfMemory({ buffer }: WebAssembly.Memory): FormatViews {
  return {
    u8: new Uint8Array(buffer),
    u16: new Uint16Array(buffer),
    u32: new Uint32Array(buffer),
    f32: new Float32Array(buffer),
  };
}

/** Fields of a matrix; addresses of arrays are numbers of words (0 for none), but `idx` is one of elements. */
export interface MatrixView {
  readonly record: number;
  readonly byRows: boolean;
  readonly dense: boolean;
  readonly nrows: number;
  readonly ncols: number;
  readonly slots: number;
  readonly majorList: number;
  readonly begin: number;
  readonly end: number;
  readonly parts: number;
  readonly partStep: number;
  readonly idx: number;
  readonly isShort: boolean;
  readonly values: number;
  readonly valueStep: number;
  readonly minorCount: number;
  readonly minorList: number;
  readonly denseStep: number;
  readonly renumber: number;
}

export function readMatrix({ u32 }: FormatViews, address: number): MatrixView {
  const record = address >>> 2;
  const field = (name: keyof typeof MATRIX_FIELD): number => u32[record + MATRIX_FIELD[name]];
  const isShort = field("idxBytes") === 2;
  return {
    record,
    byRows: field("byRows") !== 0,
    dense: field("dense") !== 0,
    nrows: field("nrows"),
    ncols: field("ncols"),
    slots: field("slots"),
    majorList: field("majorList") >>> 2,
    begin: field("begin") >>> 2,
    end: field("end") >>> 2,
    parts: field("parts"),
    partStep: field("partStep") >>> 2,
    idx: field("idx") >>> (isShort ? 1 : 2),
    isShort,
    values: field("values") >>> 2,
    valueStep: field("valueStep") >>> 2,
    minorCount: field("minorCount"),
    minorList: field("minorList") >>> 2,
    denseStep: field("denseStep") >>> 2,
    renumber: field("renumber") >>> 2,
  };
}

export interface TaskView {
  readonly record: number;
  readonly input: MatrixView;
  readonly weights: MatrixView;
  readonly output: MatrixView;
  readonly rule: RuleView;
  readonly fills: boolean;
  readonly part: number;
  readonly firstColumn: number;
  readonly endColumn: number;
  readonly join: number;
  readonly spa: number;
  readonly marks: number;
  readonly counts: number;
  readonly place: number;
  /** A number of bytes. */
  readonly flags: number;
  readonly cutBegin: number;
  readonly cutEnd: number;
}

export function readTaskRecord(v: FormatViews, address: number): TaskView {
  const record = address >>> 2;
  const field = (name: keyof typeof TASK_FIELD): number => v.u32[record + TASK_FIELD[name]];
  return {
    record,
    input: readMatrix(v, field("input")),
    weights: readMatrix(v, field("weights")),
    output: readMatrix(v, field("output")),
    rule: readRule(v, field("rule")),
    fills: field("fills") !== 0,
    part: field("part"),
    firstColumn: field("firstColumn"),
    endColumn: field("endColumn"),
    join: field("join") >>> 2,
    spa: field("spa") >>> 2,
    marks: field("marks") >>> 2,
    counts: field("counts") >>> 2,
    place: field("place"),
    flags: field("flags"),
    cutBegin: field("cutBegin") >>> 2,
    cutEnd: field("cutEnd") >>> 2,
  };
}

/** Leaves the results of `numeric` in the record. */
export function writeResult(
  { u32 }: FormatViews,
  { record }: TaskView,
  listed: number,
  nnz: number,
  edges: number,
): void {
  u32[record + TASK_FIELD.listed] = listed;
  u32[record + TASK_FIELD.nnz] = nnz;
  u32[record + TASK_FIELD.edges] = edges;
  u32[record + TASK_FIELD.edges + 1] = Math.floor(edges / 0x1_0000_0000);
}

export function indexAt({ u16, u32 }: FormatViews, matrix: MatrixView, p: number): number {
  return matrix.isShort ? u16[matrix.idx + p] : u32[matrix.idx + p];
}

export function setIndex({ u16, u32 }: FormatViews, matrix: MatrixView, p: number, index: number): void {
  if (matrix.isShort) u16[matrix.idx + p] = index;
  else u32[matrix.idx + p] = index;
}

/** First position of a rising list whose element is at least `value`; the value itself without a list. */
export function positionOf({ u32 }: FormatViews, list: number, count: number, value: number): number {
  if (list === 0) return value;
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (u32[list + middle] < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

export interface RuleView {
  readonly bias: number;
  readonly biasStep: number;
  readonly everywhere: boolean;
  readonly low: number;
  readonly high: number;
  readonly kind: number;
  readonly slope: number;
  readonly isSoftmax: boolean;
}

function readRule({ u32, f32 }: FormatViews, address: number): RuleView {
  const record = address >>> 2;
  const kind = u32[record + FIELD.secondPass];
  return {
    bias: u32[record + FIELD.bias] >>> 2,
    biasStep: u32[record + FIELD.biasStep] >>> 2,
    everywhere: u32[record + FIELD.biasEverywhere] !== 0,
    low: f32[record + FIELD.low],
    high: f32[record + FIELD.high],
    kind,
    slope: f32[record + FIELD.slope],
    isSoftmax: kind === SECOND_PASS.softmax,
  };
}

/** act(z + b) in f32, b of column j added where the rule says so. */
export function finishSum({ f32 }: FormatViews, rule: RuleView, z: number, j: number): number {
  let v = z;
  if (z !== 0 || rule.everywhere) v = Math.fround(z + f32[rule.bias + j * rule.biasStep]);
  if (v < rule.low) v = rule.low;
  if (v > rule.high) v = rule.high;
  switch (rule.kind) {
    case SECOND_PASS["leaky-relu"]:
      return v > 0 ? v : Math.fround(v * rule.slope);
    case SECOND_PASS.sigmoid:
      return Math.fround(1 / (1 + Math.exp(-v)));
    case SECOND_PASS.tanh:
      return Math.fround(Math.tanh(v));
    default:
      return v;
  }
}

/** True when an entry of column j without a sum is stored. */
export function fillsColumn(v: FormatViews, rule: RuleView, j: number): boolean {
  return rule.isSoftmax || finishSum(v, rule, 0, j) !== 0;
}
