// One layer on a tile of 16 rows: a column at a time, four entries a turn, all sums of a line in registers.
// Columns with equal inputs come one after the other where the layer has an order for that (layer-record.ts): their
// lines are then read from the first-level cache. Columns outside of the piece asked for are passed over.

import {
  BIAS_EVERYWHERE, CODEBOOK, COL_PTR, COLUMN_ORDER, COLUMN_RUNS, HIGH, LOW, NCOLS, ROW_IDX, UNIFORM_VALUE, VALUES,
} from "./layer";
import {
  accumulate, biasOf, finish, index0, index1, index2, index3, indexAt, weight0, weight1, weight2, weight3, weightAt,
} from "./spmm-sums";

export function spmm16<I, V, F>(layer: usize, out: usize, input: usize, j0: u32, j1: u32): void {
  const colPtr = load<usize>(layer, COL_PTR);
  const rowIdx = load<usize>(layer, ROW_IDX);
  const values = load<usize>(layer, VALUES);
  const codebook = load<usize>(layer, CODEBOOK);
  const scale = v128.load_splat<f32>(layer, UNIFORM_VALUE);
  const everywhere = v128.load_splat<i32>(layer, BIAS_EVERYWHERE);
  const low = v128.load_splat<f32>(layer, LOW);
  const high = v128.load_splat<f32>(layer, HIGH);
  const order = load<usize>(layer, COLUMN_ORDER);
  const first = order == 0 ? j0 : 0;
  const last = order == 0 ? j1 : load<u32>(layer, NCOLS);
  let run = load<usize>(layer, COLUMN_RUNS);
  let runEnd: u32 = 0;
  let runFirst: u32 = 0;
  let p: u32 = 0;
  let end: u32 = 0;
  for (let t = first; t < last; t++) {
    let j = t;
    if (order == 0) {
      p = load<u32>(colPtr + ((<usize>j) << 2));
      end = load<u32>(colPtr + ((<usize>j) << 2), 4);
    } else {
      if (t == runEnd) {
        runFirst = load<u32>(run);
        end = load<u32>(run, 4);
        runEnd = load<u32>(run, 8);
        run += 12;
      }
      j = load<u32>(order + ((<usize>t) << 2));
      if (j < j0 || j >= j1) continue;
      p = runFirst;
    }
    let s0 = f32x4.splat(0);
    let s1 = s0;
    let s2 = s0;
    let s3 = s0;
    const fours = p + ((end - p) & ~3);
    while (p < fours) {
      const at = indexAt<I>(rowIdx, p);
      const weights = weightAt<V>(values, p);
      const a = input + (index0<I>(at) << 6);
      const b = input + (index1<I>(at) << 6);
      const c = input + (index2<I>(at) << 6);
      const d = input + (index3<I>(at) << 6);
      const wa = weight0<V>(weights, codebook);
      s0 = accumulate<V, F>(s0, wa, v128.load(a, 0));
      s1 = accumulate<V, F>(s1, wa, v128.load(a, 16));
      s2 = accumulate<V, F>(s2, wa, v128.load(a, 32));
      s3 = accumulate<V, F>(s3, wa, v128.load(a, 48));
      const wb = weight1<V>(weights, codebook);
      s0 = accumulate<V, F>(s0, wb, v128.load(b, 0));
      s1 = accumulate<V, F>(s1, wb, v128.load(b, 16));
      s2 = accumulate<V, F>(s2, wb, v128.load(b, 32));
      s3 = accumulate<V, F>(s3, wb, v128.load(b, 48));
      const wc = weight2<V>(weights, codebook);
      s0 = accumulate<V, F>(s0, wc, v128.load(c, 0));
      s1 = accumulate<V, F>(s1, wc, v128.load(c, 16));
      s2 = accumulate<V, F>(s2, wc, v128.load(c, 32));
      s3 = accumulate<V, F>(s3, wc, v128.load(c, 48));
      const wd = weight3<V>(weights, codebook);
      s0 = accumulate<V, F>(s0, wd, v128.load(d, 0));
      s1 = accumulate<V, F>(s1, wd, v128.load(d, 16));
      s2 = accumulate<V, F>(s2, wd, v128.load(d, 32));
      s3 = accumulate<V, F>(s3, wd, v128.load(d, 48));
      p += 4;
    }
    for (; p < end; p++) {
      const y = input + (index0<I>(indexAt<I>(rowIdx, p)) << 6);
      const w = weight0<V>(weightAt<V>(values, p), codebook);
      s0 = accumulate<V, F>(s0, w, v128.load(y, 0));
      s1 = accumulate<V, F>(s1, w, v128.load(y, 16));
      s2 = accumulate<V, F>(s2, w, v128.load(y, 32));
      s3 = accumulate<V, F>(s3, w, v128.load(y, 48));
    }
    const bias = biasOf(layer, j);
    const line = out + ((<usize>j) << 6);
    v128.store(line, finish<V>(s0, scale, bias, everywhere, low, high), 0);
    v128.store(line, finish<V>(s1, scale, bias, everywhere, low, high), 16);
    v128.store(line, finish<V>(s2, scale, bias, everywhere, low, high), 32);
    v128.store(line, finish<V>(s3, scale, bias, everywhere, low, high), 48);
  }
}
