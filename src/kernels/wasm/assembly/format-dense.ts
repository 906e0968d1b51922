// Dense activations x weights in any format of the same orientation, and dense rows x weights by columns. The result is dense,
// so there is nothing to count: one phase, written in place. Sums run as in format-numeric.ts: the same bits.

import {
  BEGIN, CUT_BEGIN, CUT_END, DENSE, DENSE_STEP, EDGES, END, END_COLUMN, FIRST_COLUMN, IDX, INPUT, JOIN, LISTED,
  MAJOR_LIST, MINOR_LIST, NCOLS, NNZ, NROWS, OUTPUT, RULE, SLOTS, VALUES, VALUE_STEP, WEIGHTS, NONE, positionOf,
  word,
} from "./format-record";
import { addDenseRow } from "./format-numeric";
import { biasAt, finishSum } from "./format-rule";

function finishRange(rule: usize, at: usize, end: usize, bias: f32): void {
  for (; at < end; at += 4) store<f32>(at, finishSum(rule, load<f32>(at), bias));
}

/** One column of the result: sums of w Y[:, k] in registers, 16 rows at a time. */
function denseColumn<I>(task: usize, slot: u32, out: usize): u64 {
  const input = load<usize>(task, INPUT);
  const weights = load<usize>(task, WEIGHTS);
  const join = load<usize>(task, JOIN);
  const dense = load<u32>(weights, DENSE) != 0;
  const idx = load<usize>(weights, IDX);
  const weightStep = load<usize>(weights, VALUE_STEP);
  const column = load<usize>(weights, VALUES) + (dense ? <usize>slot * load<usize>(weights, DENSE_STEP) : 0);
  const first: u32 = dense ? 0 : word(load<usize>(weights, BEGIN), slot);
  const last = dense ? load<u32>(weights, NROWS) : word(load<usize>(weights, END), slot);
  const values = load<usize>(input, VALUES);
  const step = load<usize>(input, DENSE_STEP);
  const bytes = load<usize>(input, NROWS) << 2;
  let r: usize = 0;
  for (; r + 64 <= bytes; r += 64) {
    let s0 = f32x4.splat(0);
    let s1 = s0;
    let s2 = s0;
    let s3 = s0;
    for (let p = first; p < last; p++) {
      let k = dense ? p : <u32>load<I>(idx + <usize>p * sizeof<I>());
      if (join != 0) k = word(join, k);
      const w = v128.load_splat<f32>(column + <usize>p * weightStep);
      const y = values + <usize>k * step + r;
      s0 = f32x4.add(s0, f32x4.mul(w, v128.load(y, 0)));
      s1 = f32x4.add(s1, f32x4.mul(w, v128.load(y, 16)));
      s2 = f32x4.add(s2, f32x4.mul(w, v128.load(y, 32)));
      s3 = f32x4.add(s3, f32x4.mul(w, v128.load(y, 48)));
    }
    v128.store(out + r, s0, 0);
    v128.store(out + r, s1, 16);
    v128.store(out + r, s2, 32);
    v128.store(out + r, s3, 48);
  }
  for (; r < bytes; r += 4) {
    let sum: f32 = 0;
    for (let p = first; p < last; p++) {
      let k = dense ? p : <u32>load<I>(idx + <usize>p * sizeof<I>());
      if (join != 0) k = word(join, k);
      sum += load<f32>(column + <usize>p * weightStep) * load<f32>(values + <usize>k * step + r);
    }
    store<f32>(out + r, sum);
  }
  return <u64>(last - first) * <u64>(bytes >> 2);
}

/** Dense columns x weights by columns. */
export function denseByColumns<I>(task: usize): u32 {
  const weights = load<usize>(task, WEIGHTS);
  const output = load<usize>(task, OUTPUT);
  const rule = load<usize>(task, RULE);
  const first = load<u32>(task, FIRST_COLUMN);
  const end = load<u32>(task, END_COLUMN);
  const list = load<usize>(weights, MAJOR_LIST);
  const slots = load<u32>(weights, SLOTS);
  const endSlot = positionOf(list, slots, end);
  const bytes = load<usize>(output, NROWS) << 2;
  let slot = positionOf(list, slots, first);
  let edges: u64 = 0;
  for (let j = first; j < end; j++) {
    const out = load<usize>(output, VALUES) + <usize>j * load<usize>(output, DENSE_STEP);
    const next = slot < endSlot ? (list == 0 ? slot : word(list, slot)) : end;
    if (next == j) edges += denseColumn<I>(task, slot++, out);
    else memory.fill(out, 0, bytes);
    finishRange(rule, out, out + bytes, biasAt(rule, j));
  }
  return finishTask(task, end - first, edges);
}

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
  let edges: u64 = 0;
  for (let i: u32 = 0; i < nrows; i++) {
    const row = load<usize>(input, VALUES) + <usize>i * load<usize>(input, DENSE_STEP);
    const out = load<usize>(output, VALUES) + <usize>i * load<usize>(output, DENSE_STEP);
    let slot = firstSlot;
    for (let j = first; j < end; j++) {
      const next = slot < endSlot ? (list == 0 ? slot : word(list, slot)) : end;
      let sum: f32 = 0;
      if (next == j) {
        const column = load<usize>(weights, VALUES) + (dense ? <usize>slot * load<usize>(weights, DENSE_STEP) : 0);
        const last = dense ? load<u32>(weights, NROWS) : word(load<usize>(weights, END), slot);
        let p: u32 = dense ? 0 : word(load<usize>(weights, BEGIN), slot);
        edges += <u64>(last - p);
        for (; p < last; p++) {
          let k = dense ? p : <u32>load<I>(idx + <usize>p * sizeof<I>());
          if (join != 0) k = word(join, k);
          sum += load<f32>(column + <usize>p * weightStep) * load<f32>(row + (<usize>k << 2));
        }
        slot++;
      }
      store<f32>(out + (<usize>j << 2), finishSum(rule, sum, biasAt(rule, j)));
    }
  }
  return finishTask(task, end - first, edges);
}

function finishTask(task: usize, ncols: u32, edges: u64): u32 {
  const nnz = load<u32>(load<usize>(task, OUTPUT), NROWS) * ncols;
  store<u32>(task, ncols, LISTED);
  store<u32>(task, nnz, NNZ);
  store<u64>(task, edges, EDGES);
  return nnz;
}
