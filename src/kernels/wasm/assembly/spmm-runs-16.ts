// As spmm-runs-32.ts, on tiles of 16 rows.

import {
  BIAS_EVERYWHERE, COLUMN_ORDER, COLUMN_RUNS, HIGH, IDX_BYTES, LOW, ROW_IDX, UNIFORM_VALUE,
} from "./layer";
import { hasPaid, listLines, listLiveLines, RUNS_BETWEEN_LOOKS } from "./line-list";
import { biasOf, finish, Nothing } from "./spmm-sums";

/** The columns at places t0 .. t1-1 of a listed layer's order, on a tile of 16 rows: four at a time. */
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
    for (; t + 4 <= runEnd; t += 4) {
      let a0 = f32x4.splat(0);
      let a1 = a0;
      let a2 = a0;
      let a3 = a0;
      let b0 = a0;
      let b1 = a0;
      let b2 = a0;
      let b3 = a0;
      let c0 = a0;
      let c1 = a0;
      let c2 = a0;
      let c3 = a0;
      let d0 = a0;
      let d1 = a0;
      let d2 = a0;
      let d3 = a0;
      for (let at = list; at < listEnd; at += 4) {
        const line = <usize>load<u32>(at);
        const y0 = v128.load(line, 0);
        const y1 = v128.load(line, 16);
        const y2 = v128.load(line, 32);
        const y3 = v128.load(line, 48);
        a0 = f32x4.add(a0, y0);
        a1 = f32x4.add(a1, y1);
        a2 = f32x4.add(a2, y2);
        a3 = f32x4.add(a3, y3);
        b0 = f32x4.add(b0, y0);
        b1 = f32x4.add(b1, y1);
        b2 = f32x4.add(b2, y2);
        b3 = f32x4.add(b3, y3);
        c0 = f32x4.add(c0, y0);
        c1 = f32x4.add(c1, y1);
        c2 = f32x4.add(c2, y2);
        c3 = f32x4.add(c3, y3);
        d0 = f32x4.add(d0, y0);
        d1 = f32x4.add(d1, y1);
        d2 = f32x4.add(d2, y2);
        d3 = f32x4.add(d3, y3);
      }
      let j = load<u32>(order + (<usize>t << 2));
      let bias = biasOf(layer, j);
      let to = out + (<usize>j << 6);
      v128.store(to, finish<Nothing>(a0, scale, bias, everywhere, low, high), 0);
      v128.store(to, finish<Nothing>(a1, scale, bias, everywhere, low, high), 16);
      v128.store(to, finish<Nothing>(a2, scale, bias, everywhere, low, high), 32);
      v128.store(to, finish<Nothing>(a3, scale, bias, everywhere, low, high), 48);
      j = load<u32>(order + (<usize>t << 2), 4);
      bias = biasOf(layer, j);
      to = out + (<usize>j << 6);
      v128.store(to, finish<Nothing>(b0, scale, bias, everywhere, low, high), 0);
      v128.store(to, finish<Nothing>(b1, scale, bias, everywhere, low, high), 16);
      v128.store(to, finish<Nothing>(b2, scale, bias, everywhere, low, high), 32);
      v128.store(to, finish<Nothing>(b3, scale, bias, everywhere, low, high), 48);
      j = load<u32>(order + (<usize>t << 2), 8);
      bias = biasOf(layer, j);
      to = out + (<usize>j << 6);
      v128.store(to, finish<Nothing>(c0, scale, bias, everywhere, low, high), 0);
      v128.store(to, finish<Nothing>(c1, scale, bias, everywhere, low, high), 16);
      v128.store(to, finish<Nothing>(c2, scale, bias, everywhere, low, high), 32);
      v128.store(to, finish<Nothing>(c3, scale, bias, everywhere, low, high), 48);
      j = load<u32>(order + (<usize>t << 2), 12);
      bias = biasOf(layer, j);
      to = out + (<usize>j << 6);
      v128.store(to, finish<Nothing>(d0, scale, bias, everywhere, low, high), 0);
      v128.store(to, finish<Nothing>(d1, scale, bias, everywhere, low, high), 16);
      v128.store(to, finish<Nothing>(d2, scale, bias, everywhere, low, high), 32);
      v128.store(to, finish<Nothing>(d3, scale, bias, everywhere, low, high), 48);
    }
    for (; t < runEnd; t++) {
      let a0 = f32x4.splat(0);
      let a1 = a0;
      let a2 = a0;
      let a3 = a0;
      for (let at = list; at < listEnd; at += 4) {
        const line = <usize>load<u32>(at);
        const y0 = v128.load(line, 0);
        const y1 = v128.load(line, 16);
        const y2 = v128.load(line, 32);
        const y3 = v128.load(line, 48);
        a0 = f32x4.add(a0, y0);
        a1 = f32x4.add(a1, y1);
        a2 = f32x4.add(a2, y2);
        a3 = f32x4.add(a3, y3);
      }
      const j = load<u32>(order + (<usize>t << 2));
      const bias = biasOf(layer, j);
      const to = out + (<usize>j << 6);
      v128.store(to, finish<Nothing>(a0, scale, bias, everywhere, low, high), 0);
      v128.store(to, finish<Nothing>(a1, scale, bias, everywhere, low, high), 16);
      v128.store(to, finish<Nothing>(a2, scale, bias, everywhere, low, high), 32);
      v128.store(to, finish<Nothing>(a3, scale, bias, everywhere, low, high), 48);
    }
  }
}
