// Dense rows x weights by rows, and by columns. The result is dense, so there is nothing to count: one phase, written in
// place. Sums run as in format-numeric.ts: the same bits. Dense columns: format-dense-columns.ts.

import {
  BEGIN, CUT_BEGIN, CUT_END, DENSE, DENSE_STEP, EDGES, END, END_COLUMN, FIRST_COLUMN, IDX, INPUT, JOIN, LISTED,
  MAJOR_LIST, MINOR_LIST, NCOLS, NNZ, NROWS, OUTPUT, RULE, SLOTS, VALUES, VALUE_STEP, WEIGHTS, NONE, positionOf,
  word,
} from "./format-record";
import { addDenseRow } from "./format-numeric";
import { biasAt, finishSum } from "./format-rule";

/** Dense rows x weights by rows: the result's row is the accumulator. */
export function denseByRows<I>(task: usize): u32 {
  const input = load<usize>(task, INPUT);
  const weights = load<usize>(task, WEIGHTS);
  const output = load<usize>(task, OUTPUT);
  const rule = load<usize>(task, RULE);
  const join = load<usize>(task, JOIN);
  const first = load<u32>(task, FIRST_COLUMN);
  const end = load<u32>(task, END_COLUMN);
  const nrows = load<u32>(input, NROWS);
  const inner = load<u32>(input, NCOLS);
  const dense = load<u32>(weights, DENSE) != 0;
  const idx = load<usize>(weights, IDX);
  const values = load<usize>(weights, VALUES);
  const weightStep = load<usize>(weights, VALUE_STEP);
  const expand = load<usize>(weights, MINOR_LIST);
  let edges: u64 = 0;
  for (let i: u32 = 0; i < nrows; i++) {
    const row = load<usize>(input, VALUES) + <usize>i * load<usize>(input, DENSE_STEP);
    const out = load<usize>(output, VALUES) + <usize>i * load<usize>(output, DENSE_STEP);
    memory.fill(out + (<usize>first << 2), 0, <usize>(end - first) << 2);
    for (let k: u32 = 0; k < inner; k++) {
      const slot = join == 0 ? k : word(join, k);
      if (slot == NONE) continue;
      const y = load<f32>(row + (<usize>k << 2));
      if (dense) {
        addDenseRow(out, values + <usize>slot * load<usize>(weights, DENSE_STEP), y, first, end);
        edges += <u64>(end - first);
        continue;
      }
      const last = word(load<usize>(task, CUT_END), slot);
      let p = word(load<usize>(task, CUT_BEGIN), slot);
      edges += <u64>(last - p);
      for (; p < last; p++) {
        let j = <u32>load<I>(idx + <usize>p * sizeof<I>());
        if (expand != 0) j = word(expand, j);
        const at = out + (<usize>j << 2);
        store<f32>(at, load<f32>(at) + y * load<f32>(values + <usize>p * weightStep));
      }
    }
    for (let j = first; j < end; j++) {
      const at = out + (<usize>j << 2);
      store<f32>(at, finishSum(rule, load<f32>(at), biasAt(rule, j)));
    }
  }
  return finishTask(task, end - first, edges);
}

/** Dense rows x weights by columns: a dot product for every entry of the result. */
export function denseRowsByColumns<I>(task: usize): u32 {
  const input = load<usize>(task, INPUT);
  const weights = load<usize>(task, WEIGHTS);
  const output = load<usize>(task, OUTPUT);
  const rule = load<usize>(task, RULE);
  const join = load<usize>(task, JOIN);
  const first = load<u32>(task, FIRST_COLUMN);
  const end = load<u32>(task, END_COLUMN);
  const nrows = load<u32>(input, NROWS);
  const dense = load<u32>(weights, DENSE) != 0;
  const idx = load<usize>(weights, IDX);
  const weightStep = load<usize>(weights, VALUE_STEP);
  const list = load<usize>(weights, MAJOR_LIST);
  const slots = load<u32>(weights, SLOTS);
  const firstSlot = positionOf(list, slots, first);
  const endSlot = positionOf(list, slots, end);
  const step = load<usize>(input, DENSE_STEP);
  const outStep = load<usize>(output, DENSE_STEP);
  let edges: u64 = 0;
  for (let i: u32 = 0; i < nrows; i += 4) {
    // Four sums at once, so that their additions overlap; behind the last row it is taken again.
    const count = min(nrows - i, 4);
    const row0 = load<usize>(input, VALUES) + <usize>i * step;
    const row1 = count > 1 ? row0 + step : row0;
    const row2 = count > 2 ? row0 + 2 * step : row0;
    const row3 = count > 3 ? row0 + 3 * step : row0;
    const out = load<usize>(output, VALUES) + <usize>i * outStep;
    let slot = firstSlot;
    for (let j = first; j < end; j++) {
      const next = slot < endSlot ? (list == 0 ? slot : word(list, slot)) : end;
      let sum0: f32 = 0;
      let sum1: f32 = 0;
      let sum2: f32 = 0;
      let sum3: f32 = 0;
      if (next == j) {
        const column = load<usize>(weights, VALUES) + (dense ? <usize>slot * load<usize>(weights, DENSE_STEP) : 0);
        const last = dense ? load<u32>(weights, NROWS) : word(load<usize>(weights, END), slot);
        let p: u32 = dense ? 0 : word(load<usize>(weights, BEGIN), slot);
        edges += <u64>(last - p) * <u64>count;
        for (; p < last; p++) {
          let k = dense ? p : <u32>load<I>(idx + <usize>p * sizeof<I>());
          if (join != 0) k = word(join, k);
          const w = load<f32>(column + <usize>p * weightStep);
          const at = <usize>k << 2;
          sum0 += w * load<f32>(row0 + at);
          sum1 += w * load<f32>(row1 + at);
          sum2 += w * load<f32>(row2 + at);
          sum3 += w * load<f32>(row3 + at);
        }
        slot++;
      }
      const to = out + (<usize>j << 2);
      const bias = biasAt(rule, j);
      store<f32>(to, finishSum(rule, sum0, bias));
      if (count > 1) store<f32>(to + outStep, finishSum(rule, sum1, bias));
      if (count > 2) store<f32>(to + 2 * outStep, finishSum(rule, sum2, bias));
      if (count > 3) store<f32>(to + 3 * outStep, finishSum(rule, sum3, bias));
    }
  }
  return finishTask(task, end - first, edges);
}

/** Leaves the figures of a part of a dense result. */
export function finishTask(task: usize, ncols: u32, edges: u64): u32 {
  const nnz = load<u32>(load<usize>(task, OUTPUT), NROWS) * ncols;
  store<u32>(task, ncols, LISTED);
  store<u32>(task, nnz, NNZ);
  store<u64>(task, edges, EDGES);
  return nnz;
}
