// The panel of a product of dense columns: some rows of the input, one short line of them after the other for every inner
// index, so that they stay in the cache however far apart the columns lie.

import { DENSE_STEP, INPUT, NCOLS, PANEL, VALUES } from "./format-record";
import { finishRange } from "./format-rule";

/** Bytes of a line of the panel: rows x f32. */
export const WIDE: usize = 64;
export const NARROW: usize = 16;

/** Copies `width` bytes of every column, from row r/4 on, to the panel; zeros behind the last row. */
export function fillPanel(task: usize, r: usize, width: usize, bytes: usize): void {
  const input = load<usize>(task, INPUT);
  const ncols = load<u32>(input, NCOLS);
  const step = load<usize>(input, DENSE_STEP);
  let to = load<usize>(task, PANEL);
  let from = load<usize>(input, VALUES) + r;
  const isWhole = r + width <= bytes;
  for (let k: u32 = 0; k < ncols; k++, from += step, to += width) {
    if (!isWhole) {
      v128.store(to, i32x4.splat(0));
      for (let at: usize = 0; r + at < bytes; at += 4) store<f32>(to + at, load<f32>(from + at));
      continue;
    }
    for (let at: usize = 0; at < width; at += 16) v128.store(to + at, v128.load(from + at));
  }
}

/** Stores the sums of four rows; those behind the last row go nowhere. */
// @ts-ignore: decorator
@inline export function storeFour(rule: usize, out: usize, sums: v128, bias: f32, room: usize): void {
  if (room >= 16) v128.store(out, sums);
  else {
    store<f32>(out, f32x4.extract_lane(sums, 0));
    if (room > 4) store<f32>(out, f32x4.extract_lane(sums, 1), 4);
    if (room > 8) store<f32>(out, f32x4.extract_lane(sums, 2), 8);
  }
  finishRange(rule, out, out + min(room, NARROW), bias);
}
