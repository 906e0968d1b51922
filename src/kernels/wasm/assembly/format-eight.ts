// Sparse columns x dense weights: every column of the result reads every entry of the input, so eight columns are summed
// together, side by side for each row. Each sum runs by rising inner index: the same bits as one column alone.

import {
  BEGIN, DENSE_STEP, END, IDX, INPUT, JOIN, NONE, NROWS, PANEL, SPA, VALUES, WEIGHTS, word,
} from "./format-record";

/** How many columns are summed together. */
export const EIGHT: u32 = 8;
const LINE: usize = 32;

/** Four weights of one inner index, from four columns. */
// @ts-ignore: decorator
@inline function fourWeights(a: usize, b: usize, c: usize, d: usize): v128 {
  let w = v128.load32_zero(a);
  w = v128.load_lane<f32>(b, w, 1);
  w = v128.load_lane<f32>(c, w, 2);
  return v128.load_lane<f32>(d, w, 3);
}

/**
 * panel[m][c] += sums of column j + c, for `count` columns at most eight; the panel is zero before. Returns the number of
 * products of one column. With `expand`, m is the row, else the row's place among those that are listed.
 */
export function addEightColumns<I>(task: usize, j: u32, count: u32, expand: usize): u64 {
  const input = load<usize>(task, INPUT);
  const weights = load<usize>(task, WEIGHTS);
  const join = load<usize>(task, JOIN);
  const panel = load<usize>(task, PANEL);
  const begins = load<usize>(input, BEGIN);
  const ends = load<usize>(input, END);
  const idx = load<usize>(input, IDX);
  const values = load<usize>(input, VALUES);
  const inner = load<u32>(weights, NROWS);
  const step = load<usize>(weights, DENSE_STEP);
  const c0 = load<usize>(weights, VALUES) + <usize>j * step;
  // Behind the last column it is taken again; nobody reads those sums.
  const last = count - 1;
  const c1 = c0 + <usize>min(1, last) * step;
  const c2 = c0 + <usize>min(2, last) * step;
  const c3 = c0 + <usize>min(3, last) * step;
  const c4 = c0 + <usize>min(4, last) * step;
  const c5 = c0 + <usize>min(5, last) * step;
  const c6 = c0 + <usize>min(6, last) * step;
  const c7 = c0 + <usize>last * step;
  let products: u64 = 0;
  for (let k: u32 = 0; k < inner; k++) {
    const s = join == 0 ? k : word(join, k);
    if (s == NONE) continue;
    let q = word(begins, s);
    const end = word(ends, s);
    if (q == end) continue;
    products += <u64>(end - q);
    const at = <usize>k << 2;
    const low = fourWeights(c0 + at, c1 + at, c2 + at, c3 + at);
    const high = fourWeights(c4 + at, c5 + at, c6 + at, c7 + at);
    for (; q < end; q++) {
      let m = <u32>load<I>(idx + <usize>q * sizeof<I>());
      if (expand != 0) m = word(expand, m);
      const line = panel + <usize>m * LINE;
      const y = v128.load_splat<f32>(values + (<usize>q << 2));
      v128.store(line, f32x4.add(v128.load(line, 0), f32x4.mul(low, y)), 0);
      v128.store(line, f32x4.add(v128.load(line, 16), f32x4.mul(high, y)), 16);
    }
  }
  return products;
}

/** Copies the sums of the panel's column c to the SPA. */
export function takeColumn(task: usize, c: u32, length: u32): void {
  const spa = load<usize>(task, SPA);
  let from = load<usize>(task, PANEL) + (<usize>c << 2);
  for (let m: usize = 0; m < <usize>length << 2; m += 4, from += LINE) store<f32>(spa + m, load<f32>(from));
}

export function clearPanel(task: usize, length: u32): void {
  memory.fill(load<usize>(task, PANEL), 0, <usize>length * LINE);
}
