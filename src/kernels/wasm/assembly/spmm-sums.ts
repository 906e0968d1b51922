// What the tile kernels share: types that they are compiled for, weights, sums and the epilogue.
//
// Every sum runs over the entries of its column in stored order, one accumulator a lane, with the same operations
// for every tile width: a row's result is the same to the last bit whatever tile it sits in.

import { BIAS, BIAS_STEP } from "./layer";

// The loops are compiled once for each index type I (u16, u32) and each type V of the stored values:
// f32 for general weights, u8 for codes into a codebook, and this one where nothing is stored (equal weights).
export type Nothing = u64;

// And once for each way to add a product: fused (one rounding, faster; only where the build has relaxed SIMD), or
// separate (two roundings). Where the bias goes to nonzero sums only, products must be separate: w y - w y is then
// exactly zero, while a fused sum keeps the rounding error of the first product and would get the bias.
export type Fused = u32;
export type Separate = u64;

// @ts-ignore: decorator
@inline export function isUniform<V>(): bool { return sizeof<V>() == 8; }

// Four entries are read at the address of the first of them; the number in a function's name is the entry. An offset of a
// load must be a constant when the function is compiled, so that each has its own.

/** Address of the index of entry p. */
// @ts-ignore: decorator
@inline export function indexAt<I>(rowIdx: usize, p: u32): usize { return rowIdx + <usize>p * sizeof<I>(); }

// @ts-ignore: decorator
@inline export function index0<I>(at: usize): usize { return <usize>load<I>(at); }
// @ts-ignore: decorator
@inline export function index1<I>(at: usize): usize { return <usize>load<I>(at, sizeof<I>()); }
// @ts-ignore: decorator
@inline export function index2<I>(at: usize): usize { return <usize>load<I>(at, 2 * sizeof<I>()); }
// @ts-ignore: decorator
@inline export function index3<I>(at: usize): usize { return <usize>load<I>(at, 3 * sizeof<I>()); }

/** Address of the weight of entry p. */
// @ts-ignore: decorator
@inline export function weightAt<V>(values: usize, p: u32): usize {
  return isUniform<V>() ? 0 : values + <usize>p * sizeof<V>();
}

// A weight in all four lanes; unused zeros for uniform weights.
// @ts-ignore: decorator
@inline function coded(codebook: usize, code: u8): v128 { return v128.load_splat<f32>(codebook + ((<usize>code) << 2)); }

// @ts-ignore: decorator
@inline export function weight0<V>(at: usize, codebook: usize): v128 {
  if (isUniform<V>()) return f32x4.splat(0);
  return isFloat<V>() ? v128.load_splat<f32>(at, 0) : coded(codebook, load<u8>(at, 0));
}

// @ts-ignore: decorator
@inline export function weight1<V>(at: usize, codebook: usize): v128 {
  if (isUniform<V>()) return f32x4.splat(0);
  return isFloat<V>() ? v128.load_splat<f32>(at, 4) : coded(codebook, load<u8>(at, 1));
}

// @ts-ignore: decorator
@inline export function weight2<V>(at: usize, codebook: usize): v128 {
  if (isUniform<V>()) return f32x4.splat(0);
  return isFloat<V>() ? v128.load_splat<f32>(at, 8) : coded(codebook, load<u8>(at, 2));
}

// @ts-ignore: decorator
@inline export function weight3<V>(at: usize, codebook: usize): v128 {
  if (isUniform<V>()) return f32x4.splat(0);
  return isFloat<V>() ? v128.load_splat<f32>(at, 12) : coded(codebook, load<u8>(at, 3));
}

/** sum + y, or sum + w y. */
// @ts-ignore: decorator
@inline export function accumulate<V, F>(sum: v128, w: v128, y: v128): v128 {
  if (isUniform<V>()) return f32x4.add(sum, y);
  if (isDefined(RELAXED) && sizeof<F>() == sizeof<Fused>()) return f32x4.relaxed_madd(w, y, sum);
  return f32x4.add(sum, f32x4.mul(w, y));
}

/**
 * Scale of uniform weights, bias by the layer's rule, clip. NaN stays NaN. No branch: V8 joins two 128-bit operations
 * into one of 256 only inside a basic block. `everywhere` has all bits set when the bias goes to zeros of Z too.
 */
// @ts-ignore: decorator
@inline export function finish<V>(sum: v128, scale: v128, bias: v128, everywhere: v128, low: v128, high: v128): v128 {
  const z = isUniform<V>() ? f32x4.mul(sum, scale) : sum;
  const added = v128.and(v128.or(f32x4.ne(z, f32x4.splat(0)), everywhere), bias);
  return f32x4.pmin(f32x4.pmax(f32x4.add(z, added), low), high);
}

// @ts-ignore: decorator
@inline export function biasOf(layer: usize, j: u32): v128 {
  return v128.load_splat<f32>(load<usize>(layer, BIAS) + <usize>j * load<usize>(layer, BIAS_STEP));
}
