// Layout of the two records that the format kernels read: a matrix in any format, and a task (one worker's part of one
// layer on one batch). 32-bit fields, little-endian, written by kernels/format-records.ts; its test compares every field.
//
// "Major" is the dimension along which entries are stored together (columns of CSC, rows of CSR), "minor" the other one.
// A matrix has `slots` major slices: all of them, or those that MAJOR_LIST names. Slice s holds entries begin[s] .. end[s]-1;
// two arrays instead of offsets, because parts written by several workers lie apart. A matrix by rows whose columns
// were computed by several workers has `parts` pieces of each slice, in rising order of columns.

export const BY_ROWS: usize = 0;
export const DENSE: usize = 4;
export const NROWS: usize = 8;
export const NCOLS: usize = 12;
export const SLOTS: usize = 16;
/** u32 x slots, rising; 0 when slot s is slice s. */
export const MAJOR_LIST: usize = 20;
/** u32 x slots, parts times. */
export const BEGIN: usize = 24;
export const END: usize = 28;
export const PARTS: usize = 32;
/** Bytes from the begins (ends) of one part to those of the next. */
export const PART_STEP: usize = 36;
/** u16 or u32 x nnz: minor indices, or positions in MINOR_LIST. */
export const IDX: usize = 40;
export const IDX_BYTES: usize = 44;
/** f32 x nnz, or one f32 when VALUE_STEP is 0; dense: f32 x minor at values + s DENSE_STEP. */
export const VALUES: usize = 48;
export const VALUE_STEP: usize = 52;
/** Length of MINOR_LIST, or the minor dimension. */
export const MINOR_COUNT: usize = 56;
/** u32 x minorCount, rising; 0 when indices are not renumbered. */
export const MINOR_LIST: usize = 60;
export const DENSE_STEP: usize = 64;
/** Scratch of triply compressed results: u32 x minor dimension. */
export const RENUMBER: usize = 68;
/** Bytes of a matrix record. */
export const MATRIX_BYTES: usize = 80;

export const INPUT: usize = 0;
export const WEIGHTS: usize = 4;
export const OUTPUT: usize = 8;
/** A layer descriptor (layer.ts) of which bias, bounds and second pass are read. */
export const RULE: usize = 12;
/** 1: entries without a sum can be other than zero after bias and activation, so all have to be looked at. */
export const FILLS: usize = 16;
export const PART: usize = 20;
/** The part's columns of the result: first .. end-1. */
export const FIRST_COLUMN: usize = 24;
export const END_COLUMN: usize = 28;
/** From the inner indices of one factor to slots of the other, NONE where there is none; 0 for the identity. */
export const JOIN: usize = 32;
/** f32, all zero between calls: x nrows by columns, x ncols by rows. */
export const SPA: usize = 36;
/** u32, as long as the SPA. */
export const MARKS: usize = 40;
/** u32: what `symbolic` counts, x columns of the part, or x nrows. */
export const COUNTS: usize = 44;
/** Number of the first entry that this part may write. */
export const PLACE: usize = 48;
/** u8 x minor dimension: which minor indices the part has used; triply compressed results only. */
export const FLAGS: usize = 52;
/** By rows: where the part's columns begin and end in each slot of the weights, u32 x slots. */
export const CUT_BEGIN: usize = 56;
export const CUT_END: usize = 60;
/** Written by `numeric`: slots listed by the part (doubly and triply compressed columns), and entries. */
export const LISTED: usize = 64;
export const NNZ: usize = 68;
/** Written by `numeric`: u64, products of an activation and a weight. */
export const EDGES: usize = 72;
/** f32: 16 x inner dimension for dense columns, 8 x rows for sparse columns x dense weights; 0 where neither is. */
export const PANEL: usize = 80;
/** Bytes of a task record. */
export const TASK_BYTES: usize = 96;

export const NONE: u32 = 0xffffffff;

// @ts-ignore: decorator
@inline export function word(array: usize, k: u32): u32 {
  return load<u32>(array + (<usize>k << 2));
}

// @ts-ignore: decorator
@inline export function setWord(array: usize, k: u32, value: u32): void {
  store<u32>(array + (<usize>k << 2), value);
}

// @ts-ignore: decorator
@inline export function indexAt(idx: usize, bytes: u32, p: u32): u32 {
  return bytes == 2 ? <u32>load<u16>(idx + (<usize>p << 1)) : load<u32>(idx + (<usize>p << 2));
}

// @ts-ignore: decorator
@inline export function setIndex(idx: usize, bytes: u32, p: u32, value: u32): void {
  if (bytes == 2) store<u16>(idx + (<usize>p << 1), <u16>value);
  else store<u32>(idx + (<usize>p << 2), value);
}

/** First position of a rising list whose element is at least `value`; `count` when there is none. */
export function lowerBound(list: usize, count: u32, value: u32): u32 {
  let low: u32 = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (word(list, middle) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Position of column j in the numbering of slots or minor indices; the identity without a list. */
// @ts-ignore: decorator
@inline export function positionOf(list: usize, count: u32, j: u32): u32 {
  return list == 0 ? j : lowerBound(list, count, j);
}
