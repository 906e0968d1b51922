// One layer of equal weights whose columns come in runs that read the same lines, as those of a RadiX-Net do: the lines of a
// run are listed once, and each of its columns goes by the list, four lines a turn, all sums in registers.
// Written once for each width, as spmm-16.ts and spmm-32.ts are: V8 joins 128-bit operations only in straight-line code.

import {
  BIAS_EVERYWHERE, COLUMN_ORDER, COLUMN_RUNS, HIGH, IDX_BYTES, LOW, ROW_IDX, UNIFORM_VALUE,
} from "./layer";
import { hasPaid, listLines, listLiveLines, RUNS_BETWEEN_LOOKS } from "./line-list";
import { biasOf, finish, Nothing } from "./spmm-sums";

/** The columns at places t0 .. t1-1 of a listed layer's order, on a tile of 32 rows. */
export function spmmRuns32(
  layer: usize, out: usize, input: usize, t0: u32, t1: u32, list: usize, passZeros: bool,
): void {
  const rowIdx = load<usize>(layer, ROW_IDX);
  const idxBytes = load<i32>(layer, IDX_BYTES);
  const scale = v128.load_splat<f32>(layer, UNIFORM_VALUE);
  const everywhere = v128.load_splat<i32>(layer, BIAS_EVERYWHERE);
  const low = v128.load_splat<f32>(layer, LOW);
  const high = v128.load_splat<f32>(layer, HIGH);
  const order = load<usize>(layer, COLUMN_ORDER);
  let run = load<usize>(layer, COLUMN_RUNS);
  while (t0 < t1 && load<u32>(run, 8) <= t0) run += 12;
  let unlooked = 0;
  for (let t = t0; t < t1; run += 12) {
    const first = load<u32>(run);
    const end = load<u32>(run, 4);
    const runEnd = min(load<u32>(run, 8), t1);
    let listEnd: usize;
    if (passZeros && --unlooked < 0) {
      listEnd = listLiveLines(rowIdx, idxBytes, first, end, input, 7, list);
      if (!hasPaid(listEnd - list, end - first)) unlooked = RUNS_BETWEEN_LOOKS;
    } else listEnd = listLines(rowIdx, idxBytes, first, end, input, 7, list);
    for (; t < runEnd; t++) {
      const j = load<u32>(order + (<usize>t << 2));
      let s0 = f32x4.splat(0);
      let s1 = s0;
      let s2 = s0;
      let s3 = s0;
      let s4 = s0;
      let s5 = s0;
      let s6 = s0;
      let s7 = s0;
      let at = list;
      const fours = list + ((listEnd - list) & ~15);
      while (at < fours) {
        const a = <usize>load<u32>(at, 0);
        const b = <usize>load<u32>(at, 4);
        const c = <usize>load<u32>(at, 8);
        const d = <usize>load<u32>(at, 12);
        s0 = f32x4.add(s0, v128.load(a, 0));
        s1 = f32x4.add(s1, v128.load(a, 16));
        s2 = f32x4.add(s2, v128.load(a, 32));
        s3 = f32x4.add(s3, v128.load(a, 48));
        s4 = f32x4.add(s4, v128.load(a, 64));
        s5 = f32x4.add(s5, v128.load(a, 80));
        s6 = f32x4.add(s6, v128.load(a, 96));
        s7 = f32x4.add(s7, v128.load(a, 112));
        s0 = f32x4.add(s0, v128.load(b, 0));
        s1 = f32x4.add(s1, v128.load(b, 16));
        s2 = f32x4.add(s2, v128.load(b, 32));
        s3 = f32x4.add(s3, v128.load(b, 48));
        s4 = f32x4.add(s4, v128.load(b, 64));
        s5 = f32x4.add(s5, v128.load(b, 80));
        s6 = f32x4.add(s6, v128.load(b, 96));
        s7 = f32x4.add(s7, v128.load(b, 112));
        s0 = f32x4.add(s0, v128.load(c, 0));
        s1 = f32x4.add(s1, v128.load(c, 16));
        s2 = f32x4.add(s2, v128.load(c, 32));
        s3 = f32x4.add(s3, v128.load(c, 48));
        s4 = f32x4.add(s4, v128.load(c, 64));
        s5 = f32x4.add(s5, v128.load(c, 80));
        s6 = f32x4.add(s6, v128.load(c, 96));
        s7 = f32x4.add(s7, v128.load(c, 112));
        s0 = f32x4.add(s0, v128.load(d, 0));
        s1 = f32x4.add(s1, v128.load(d, 16));
        s2 = f32x4.add(s2, v128.load(d, 32));
        s3 = f32x4.add(s3, v128.load(d, 48));
        s4 = f32x4.add(s4, v128.load(d, 64));
        s5 = f32x4.add(s5, v128.load(d, 80));
        s6 = f32x4.add(s6, v128.load(d, 96));
        s7 = f32x4.add(s7, v128.load(d, 112));
        at += 16;
      }
      for (; at < listEnd; at += 4) {
        const y = <usize>load<u32>(at);
        s0 = f32x4.add(s0, v128.load(y, 0));
        s1 = f32x4.add(s1, v128.load(y, 16));
        s2 = f32x4.add(s2, v128.load(y, 32));
        s3 = f32x4.add(s3, v128.load(y, 48));
        s4 = f32x4.add(s4, v128.load(y, 64));
        s5 = f32x4.add(s5, v128.load(y, 80));
        s6 = f32x4.add(s6, v128.load(y, 96));
        s7 = f32x4.add(s7, v128.load(y, 112));
      }
      const bias = biasOf(layer, j);
      const line = out + (<usize>j << 7);
      v128.store(line, finish<Nothing>(s0, scale, bias, everywhere, low, high), 0);
      v128.store(line, finish<Nothing>(s1, scale, bias, everywhere, low, high), 16);
      v128.store(line, finish<Nothing>(s2, scale, bias, everywhere, low, high), 32);
      v128.store(line, finish<Nothing>(s3, scale, bias, everywhere, low, high), 48);
      v128.store(line, finish<Nothing>(s4, scale, bias, everywhere, low, high), 64);
      v128.store(line, finish<Nothing>(s5, scale, bias, everywhere, low, high), 80);
      v128.store(line, finish<Nothing>(s6, scale, bias, everywhere, low, high), 96);
      v128.store(line, finish<Nothing>(s7, scale, bias, everywhere, low, high), 112);
    }
  }
}

/** The columns at places t0 .. t1-1 of a listed layer's order, on a tile of 16 rows. */
export function spmmRuns16(
  layer: usize, out: usize, input: usize, t0: u32, t1: u32, list: usize, passZeros: bool,
): void {
  const rowIdx = load<usize>(layer, ROW_IDX);
  const idxBytes = load<i32>(layer, IDX_BYTES);
  const scale = v128.load_splat<f32>(layer, UNIFORM_VALUE);
  const everywhere = v128.load_splat<i32>(layer, BIAS_EVERYWHERE);
  const low = v128.load_splat<f32>(layer, LOW);
  const high = v128.load_splat<f32>(layer, HIGH);
  const order = load<usize>(layer, COLUMN_ORDER);
  let run = load<usize>(layer, COLUMN_RUNS);
  while (t0 < t1 && load<u32>(run, 8) <= t0) run += 12;
  let unlooked = 0;
  for (let t = t0; t < t1; run += 12) {
    const first = load<u32>(run);
    const end = load<u32>(run, 4);
    const runEnd = min(load<u32>(run, 8), t1);
    let listEnd: usize;
    if (passZeros && --unlooked < 0) {
      listEnd = listLiveLines(rowIdx, idxBytes, first, end, input, 6, list);
      if (!hasPaid(listEnd - list, end - first)) unlooked = RUNS_BETWEEN_LOOKS;
    } else listEnd = listLines(rowIdx, idxBytes, first, end, input, 6, list);
    for (; t < runEnd; t++) {
      const j = load<u32>(order + (<usize>t << 2));
      let s0 = f32x4.splat(0);
      let s1 = s0;
      let s2 = s0;
      let s3 = s0;
      let at = list;
      const fours = list + ((listEnd - list) & ~15);
      while (at < fours) {
        const a = <usize>load<u32>(at, 0);
        const b = <usize>load<u32>(at, 4);
        const c = <usize>load<u32>(at, 8);
        const d = <usize>load<u32>(at, 12);
        s0 = f32x4.add(s0, v128.load(a, 0));
        s1 = f32x4.add(s1, v128.load(a, 16));
        s2 = f32x4.add(s2, v128.load(a, 32));
        s3 = f32x4.add(s3, v128.load(a, 48));
        s0 = f32x4.add(s0, v128.load(b, 0));
        s1 = f32x4.add(s1, v128.load(b, 16));
        s2 = f32x4.add(s2, v128.load(b, 32));
        s3 = f32x4.add(s3, v128.load(b, 48));
        s0 = f32x4.add(s0, v128.load(c, 0));
        s1 = f32x4.add(s1, v128.load(c, 16));
        s2 = f32x4.add(s2, v128.load(c, 32));
        s3 = f32x4.add(s3, v128.load(c, 48));
        s0 = f32x4.add(s0, v128.load(d, 0));
        s1 = f32x4.add(s1, v128.load(d, 16));
        s2 = f32x4.add(s2, v128.load(d, 32));
        s3 = f32x4.add(s3, v128.load(d, 48));
        at += 16;
      }
      for (; at < listEnd; at += 4) {
        const y = <usize>load<u32>(at);
        s0 = f32x4.add(s0, v128.load(y, 0));
        s1 = f32x4.add(s1, v128.load(y, 16));
        s2 = f32x4.add(s2, v128.load(y, 32));
        s3 = f32x4.add(s3, v128.load(y, 48));
      }
      const bias = biasOf(layer, j);
      const line = out + (<usize>j << 6);
      v128.store(line, finish<Nothing>(s0, scale, bias, everywhere, low, high), 0);
      v128.store(line, finish<Nothing>(s1, scale, bias, everywhere, low, high), 16);
      v128.store(line, finish<Nothing>(s2, scale, bias, everywhere, low, high), 32);
      v128.store(line, finish<Nothing>(s3, scale, bias, everywhere, low, high), 48);
    }
  }
}
