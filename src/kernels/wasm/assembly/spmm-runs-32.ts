// One layer of equal weights whose columns come in runs that read the same lines, as those of a RadiX-Net do: the lines of a
// run are listed once, and its columns go by the list, as many at a time as their sums have registers. A line that is
// loaded serves all of them, and their chains of adds, each in the order of the list, fill the time that one would wait.
// Written once for each width, as spmm-16.ts and spmm-32.ts are: V8 joins 128-bit operations only in straight-line code.

import {
  BIAS_EVERYWHERE, COLUMN_ORDER, COLUMN_RUNS, HIGH, IDX_BYTES, LOW, ROW_IDX, UNIFORM_VALUE,
} from "./layer";
import { hasPaid, listLines, listLiveLines, RUNS_BETWEEN_LOOKS } from "./line-list";
import { biasOf, finish, Nothing } from "./spmm-sums";

/** The columns at places t0 .. t1-1 of a listed layer's order, on a tile of 32 rows: two at a time. */
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
    for (; t + 2 <= runEnd; t += 2) {
      let a0 = f32x4.splat(0);
      let a1 = a0;
      let a2 = a0;
      let a3 = a0;
      let a4 = a0;
      let a5 = a0;
      let a6 = a0;
      let a7 = a0;
      let b0 = a0;
      let b1 = a0;
      let b2 = a0;
      let b3 = a0;
      let b4 = a0;
      let b5 = a0;
      let b6 = a0;
      let b7 = a0;
      for (let at = list; at < listEnd; at += 4) {
        const line = <usize>load<u32>(at);
        const y0 = v128.load(line, 0);
        const y1 = v128.load(line, 16);
        const y2 = v128.load(line, 32);
        const y3 = v128.load(line, 48);
        const y4 = v128.load(line, 64);
        const y5 = v128.load(line, 80);
        const y6 = v128.load(line, 96);
        const y7 = v128.load(line, 112);
        a0 = f32x4.add(a0, y0);
        a1 = f32x4.add(a1, y1);
        a2 = f32x4.add(a2, y2);
        a3 = f32x4.add(a3, y3);
        a4 = f32x4.add(a4, y4);
        a5 = f32x4.add(a5, y5);
        a6 = f32x4.add(a6, y6);
        a7 = f32x4.add(a7, y7);
        b0 = f32x4.add(b0, y0);
        b1 = f32x4.add(b1, y1);
        b2 = f32x4.add(b2, y2);
        b3 = f32x4.add(b3, y3);
        b4 = f32x4.add(b4, y4);
        b5 = f32x4.add(b5, y5);
        b6 = f32x4.add(b6, y6);
        b7 = f32x4.add(b7, y7);
      }
      let j = load<u32>(order + (<usize>t << 2));
      let bias = biasOf(layer, j);
      let to = out + (<usize>j << 7);
      v128.store(to, finish<Nothing>(a0, scale, bias, everywhere, low, high), 0);
      v128.store(to, finish<Nothing>(a1, scale, bias, everywhere, low, high), 16);
      v128.store(to, finish<Nothing>(a2, scale, bias, everywhere, low, high), 32);
      v128.store(to, finish<Nothing>(a3, scale, bias, everywhere, low, high), 48);
      v128.store(to, finish<Nothing>(a4, scale, bias, everywhere, low, high), 64);
      v128.store(to, finish<Nothing>(a5, scale, bias, everywhere, low, high), 80);
      v128.store(to, finish<Nothing>(a6, scale, bias, everywhere, low, high), 96);
      v128.store(to, finish<Nothing>(a7, scale, bias, everywhere, low, high), 112);
      j = load<u32>(order + (<usize>t << 2), 4);
      bias = biasOf(layer, j);
      to = out + (<usize>j << 7);
      v128.store(to, finish<Nothing>(b0, scale, bias, everywhere, low, high), 0);
      v128.store(to, finish<Nothing>(b1, scale, bias, everywhere, low, high), 16);
      v128.store(to, finish<Nothing>(b2, scale, bias, everywhere, low, high), 32);
      v128.store(to, finish<Nothing>(b3, scale, bias, everywhere, low, high), 48);
      v128.store(to, finish<Nothing>(b4, scale, bias, everywhere, low, high), 64);
      v128.store(to, finish<Nothing>(b5, scale, bias, everywhere, low, high), 80);
      v128.store(to, finish<Nothing>(b6, scale, bias, everywhere, low, high), 96);
      v128.store(to, finish<Nothing>(b7, scale, bias, everywhere, low, high), 112);
    }
    for (; t < runEnd; t++) {
      let a0 = f32x4.splat(0);
      let a1 = a0;
      let a2 = a0;
      let a3 = a0;
      let a4 = a0;
      let a5 = a0;
      let a6 = a0;
      let a7 = a0;
      for (let at = list; at < listEnd; at += 4) {
        const line = <usize>load<u32>(at);
        const y0 = v128.load(line, 0);
        const y1 = v128.load(line, 16);
        const y2 = v128.load(line, 32);
        const y3 = v128.load(line, 48);
        const y4 = v128.load(line, 64);
        const y5 = v128.load(line, 80);
        const y6 = v128.load(line, 96);
        const y7 = v128.load(line, 112);
        a0 = f32x4.add(a0, y0);
        a1 = f32x4.add(a1, y1);
        a2 = f32x4.add(a2, y2);
        a3 = f32x4.add(a3, y3);
        a4 = f32x4.add(a4, y4);
        a5 = f32x4.add(a5, y5);
        a6 = f32x4.add(a6, y6);
        a7 = f32x4.add(a7, y7);
      }
      const j = load<u32>(order + (<usize>t << 2));
      const bias = biasOf(layer, j);
      const to = out + (<usize>j << 7);
      v128.store(to, finish<Nothing>(a0, scale, bias, everywhere, low, high), 0);
      v128.store(to, finish<Nothing>(a1, scale, bias, everywhere, low, high), 16);
      v128.store(to, finish<Nothing>(a2, scale, bias, everywhere, low, high), 32);
      v128.store(to, finish<Nothing>(a3, scale, bias, everywhere, low, high), 48);
      v128.store(to, finish<Nothing>(a4, scale, bias, everywhere, low, high), 64);
      v128.store(to, finish<Nothing>(a5, scale, bias, everywhere, low, high), 80);
      v128.store(to, finish<Nothing>(a6, scale, bias, everywhere, low, high), 96);
      v128.store(to, finish<Nothing>(a7, scale, bias, everywhere, low, high), 112);
    }
  }
}
