// Dense columns x weights by columns. Rows are taken 16 at a time, the last ones 4 at a time: their part of the input is copied
// to a panel that stays in the cache while all columns of the weights pass. Sums run as in format-numeric.ts: the same bits.

import {
  BEGIN, DENSE, DENSE_STEP, END, END_COLUMN, FIRST_COLUMN, IDX, INPUT, JOIN, MAJOR_LIST, NROWS, OUTPUT, PANEL,
  RULE, SLOTS, VALUES, VALUE_STEP, WEIGHTS, positionOf, word,
} from "./format-record";
import { finishTask } from "./format-dense";
import { fillPanel, NARROW, storeFour, WIDE } from "./format-panel";
import { biasAt, finishRange } from "./format-rule";

export function denseByColumns<I>(task: usize): u32 {
  const input = load<usize>(task, INPUT);
  const weights = load<usize>(task, WEIGHTS);
  const bytes = load<usize>(input, NROWS) << 2;
  const dense = load<u32>(weights, DENSE) != 0;
  let edges: u64 = 0;
  for (let r: usize = 0; r < bytes; ) {
    const isWide = r + WIDE <= bytes;
    fillPanel(task, r, isWide ? WIDE : NARROW, bytes);
    const products = dense ? multiplyDense(task, r, isWide, bytes) : multiplySparse<I>(task, r, isWide, bytes);
    edges += products * <u64>(min(bytes - r, isWide ? WIDE : NARROW) >> 2);
    r += isWide ? WIDE : NARROW;
  }
  return finishTask(task, load<u32>(task, END_COLUMN) - load<u32>(task, FIRST_COLUMN), edges);
}

/** All columns of sparse weights for one panel; returns products a row. */
function multiplySparse<I>(task: usize, r: usize, isWide: bool, bytes: usize): u64 {
  const weights = load<usize>(task, WEIGHTS);
  const output = load<usize>(task, OUTPUT);
  const rule = load<usize>(task, RULE);
  const join = load<usize>(task, JOIN);
  const panel = load<usize>(task, PANEL);
  const first = load<u32>(task, FIRST_COLUMN);
  const end = load<u32>(task, END_COLUMN);
  const list = load<usize>(weights, MAJOR_LIST);
  const slots = load<u32>(weights, SLOTS);
  const endSlot = positionOf(list, slots, end);
  const idx = load<usize>(weights, IDX);
  const values = load<usize>(weights, VALUES);
  const weightStep = load<usize>(weights, VALUE_STEP);
  let slot = positionOf(list, slots, first);
  let products: u64 = 0;
  for (let j = first; j < end; j++) {
    const out = load<usize>(output, VALUES) + <usize>j * load<usize>(output, DENSE_STEP) + r;
    const isListed = slot < endSlot && (list == 0 ? slot : word(list, slot)) == j;
    let p: u32 = isListed ? word(load<usize>(weights, BEGIN), slot) : 0;
    const last: u32 = isListed ? word(load<usize>(weights, END), slot) : 0;
    if (isListed) slot++;
    products += <u64>(last - p);
    const bias = biasAt(rule, j);
    let s0 = f32x4.splat(0);
    if (!isWide) {
      for (; p < last; p++) {
        let k = <usize>load<I>(idx + <usize>p * sizeof<I>());
        if (join != 0) k = <usize>word(join, <u32>k);
        const w = v128.load_splat<f32>(values + <usize>p * weightStep);
        s0 = f32x4.add(s0, f32x4.mul(w, v128.load(panel + k * NARROW)));
      }
      storeFour(rule, out, s0, bias, bytes - r);
      continue;
    }
    let s1 = s0;
    let s2 = s0;
    let s3 = s0;
    for (; p < last; p++) {
      let k = <usize>load<I>(idx + <usize>p * sizeof<I>());
      if (join != 0) k = <usize>word(join, <u32>k);
      const w = v128.load_splat<f32>(values + <usize>p * weightStep);
      const y = panel + k * WIDE;
      s0 = f32x4.add(s0, f32x4.mul(w, v128.load(y, 0)));
      s1 = f32x4.add(s1, f32x4.mul(w, v128.load(y, 16)));
      s2 = f32x4.add(s2, f32x4.mul(w, v128.load(y, 32)));
      s3 = f32x4.add(s3, f32x4.mul(w, v128.load(y, 48)));
    }
    v128.store(out, s0, 0);
    v128.store(out, s1, 16);
    v128.store(out, s2, 32);
    v128.store(out, s3, 48);
    finishRange(rule, out, out + WIDE, bias);
  }
  return products;
}

/** All columns of dense weights for one panel; behind the last column it is taken again. Returns products a row. */
function multiplyDense(task: usize, r: usize, isWide: bool, bytes: usize): u64 {
  const weights = load<usize>(task, WEIGHTS);
  const first = load<u32>(task, FIRST_COLUMN);
  const end = load<u32>(task, END_COLUMN);
  if (isWide) for (let j = first; j < end; j += 2) multiplyTwo(task, j, min(j + 1, end - 1), r);
  else for (let j = first; j < end; j += 4) multiplyFour(task, j, end - 1, r, bytes);
  return <u64>(end - first) * <u64>load<u32>(weights, NROWS);
}

/** 16 rows x columns a and b. */
function multiplyTwo(task: usize, a: u32, b: u32, r: usize): void {
  const weights = load<usize>(task, WEIGHTS);
  const output = load<usize>(task, OUTPUT);
  const rule = load<usize>(task, RULE);
  const step = load<usize>(weights, DENSE_STEP);
  const columnA = load<usize>(weights, VALUES) + <usize>a * step;
  const columnB = load<usize>(weights, VALUES) + <usize>b * step;
  const length = load<usize>(weights, NROWS) << 2;
  let y = load<usize>(task, PANEL);
  let a0 = f32x4.splat(0);
  let a1 = a0;
  let a2 = a0;
  let a3 = a0;
  let b0 = a0;
  let b1 = a0;
  let b2 = a0;
  let b3 = a0;
  for (let k: usize = 0; k < length; k += 4, y += WIDE) {
    const wa = v128.load_splat<f32>(columnA + k);
    const wb = v128.load_splat<f32>(columnB + k);
    const y0 = v128.load(y, 0);
    const y1 = v128.load(y, 16);
    const y2 = v128.load(y, 32);
    const y3 = v128.load(y, 48);
    a0 = f32x4.add(a0, f32x4.mul(wa, y0));
    a1 = f32x4.add(a1, f32x4.mul(wa, y1));
    a2 = f32x4.add(a2, f32x4.mul(wa, y2));
    a3 = f32x4.add(a3, f32x4.mul(wa, y3));
    b0 = f32x4.add(b0, f32x4.mul(wb, y0));
    b1 = f32x4.add(b1, f32x4.mul(wb, y1));
    b2 = f32x4.add(b2, f32x4.mul(wb, y2));
    b3 = f32x4.add(b3, f32x4.mul(wb, y3));
  }
  const out = load<usize>(output, VALUES) + r;
  const toA = out + <usize>a * load<usize>(output, DENSE_STEP);
  const toB = out + <usize>b * load<usize>(output, DENSE_STEP);
  v128.store(toA, a0, 0);
  v128.store(toA, a1, 16);
  v128.store(toA, a2, 32);
  v128.store(toA, a3, 48);
  v128.store(toB, b0, 0);
  v128.store(toB, b1, 16);
  v128.store(toB, b2, 32);
  v128.store(toB, b3, 48);
  finishRange(rule, toA, toA + WIDE, biasAt(rule, a));
  if (b != a) finishRange(rule, toB, toB + WIDE, biasAt(rule, b));
}

/** 4 rows x columns j to j + 3. */
function multiplyFour(task: usize, j: u32, last: u32, r: usize, bytes: usize): void {
  const weights = load<usize>(task, WEIGHTS);
  const output = load<usize>(task, OUTPUT);
  const rule = load<usize>(task, RULE);
  const step = load<usize>(weights, DENSE_STEP);
  const values = load<usize>(weights, VALUES);
  const jb = min(j + 1, last);
  const jc = min(j + 2, last);
  const jd = min(j + 3, last);
  const columnA = values + <usize>j * step;
  const columnB = values + <usize>jb * step;
  const columnC = values + <usize>jc * step;
  const columnD = values + <usize>jd * step;
  const length = load<usize>(weights, NROWS) << 2;
  let at = load<usize>(task, PANEL);
  let a = f32x4.splat(0);
  let b = a;
  let c = a;
  let d = a;
  for (let k: usize = 0; k < length; k += 4, at += NARROW) {
    const y = v128.load(at);
    a = f32x4.add(a, f32x4.mul(v128.load_splat<f32>(columnA + k), y));
    b = f32x4.add(b, f32x4.mul(v128.load_splat<f32>(columnB + k), y));
    c = f32x4.add(c, f32x4.mul(v128.load_splat<f32>(columnC + k), y));
    d = f32x4.add(d, f32x4.mul(v128.load_splat<f32>(columnD + k), y));
  }
  const out = load<usize>(output, VALUES) + r;
  const outStep = load<usize>(output, DENSE_STEP);
  const room = bytes - r;
  storeFour(rule, out + <usize>j * outStep, a, biasAt(rule, j), room);
  storeFour(rule, out + <usize>jb * outStep, b, biasAt(rule, jb), room);
  storeFour(rule, out + <usize>jc * outStep, c, biasAt(rule, jc), room);
  storeFour(rule, out + <usize>jd * outStep, d, biasAt(rule, jd), room);
}
