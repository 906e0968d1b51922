// The hot loops: one layer, Z = Y W by columns of W, on tiles of `lanes` rows held neuron-major
// (neuron k of a tile: `lanes` consecutive f32 at tile + 4 k lanes, 16-byte aligned).
// Then bias and clip in registers; the other activations follow in activate.ts.
//
// Every sum runs over the entries of its column in stored order, one accumulator a lane, with the same operations
// for every tile width: a row's result is the same to the last bit whatever tile it sits in.
// Nothing is checked here and nothing is allocated; kernels/layer-record.ts says what must hold.

import {
  BIAS, BIAS_EVERYWHERE, BIAS_STEP, CODEBOOK, COL_PTR, HIGH, IDX_BYTES, LOW, ROW_IDX, UNIFORM_VALUE, VALUES, WEIGHTS,
  WEIGHTS_CODEBOOK, WEIGHTS_UNIFORM,
} from "./layer";

// The loops are compiled once for each index type I (u16, u32) and each type V of the stored values:
// f32 for general weights, u8 for codes into a codebook, and this one where nothing is stored (equal weights).
type Nothing = u64;

// And once for each way to add a product: fused (one rounding, faster; only where the build has relaxed SIMD), or
// separate (two roundings). Where the bias goes to nonzero sums only, products must be separate: w y - w y is then
// exactly zero, while a fused sum keeps the rounding error of the first product and would get the bias.
type Fused = u32;
type Separate = u64;

// @ts-ignore: decorator
@inline function isUniform<V>(): bool { return sizeof<V>() == 8; }

// @ts-ignore: decorator
@inline function index<I>(rowIdx: usize, p: u32): usize {
  return <usize>load<I>(rowIdx + <usize>p * sizeof<I>());
}

/** The weight of entry p in all four lanes; unused zeros for uniform weights. */
// @ts-ignore: decorator
@inline function weight<V>(values: usize, codebook: usize, p: u32): v128 {
  if (isUniform<V>()) return f32x4.splat(0);
  return isFloat<V>()
    ? v128.load_splat<f32>(values + ((<usize>p) << 2))
    : v128.load_splat<f32>(codebook + ((<usize>load<u8>(values + <usize>p)) << 2));
}

/** sum + y, or sum + w y. */
// @ts-ignore: decorator
@inline function accumulate<V, F>(sum: v128, w: v128, y: v128): v128 {
  if (isUniform<V>()) return f32x4.add(sum, y);
  if (isDefined(RELAXED) && sizeof<F>() == sizeof<Fused>()) return f32x4.relaxed_madd(w, y, sum);
  return f32x4.add(sum, f32x4.mul(w, y));
}

/**
 * Scale of uniform weights, bias by the layer's rule, clip. NaN stays NaN. No branch: V8 joins two 128-bit operations
 * into one of 256 only inside a basic block. `everywhere` has all bits set when the bias goes to zeros of Z too.
 */
// @ts-ignore: decorator
@inline function finish<V>(sum: v128, scale: v128, bias: v128, everywhere: v128, low: v128, high: v128): v128 {
  const z = isUniform<V>() ? f32x4.mul(sum, scale) : sum;
  const added = v128.and(v128.or(f32x4.ne(z, f32x4.splat(0)), everywhere), bias);
  return f32x4.pmin(f32x4.pmax(f32x4.add(z, added), low), high);
}

// @ts-ignore: decorator
@inline function biasOf(layer: usize, j: u32): v128 {
  return v128.load_splat<f32>(load<usize>(layer, BIAS) + <usize>j * load<usize>(layer, BIAS_STEP));
}

// One row alone: four columns at a time, each its own chain of adds, so that the chains overlap.
// The single value sits in lane 0 of a vector: the same operations as in wider tiles, hence the same bits.
function spmm1<I, V, F>(layer: usize, out: usize, input: usize, j0: u32, j1: u32): void {
  const colPtr = load<usize>(layer, COL_PTR);
  const rowIdx = load<usize>(layer, ROW_IDX);
  const values = load<usize>(layer, VALUES);
  const codebook = load<usize>(layer, CODEBOOK);
  const scale = v128.load_splat<f32>(layer, UNIFORM_VALUE);
  const everywhere = v128.load_splat<i32>(layer, BIAS_EVERYWHERE);
  const low = v128.load_splat<f32>(layer, LOW);
  const high = v128.load_splat<f32>(layer, HIGH);
  const zero = f32x4.splat(0);
  for (let j = j0; j < j1; j += 4) {
    const last = j1 - 1;
    const jb = min(j + 1, last);
    const jc = min(j + 2, last);
    const jd = min(j + 3, last);
    let a = load<u32>(colPtr + ((<usize>j) << 2));
    let b = load<u32>(colPtr + ((<usize>jb) << 2));
    let c = load<u32>(colPtr + ((<usize>jc) << 2));
    let d = load<u32>(colPtr + ((<usize>jd) << 2));
    const aEnd = load<u32>(colPtr + ((<usize>j) << 2), 4);
    const bEnd = load<u32>(colPtr + ((<usize>jb) << 2), 4);
    const cEnd = load<u32>(colPtr + ((<usize>jc) << 2), 4);
    const dEnd = load<u32>(colPtr + ((<usize>jd) << 2), 4);
    let sa = zero;
    let sb = zero;
    let sc = zero;
    let sd = zero;
    const shared = min(min(aEnd - a, bEnd - b), min(cEnd - c, dEnd - d));
    for (let k: u32 = 0; k < shared; k++, a++, b++, c++, d++) {
      const ya = v128.load_zero<f32>(input + (index<I>(rowIdx, a) << 2));
      const yb = v128.load_zero<f32>(input + (index<I>(rowIdx, b) << 2));
      const yc = v128.load_zero<f32>(input + (index<I>(rowIdx, c) << 2));
      const yd = v128.load_zero<f32>(input + (index<I>(rowIdx, d) << 2));
      sa = accumulate<V, F>(sa, weight<V>(values, codebook, a), ya);
      sb = accumulate<V, F>(sb, weight<V>(values, codebook, b), yb);
      sc = accumulate<V, F>(sc, weight<V>(values, codebook, c), yc);
      sd = accumulate<V, F>(sd, weight<V>(values, codebook, d), yd);
    }
    for (; a < aEnd; a++) {
      const y = v128.load_zero<f32>(input + (index<I>(rowIdx, a) << 2));
      sa = accumulate<V, F>(sa, weight<V>(values, codebook, a), y);
    }
    for (; b < bEnd; b++) {
      const y = v128.load_zero<f32>(input + (index<I>(rowIdx, b) << 2));
      sb = accumulate<V, F>(sb, weight<V>(values, codebook, b), y);
    }
    for (; c < cEnd; c++) {
      const y = v128.load_zero<f32>(input + (index<I>(rowIdx, c) << 2));
      sc = accumulate<V, F>(sc, weight<V>(values, codebook, c), y);
    }
    for (; d < dEnd; d++) {
      const y = v128.load_zero<f32>(input + (index<I>(rowIdx, d) << 2));
      sd = accumulate<V, F>(sd, weight<V>(values, codebook, d), y);
    }
    // Where fewer than four columns are left the later chains repeat the last one and store the same value again.
    v128.store_lane<f32>(out + ((<usize>j) << 2), finish<V>(sa, scale, biasOf(layer, j), everywhere, low, high), 0);
    v128.store_lane<f32>(out + ((<usize>jb) << 2), finish<V>(sb, scale, biasOf(layer, jb), everywhere, low, high), 0);
    v128.store_lane<f32>(out + ((<usize>jc) << 2), finish<V>(sc, scale, biasOf(layer, jc), everywhere, low, high), 0);
    v128.store_lane<f32>(out + ((<usize>jd) << 2), finish<V>(sd, scale, biasOf(layer, jd), everywhere, low, high), 0);
  }
}

function spmm4<I, V, F>(layer: usize, out: usize, input: usize, j0: u32, j1: u32): void {
  const colPtr = load<usize>(layer, COL_PTR);
  const rowIdx = load<usize>(layer, ROW_IDX);
  const values = load<usize>(layer, VALUES);
  const codebook = load<usize>(layer, CODEBOOK);
  const scale = v128.load_splat<f32>(layer, UNIFORM_VALUE);
  const everywhere = v128.load_splat<i32>(layer, BIAS_EVERYWHERE);
  const low = v128.load_splat<f32>(layer, LOW);
  const high = v128.load_splat<f32>(layer, HIGH);
  const zero = f32x4.splat(0);
  let p = load<u32>(colPtr + ((<usize>j0) << 2));
  for (let j = j0; j < j1; j++) {
    const end = load<u32>(colPtr + ((<usize>j) << 2), 4);
    let s = zero;
    for (; p < end; p++) {
      const y = v128.load(input + (index<I>(rowIdx, p) << 4));
      s = accumulate<V, F>(s, weight<V>(values, codebook, p), y);
    }
    v128.store(out + ((<usize>j) << 4), finish<V>(s, scale, biasOf(layer, j), everywhere, low, high));
  }
}

function spmm16<I, V, F>(layer: usize, out: usize, input: usize, j0: u32, j1: u32): void {
  const colPtr = load<usize>(layer, COL_PTR);
  const rowIdx = load<usize>(layer, ROW_IDX);
  const values = load<usize>(layer, VALUES);
  const codebook = load<usize>(layer, CODEBOOK);
  const scale = v128.load_splat<f32>(layer, UNIFORM_VALUE);
  const everywhere = v128.load_splat<i32>(layer, BIAS_EVERYWHERE);
  const low = v128.load_splat<f32>(layer, LOW);
  const high = v128.load_splat<f32>(layer, HIGH);
  const zero = f32x4.splat(0);
  let p = load<u32>(colPtr + ((<usize>j0) << 2));
  for (let j = j0; j < j1; j++) {
    const end = load<u32>(colPtr + ((<usize>j) << 2), 4);
    let s0 = zero;
    let s1 = zero;
    let s2 = zero;
    let s3 = zero;
    for (; p < end; p++) {
      const y = input + (index<I>(rowIdx, p) << 6);
      const w = weight<V>(values, codebook, p);
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

function spmm32<I, V, F>(layer: usize, out: usize, input: usize, j0: u32, j1: u32): void {
  const colPtr = load<usize>(layer, COL_PTR);
  const rowIdx = load<usize>(layer, ROW_IDX);
  const values = load<usize>(layer, VALUES);
  const codebook = load<usize>(layer, CODEBOOK);
  const scale = v128.load_splat<f32>(layer, UNIFORM_VALUE);
  const everywhere = v128.load_splat<i32>(layer, BIAS_EVERYWHERE);
  const low = v128.load_splat<f32>(layer, LOW);
  const high = v128.load_splat<f32>(layer, HIGH);
  const zero = f32x4.splat(0);
  let p = load<u32>(colPtr + ((<usize>j0) << 2));
  for (let j = j0; j < j1; j++) {
    const end = load<u32>(colPtr + ((<usize>j) << 2), 4);
    let s0 = zero;
    let s1 = zero;
    let s2 = zero;
    let s3 = zero;
    let s4 = zero;
    let s5 = zero;
    let s6 = zero;
    let s7 = zero;
    for (; p < end; p++) {
      const y = input + (index<I>(rowIdx, p) << 7);
      const w = weight<V>(values, codebook, p);
      s0 = accumulate<V, F>(s0, w, v128.load(y, 0));
      s1 = accumulate<V, F>(s1, w, v128.load(y, 16));
      s2 = accumulate<V, F>(s2, w, v128.load(y, 32));
      s3 = accumulate<V, F>(s3, w, v128.load(y, 48));
      s4 = accumulate<V, F>(s4, w, v128.load(y, 64));
      s5 = accumulate<V, F>(s5, w, v128.load(y, 80));
      s6 = accumulate<V, F>(s6, w, v128.load(y, 96));
      s7 = accumulate<V, F>(s7, w, v128.load(y, 112));
    }
    const bias = biasOf(layer, j);
    const line = out + ((<usize>j) << 7);
    v128.store(line, finish<V>(s0, scale, bias, everywhere, low, high), 0);
    v128.store(line, finish<V>(s1, scale, bias, everywhere, low, high), 16);
    v128.store(line, finish<V>(s2, scale, bias, everywhere, low, high), 32);
    v128.store(line, finish<V>(s3, scale, bias, everywhere, low, high), 48);
    v128.store(line, finish<V>(s4, scale, bias, everywhere, low, high), 64);
    v128.store(line, finish<V>(s5, scale, bias, everywhere, low, high), 80);
    v128.store(line, finish<V>(s6, scale, bias, everywhere, low, high), 96);
    v128.store(line, finish<V>(s7, scale, bias, everywhere, low, high), 112);
  }
}

function spmmLanes<I, V, F>(lanes: i32, layer: usize, out: usize, input: usize, j0: u32, j1: u32): void {
  if (lanes == 16) spmm16<I, V, F>(layer, out, input, j0, j1);
  else if (lanes == 32) spmm32<I, V, F>(layer, out, input, j0, j1);
  else if (lanes == 4) spmm4<I, V, F>(layer, out, input, j0, j1);
  else spmm1<I, V, F>(layer, out, input, j0, j1);
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
 * Columns j0 .. j1-1 of one layer on `tiles` tiles of `lanes` rows: out = epilogue(Y W + b).
 * Shapes: tile t reads nrows x lanes f32 at input + t inputStep, writes ncols x lanes f32 at out + t outStep.
 */
export function spmm(
  layer: usize, lanes: i32, out: usize, outStep: usize, input: usize, inputStep: usize, tiles: i32, j0: u32, j1: u32,
): void {
  for (let t = 0; t < tiles; t++, out += outStep, input += inputStep) {
    if (load<i32>(layer, IDX_BYTES) == 2) spmmIndexed<u16>(lanes, layer, out, input, j0, j1);
    else spmmIndexed<u32>(lanes, layer, out, input, j0, j1);
  }
}
