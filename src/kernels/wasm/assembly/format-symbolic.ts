// The symbolic phase of sparse x sparse: how many entries a part of the result has at most, so that the caller can say where
// they go. Counted exactly: entries for which Z = Y W has at least one product, and those that bias and activation fill.
// Products that cancel and activations that are zero are counted here and not stored by the numeric phase.

import {
  BEGIN, COUNTS, CUT_BEGIN, CUT_END, DENSE, END, END_COLUMN, FILLS, FIRST_COLUMN, IDX, IDX_BYTES, INPUT, JOIN,
  MAJOR_LIST, MARKS, MINOR_COUNT, MINOR_LIST, NCOLS, NONE, NROWS, PARTS, PART_STEP, RULE, SLOTS, WEIGHTS, indexAt,
  positionOf, setWord, word,
} from "./format-record";
import { fillsColumn } from "./format-rule";

/** Marks the rows of column slot s of the input; how many were not yet marked with `stamp`. */
function markColumn<I>(input: usize, s: u32, marks: usize, stamp: u32, expand: usize): u32 {
  const idx = load<usize>(input, IDX);
  const end = word(load<usize>(input, END), s);
  let fresh: u32 = 0;
  for (let q = word(load<usize>(input, BEGIN), s); q < end; q++) {
    let i = <u32>load<I>(idx + <usize>q * sizeof<I>());
    if (expand != 0) i = word(expand, i);
    fresh += <u32>(word(marks, i) != stamp);
    setWord(marks, i, stamp);
  }
  return fresh;
}

/** `limit`: rows that the input can have entries in; once all are marked the rest need not be looked at. */
function countColumn<I>(task: usize, slot: u32, stamp: u32, expand: usize, limit: u32): u32 {
  const input = load<usize>(task, INPUT);
  const weights = load<usize>(task, WEIGHTS);
  const join = load<usize>(task, JOIN);
  const marks = load<usize>(task, MARKS);
  const dense = load<u32>(weights, DENSE) != 0;
  const idx = load<usize>(weights, IDX);
  const idxBytes = load<u32>(weights, IDX_BYTES);
  let p: u32 = dense ? 0 : word(load<usize>(weights, BEGIN), slot);
  const end = dense ? load<u32>(weights, NROWS) : word(load<usize>(weights, END), slot);
  let count: u32 = 0;
  for (; p < end && count < limit; p++) {
    const k = dense ? p : indexAt(idx, idxBytes, p);
    const s = join == 0 ? k : word(join, k);
    if (s != NONE) count += markColumn<I>(input, s, marks, stamp, expand);
  }
  return count;
}

export function symbolicByColumns<I>(task: usize): u32 {
  const input = load<usize>(task, INPUT);
  const weights = load<usize>(task, WEIGHTS);
  const rule = load<usize>(task, RULE);
  const fills = load<u32>(task, FILLS) != 0;
  const first = load<u32>(task, FIRST_COLUMN);
  const end = load<u32>(task, END_COLUMN);
  const counts = load<usize>(task, COUNTS);
  const nrows = load<u32>(input, NROWS);
  const list = load<usize>(weights, MAJOR_LIST);
  const slots = load<u32>(weights, SLOTS);
  const endSlot = positionOf(list, slots, end);
  // Every column of dense weights reads every row: the first count holds for all.
  const alike = load<u32>(weights, DENSE) != 0;
  memory.fill(load<usize>(task, MARKS), 0, <usize>nrows << 2);
  memory.fill(counts, 0, <usize>(end - first) << 2);
  const expand: usize = fills ? load<usize>(input, MINOR_LIST) : 0;
  const limit = load<u32>(input, MINOR_COUNT);
  let total: u32 = 0;
  let dense = NONE;
  for (let slot = positionOf(list, slots, first); slot < endSlot; slot++) {
    const j = list == 0 ? slot : word(list, slot);
    if (fills && fillsColumn(rule, j)) continue;
    let count = dense;
    if (count == NONE) count = countColumn<I>(task, slot, slot + 1, expand, limit);
    if (alike) dense = count;
    setWord(counts, j - first, count);
    total += count;
  }
  if (!fills) return total;
  for (let j = first; j < end; j++) {
    if (!fillsColumn(rule, j)) continue;
    setWord(counts, j - first, nrows);
    total += nrows;
  }
  return total;
}

/** Marks the columns of weight slot s that the part computes; those that fill anyway do not count. */
function markRow<I>(task: usize, s: u32, stamp: u32, expand: usize, fills: bool): u32 {
  const idx = load<usize>(load<usize>(task, WEIGHTS), IDX);
  const marks = load<usize>(task, MARKS);
  const rule = load<usize>(task, RULE);
  const end = word(load<usize>(task, CUT_END), s);
  let fresh: u32 = 0;
  for (let p = word(load<usize>(task, CUT_BEGIN), s); p < end; p++) {
    let m = <u32>load<I>(idx + <usize>p * sizeof<I>());
    if (expand != 0) m = word(expand, m);
    if (word(marks, m) == stamp) continue;
    setWord(marks, m, stamp);
    if (!fills || !fillsColumn(rule, m)) fresh++;
  }
  return fresh;
}

/** `limit`: columns of the part that the weights can have entries in. */
function countRow<I>(task: usize, s: u32, stamp: u32, expand: usize, fills: bool, limit: u32): u32 {
  const input = load<usize>(task, INPUT);
  const weights = load<usize>(task, WEIGHTS);
  const join = load<usize>(task, JOIN);
  const idx = load<usize>(input, IDX);
  const idxBytes = load<u32>(input, IDX_BYTES);
  const dense = load<u32>(weights, DENSE) != 0;
  const parts = load<u32>(input, PARTS);
  let count: u32 = 0;
  for (let part: u32 = 0; part < parts; part++) {
    const step = <usize>part * load<usize>(input, PART_STEP);
    const end = word(load<usize>(input, END) + step, s);
    for (let q = word(load<usize>(input, BEGIN) + step, s); q < end && count < limit; q++) {
      const k = indexAt(idx, idxBytes, q);
      const slot = join == 0 ? k : word(join, k);
      if (slot == NONE) continue;
      if (!dense) {
        count += markRow<I>(task, slot, stamp, expand, fills);
        continue;
      }
      const first = load<u32>(task, FIRST_COLUMN);
      const last = load<u32>(task, END_COLUMN);
      if (!fills) return last - first;
      for (let j = first; j < last; j++) count += <u32>!fillsColumn(load<usize>(task, RULE), j);
      return count;
    }
  }
  return count;
}

export function symbolicByRows<I>(task: usize): u32 {
  const input = load<usize>(task, INPUT);
  const fills = load<u32>(task, FILLS) != 0;
  const counts = load<usize>(task, COUNTS);
  const list = load<usize>(input, MAJOR_LIST);
  const slots = load<u32>(input, SLOTS);
  const end = load<u32>(task, END_COLUMN);
  let full: u32 = 0;
  const rule = load<usize>(task, RULE);
  if (fills) for (let j = load<u32>(task, FIRST_COLUMN); j < end; j++) full += <u32>fillsColumn(rule, j);
  const weights = load<usize>(task, WEIGHTS);
  memory.fill(load<usize>(task, MARKS), 0, load<usize>(weights, NCOLS) << 2);
  const expand: usize = fills ? load<usize>(weights, MINOR_LIST) : 0;
  const columns = load<usize>(weights, MINOR_LIST);
  const ncols = load<u32>(weights, MINOR_COUNT);
  const limit = positionOf(columns, ncols, end) - positionOf(columns, ncols, load<u32>(task, FIRST_COLUMN));
  const results = fills ? load<u32>(input, NROWS) : slots;
  let total: u32 = 0;
  let next: u32 = 0;
  for (let r: u32 = 0; r < results; r++) {
    let count = full;
    if (!fills || list == 0) count += countRow<I>(task, r, r + 1, expand, fills, limit);
    else if (next < slots && word(list, next) == r) count += countRow<I>(task, next++, r + 1, expand, fills, limit);
    setWord(counts, r, count);
    total += count;
  }
  return total;
}
