// The hot loops: one layer, Z = Y W by columns of W, on tiles of `lanes` rows held neuron-major
// (neuron k of a tile: `lanes` consecutive f32 at tile + 4 k lanes, 16-byte aligned).
// Then bias and clip in registers; the other activations follow in activate.ts.
// Nothing is checked here and nothing is allocated; kernels/layer-record.ts says what must hold.

import { BIAS_EVERYWHERE, IDX_BYTES, IS_LISTED, WEIGHTS, WEIGHTS_CODEBOOK, WEIGHTS_UNIFORM } from "./layer";
import { spmm16 } from "./spmm-16";
import { spmm32 } from "./spmm-32";
import { spmmRuns16 } from "./spmm-runs-16";
import { spmmRuns32 } from "./spmm-runs-32";
import { FourLanes, OneLane, spmmNarrow } from "./spmm-narrow";
import { Fused, Nothing, Separate } from "./spmm-sums";

function spmmLanes<I, V, F>(lanes: i32, layer: usize, out: usize, input: usize, j0: u32, j1: u32): void {
  if (lanes == 16) spmm16<I, V, F>(layer, out, input, j0, j1);
  else if (lanes == 32) spmm32<I, V, F>(layer, out, input, j0, j1);
  else if (lanes == 4) spmmNarrow<I, V, F, FourLanes>(layer, out, input, j0, j1);
  else spmmNarrow<I, V, F, OneLane>(layer, out, input, j0, j1);
}

function spmmIndexed<I>(lanes: i32, layer: usize, out: usize, input: usize, j0: u32, j1: u32): void {
  const weights = load<i32>(layer, WEIGHTS);
  const isFused = load<i32>(layer, BIAS_EVERYWHERE) != 0;
  if (weights == WEIGHTS_UNIFORM) spmmLanes<I, Nothing, Separate>(lanes, layer, out, input, j0, j1);
  else if (weights == WEIGHTS_CODEBOOK) {
    if (isFused) spmmLanes<I, u8, Fused>(lanes, layer, out, input, j0, j1);
    else spmmLanes<I, u8, Separate>(lanes, layer, out, input, j0, j1);
  } else if (isFused) spmmLanes<I, f32, Fused>(lanes, layer, out, input, j0, j1);
  else spmmLanes<I, f32, Separate>(lanes, layer, out, input, j0, j1);
}

/**
 * Columns j0 .. j1-1 of one layer on a tile of `lanes` rows (wide tiles of a listed layer: those at places j0 .. j1-1 of its
 * order): out = epilogue(Y W + b). With `passZeros` lines that are zero
 * in all rows may be passed over (line-list.ts); without, every edge is computed.
 * Shapes: nrows x lanes f32 at `input`, ncols x lanes f32 at `out`, LIST_ENTRIES u32 of scratch at `list`.
 */
export function spmm(
  layer: usize, lanes: i32, out: usize, input: usize, j0: u32, j1: u32, list: usize, passZeros: bool,
): void {
  if (lanes >= 16 && load<i32>(layer, IS_LISTED) != 0) {
    if (lanes == 16) spmmRuns16(layer, out, input, j0, j1, list, passZeros);
    else spmmRuns32(layer, out, input, j0, j1, list, passZeros);
  } else if (load<i32>(layer, IDX_BYTES) == 2) spmmIndexed<u16>(lanes, layer, out, input, j0, j1);
  else spmmIndexed<u32>(lanes, layer, out, input, j0, j1);
}
