// What surrounds the two phases: before them, the meeting of the inner indices of both factors and the cut of weights by
// rows; after them, the joining of the parts into one valid matrix. See kernels/format-kernels.ts for the order of calls.

import {
  BEGIN, BY_ROWS, DENSE, END, END_COLUMN, FILLS, FIRST_COLUMN, FLAGS, IDX, IDX_BYTES, INPUT, JOIN, LISTED,
  MAJOR_LIST, MINOR_COUNT, MINOR_LIST, NCOLS, NNZ, NONE, NROWS, OUTPUT, PARTS, PART_STEP, PLACE, RENUMBER, SLOTS,
  WEIGHTS, indexAt, positionOf, setIndex, setWord, word,
} from "./format-record";

/**
 * Fills the task's JOIN: by columns from the weights' row indices to the input's column slots, by rows from the input's column
 * indices to the weights' row slots; dense factors have a slot for every index. Cost: O(inner dimension). Nothing without a JOIN.
 */
export function join(task: usize): void {
  const map = load<usize>(task, JOIN);
  if (map == 0) return;
  const weights = load<usize>(task, WEIGHTS);
  const byRows = load<u32>(weights, BY_ROWS) != 0;
  const from = byRows ? load<usize>(task, INPUT) : weights;
  const to = byRows ? weights : load<usize>(task, INPUT);
  const indices = load<usize>(from, MINOR_LIST);
  const count = load<u32>(from, MINOR_COUNT);
  const list = load<usize>(to, MAJOR_LIST);
  const slots = load<u32>(to, SLOTS);
  let slot: u32 = 0;
  for (let x: u32 = 0; x < count; x++) {
    const k = indices == 0 ? x : word(indices, x);
    if (list == 0) {
      setWord(map, x, k);
      continue;
    }
    while (slot < slots && word(list, slot) < k) slot++;
    setWord(map, x, slot < slots && word(list, slot) == k ? slot : NONE);
  }
}

/** cut[s] = first entry of slot s of weights by rows whose column is at least j. Cost: O(slots log of their length). */
export function cut(weights: usize, j: u32, target: usize): void {
  const slots = load<u32>(weights, SLOTS);
  const idx = load<usize>(weights, IDX);
  const bytes = load<u32>(weights, IDX_BYTES);
  const m = positionOf(load<usize>(weights, MINOR_LIST), load<u32>(weights, MINOR_COUNT), j);
  for (let s: u32 = 0; s < slots; s++) {
    let low = word(load<usize>(weights, BEGIN), s);
    let high = word(load<usize>(weights, END), s);
    while (low < high) {
      const middle = (low + high) >> 1;
      if (indexAt(idx, bytes, middle) < m) low = middle + 1;
      else high = middle;
    }
    setWord(target, s, low);
  }
}

/** Doubly compressed columns: moves the slots that the parts listed together. In place: slots only move down. */
function joinColumns(output: usize, tasks: usize, count: u32): void {
  const list = load<usize>(output, MAJOR_LIST);
  const begins = load<usize>(output, BEGIN);
  const ends = load<usize>(output, END);
  let to: u32 = 0;
  for (let t: u32 = 0; t < count; t++) {
    const task = <usize>word(tasks, t);
    const first = load<u32>(task, FIRST_COLUMN);
    const last = first + load<u32>(task, LISTED);
    for (let from = first; from < last; from++, to++) {
      setWord(list, to, word(list, from));
      setWord(begins, to, word(begins, from));
      setWord(ends, to, word(ends, from));
    }
  }
  store<u32>(output, to, SLOTS);
}

/** Doubly compressed rows: drops the rows that are empty in every part. */
function joinRows(output: usize, tasks: usize, count: u32): void {
  const task = <usize>word(tasks, 0);
  const input = load<usize>(task, INPUT);
  const results = load<u32>(task, LISTED);
  const inputList: usize = load<u32>(task, FILLS) != 0 ? 0 : load<usize>(input, MAJOR_LIST);
  const list = load<usize>(output, MAJOR_LIST);
  const begins = load<usize>(output, BEGIN);
  const ends = load<usize>(output, END);
  const step = load<usize>(output, PART_STEP);
  let to: u32 = 0;
  for (let r: u32 = 0; r < results; r++) {
    let used = false;
    for (let part: u32 = 0; part < count; part++) {
      const at = <usize>part * step;
      const begin = word(begins + at, r);
      const end = word(ends + at, r);
      setWord(begins + at, to, begin);
      setWord(ends + at, to, end);
      if (begin != end) used = true;
    }
    if (!used) continue;
    setWord(list, to, inputList == 0 ? r : word(inputList, r));
    to++;
  }
  store<u32>(output, to, SLOTS);
}

/** Triply compressed: lists the minor indices that any part used, and fills RENUMBER. True when numbers change. */
function joinMinors(output: usize, tasks: usize, count: u32): bool {
  const task = <usize>word(tasks, 0);
  const byRows = load<u32>(output, BY_ROWS) != 0;
  const source = byRows ? load<usize>(task, WEIGHTS) : load<usize>(task, INPUT);
  const fills = load<u32>(task, FILLS) != 0;
  const sourceList: usize = fills ? 0 : load<usize>(source, MINOR_LIST);
  const dimension = byRows ? load<u32>(output, NCOLS) : load<u32>(output, NROWS);
  const length = sourceList == 0 ? dimension : load<u32>(source, MINOR_COUNT);
  const list = load<usize>(output, MINOR_LIST);
  const renumber = load<usize>(output, RENUMBER);
  let used: u32 = 0;
  for (let m: u32 = 0; m < length; m++) {
    let flag: u32 = 0;
    for (let t: u32 = 0; t < count; t++) {
      const part = <usize>word(tasks, t);
      if (byRows && !isWithin(part, sourceList, length, m)) continue;
      flag |= <u32>load<u8>(load<usize>(part, FLAGS) + <usize>m);
    }
    if (flag == 0) continue;
    setWord(renumber, m, used);
    setWord(list, used, sourceList == 0 ? m : word(sourceList, m));
    used++;
  }
  store<u32>(output, used, MINOR_COUNT);
  return used != length;
}

/** By rows a part has flags for its own columns only. */
function isWithin(task: usize, list: usize, length: u32, m: u32): bool {
  const j = list == 0 ? m : word(list, m);
  return j >= load<u32>(task, FIRST_COLUMN) && j < load<u32>(task, END_COLUMN);
}

/**
 * Joins the parts of one result, all of them numeric and done; `tasks`: u32 x count addresses in rising order of columns.
 * Returns 1 when every part has to be relabelled before the matrix is read, else 0. Called by one worker.
 */
export function seal(tasks: usize, count: u32): u32 {
  const output = load<usize>(<usize>word(tasks, 0), OUTPUT);
  if (load<u32>(output, DENSE) != 0) return 0;
  const byRows = load<u32>(output, BY_ROWS) != 0;
  if (byRows) store<u32>(output, count, PARTS);
  if (load<usize>(output, MAJOR_LIST) == 0) return 0;
  if (byRows) joinRows(output, tasks, count);
  else joinColumns(output, tasks, count);
  if (load<usize>(output, MINOR_LIST) == 0) return 0;
  return <u32>joinMinors(output, tasks, count);
}

/** Gives the entries of one part their numbers in the joined list. */
export function relabel(task: usize): void {
  const output = load<usize>(task, OUTPUT);
  const idx = load<usize>(output, IDX);
  const bytes = load<u32>(output, IDX_BYTES);
  const renumber = load<usize>(output, RENUMBER);
  const first = load<u32>(task, PLACE);
  const end = first + load<u32>(task, NNZ);
  for (let p = first; p < end; p++) setIndex(idx, bytes, p, word(renumber, indexAt(idx, bytes, p)));
}
