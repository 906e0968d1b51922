// One layer on a tile of one or four rows: four columns at a time, four entries a turn. Each column is its own chain of
// adds, so that the chains overlap; one chain alone waits for its last sum in every step. Columns come in their own order:
// a narrow tile lies in the second-level cache, and workers that share its columns must not write to each other's lines.

import {
  BIAS_EVERYWHERE, CODEBOOK, COL_PTR, COL_START, HIGH, LOW, ROW_IDX, UNIFORM_VALUE, VALUES,
} from "./layer";
import {
  accumulate, biasOf, finish, index0, index1, index2, index3, indexAt, weight0, weight1, weight2, weight3, weightAt,
} from "./spmm-sums";

/** Types that stand for the width L of a tile. */
export type OneLane = u32;
export type FourLanes = u64;

// @ts-ignore: decorator
@inline function isOne<L>(): bool { return sizeof<L>() == sizeof<OneLane>(); }

/** Neuron k. A single value sits in lane 0 of a vector: the same operations as in wider tiles, hence the same bits. */
// @ts-ignore: decorator
@inline function rowsAt<L>(tile: usize, k: usize): v128 {
  return isOne<L>() ? v128.load_zero<f32>(tile + (k << 2)) : v128.load(tile + (k << 4));
}

// @ts-ignore: decorator
@inline function storeRowsAt<L>(tile: usize, k: usize, rows: v128): void {
  if (isOne<L>()) v128.store_lane<f32>(tile + (k << 2), rows, 0);
  else v128.store(tile + (k << 4), rows);
}

/** Stored entries of column j. */
// @ts-ignore: decorator
@inline function lengthOf(colPtr: usize, j: u32): u32 {
  const at = colPtr + ((<usize>j) << 2);
  return load<u32>(at, 4) - load<u32>(at);
}

export function spmmNarrow<I, V, F, L>(layer: usize, out: usize, input: usize, j0: u32, j1: u32): void {
  const colPtr = load<usize>(layer, COL_PTR);
  const colStart = load<usize>(layer, COL_START);
  const rowIdx = load<usize>(layer, ROW_IDX);
  const values = load<usize>(layer, VALUES);
  const codebook = load<usize>(layer, CODEBOOK);
  const scale = v128.load_splat<f32>(layer, UNIFORM_VALUE);
  const everywhere = v128.load_splat<i32>(layer, BIAS_EVERYWHERE);
  const low = v128.load_splat<f32>(layer, LOW);
  const high = v128.load_splat<f32>(layer, HIGH);
  const zero = f32x4.splat(0);
  const last = j1 - 1;
  for (let ja = j0; ja < j1; ja += 4) {
    const jb = min(ja + 1, last);
    const jc = min(ja + 2, last);
    const jd = min(ja + 3, last);
    let a = load<u32>(colStart + ((<usize>ja) << 2));
    let b = load<u32>(colStart + ((<usize>jb) << 2));
    let c = load<u32>(colStart + ((<usize>jc) << 2));
    let d = load<u32>(colStart + ((<usize>jd) << 2));
    const aEnd = a + lengthOf(colPtr, ja);
    const bEnd = b + lengthOf(colPtr, jb);
    const cEnd = c + lengthOf(colPtr, jc);
    const dEnd = d + lengthOf(colPtr, jd);
    let sa = zero;
    let sb = zero;
    let sc = zero;
    let sd = zero;
    const shared = min(min(aEnd - a, bEnd - b), min(cEnd - c, dEnd - d));
    const fours = a + (shared & ~3);
    while (a < fours) {
      const aAt = indexAt<I>(rowIdx, a);
      const aWeights = weightAt<V>(values, a);
      const bAt = indexAt<I>(rowIdx, b);
      const bWeights = weightAt<V>(values, b);
      const cAt = indexAt<I>(rowIdx, c);
      const cWeights = weightAt<V>(values, c);
      const dAt = indexAt<I>(rowIdx, d);
      const dWeights = weightAt<V>(values, d);
      sa = accumulate<V, F>(sa, weight0<V>(aWeights, codebook), rowsAt<L>(input, index0<I>(aAt)));
      sb = accumulate<V, F>(sb, weight0<V>(bWeights, codebook), rowsAt<L>(input, index0<I>(bAt)));
      sc = accumulate<V, F>(sc, weight0<V>(cWeights, codebook), rowsAt<L>(input, index0<I>(cAt)));
      sd = accumulate<V, F>(sd, weight0<V>(dWeights, codebook), rowsAt<L>(input, index0<I>(dAt)));
      sa = accumulate<V, F>(sa, weight1<V>(aWeights, codebook), rowsAt<L>(input, index1<I>(aAt)));
      sb = accumulate<V, F>(sb, weight1<V>(bWeights, codebook), rowsAt<L>(input, index1<I>(bAt)));
      sc = accumulate<V, F>(sc, weight1<V>(cWeights, codebook), rowsAt<L>(input, index1<I>(cAt)));
      sd = accumulate<V, F>(sd, weight1<V>(dWeights, codebook), rowsAt<L>(input, index1<I>(dAt)));
      sa = accumulate<V, F>(sa, weight2<V>(aWeights, codebook), rowsAt<L>(input, index2<I>(aAt)));
      sb = accumulate<V, F>(sb, weight2<V>(bWeights, codebook), rowsAt<L>(input, index2<I>(bAt)));
      sc = accumulate<V, F>(sc, weight2<V>(cWeights, codebook), rowsAt<L>(input, index2<I>(cAt)));
      sd = accumulate<V, F>(sd, weight2<V>(dWeights, codebook), rowsAt<L>(input, index2<I>(dAt)));
      sa = accumulate<V, F>(sa, weight3<V>(aWeights, codebook), rowsAt<L>(input, index3<I>(aAt)));
      sb = accumulate<V, F>(sb, weight3<V>(bWeights, codebook), rowsAt<L>(input, index3<I>(bAt)));
      sc = accumulate<V, F>(sc, weight3<V>(cWeights, codebook), rowsAt<L>(input, index3<I>(cAt)));
      sd = accumulate<V, F>(sd, weight3<V>(dWeights, codebook), rowsAt<L>(input, index3<I>(dAt)));
      a += 4;
      b += 4;
      c += 4;
      d += 4;
    }
    for (; a < aEnd; a++) {
      const y = rowsAt<L>(input, index0<I>(indexAt<I>(rowIdx, a)));
      sa = accumulate<V, F>(sa, weight0<V>(weightAt<V>(values, a), codebook), y);
    }
    for (; b < bEnd; b++) {
      const y = rowsAt<L>(input, index0<I>(indexAt<I>(rowIdx, b)));
      sb = accumulate<V, F>(sb, weight0<V>(weightAt<V>(values, b), codebook), y);
    }
    for (; c < cEnd; c++) {
      const y = rowsAt<L>(input, index0<I>(indexAt<I>(rowIdx, c)));
      sc = accumulate<V, F>(sc, weight0<V>(weightAt<V>(values, c), codebook), y);
    }
    for (; d < dEnd; d++) {
      const y = rowsAt<L>(input, index0<I>(indexAt<I>(rowIdx, d)));
      sd = accumulate<V, F>(sd, weight0<V>(weightAt<V>(values, d), codebook), y);
    }
    // Where fewer than four columns are left the later chains repeat the last one and store the same values again.
    storeRowsAt<L>(out, <usize>ja, finish<V>(sa, scale, biasOf(layer, ja), everywhere, low, high));
    storeRowsAt<L>(out, <usize>jb, finish<V>(sb, scale, biasOf(layer, jb), everywhere, low, high));
    storeRowsAt<L>(out, <usize>jc, finish<V>(sc, scale, biasOf(layer, jc), everywhere, low, high));
    storeRowsAt<L>(out, <usize>jd, finish<V>(sd, scale, biasOf(layer, jd), everywhere, low, high));
  }
}
