// Bias and activation of one sum, by the layer's rule: the scalar twin of the epilogue in spmm.ts and of activate.ts.

import { exponential, hyperbolicTangent } from "./exponential";
import {
  BIAS, BIAS_EVERYWHERE, BIAS_STEP, HIGH, LOW, SECOND_PASS, SECOND_PASS_LEAKY, SECOND_PASS_NONE, SECOND_PASS_SIGMOID,
  SECOND_PASS_SOFTMAX, SECOND_PASS_TANH, SLOPE,
} from "./layer";

// @ts-ignore: decorator
@inline export function biasAt(rule: usize, j: u32): f32 {
  return load<f32>(load<usize>(rule, BIAS) + <usize>j * load<usize>(rule, BIAS_STEP));
}

/** Leaky ReLU, sigmoid, tanh; softmax is not of one value and gives z. */
// @ts-ignore: decorator
@inline export function secondPass(rule: usize, kind: i32, z: f32): f32 {
  if (kind == SECOND_PASS_LEAKY) return z > 0 ? z : z * load<f32>(rule, SLOPE);
  if (kind == SECOND_PASS_SIGMOID) return <f32>(1 / (1 + exponential(-z)));
  return kind == SECOND_PASS_TANH ? hyperbolicTangent(z) : z;
}

/** act(z + b), b added where the rule says so. NaN stays NaN. */
// @ts-ignore: decorator
@inline export function finishSum(rule: usize, z: f32, bias: f32): f32 {
  let v = z;
  if (z != 0 || load<i32>(rule, BIAS_EVERYWHERE) != 0) v += bias;
  if (v < load<f32>(rule, LOW)) v = load<f32>(rule, LOW);
  if (v > load<f32>(rule, HIGH)) v = load<f32>(rule, HIGH);
  const kind = load<i32>(rule, SECOND_PASS);
  return kind == SECOND_PASS_NONE ? v : secondPass(rule, kind, v);
}

/** The same of neighbouring sums of one column, in place. BIAS_EVERYWHERE is all bits or none. */
export function finishRange(rule: usize, at: usize, end: usize, bias: f32): void {
  if (load<i32>(rule, SECOND_PASS) == SECOND_PASS_NONE) {
    const low = v128.load_splat<f32>(rule + LOW);
    const high = v128.load_splat<f32>(rule + HIGH);
    const everywhere = v128.load_splat<i32>(rule + BIAS_EVERYWHERE);
    for (; at + 16 <= end; at += 16) {
      const z = v128.load(at);
      const isBiased = v128.or(f32x4.ne(z, f32x4.splat(0)), everywhere);
      let v = v128.bitselect(f32x4.add(z, f32x4.splat(bias)), z, isBiased);
      v = v128.bitselect(low, v, f32x4.lt(v, low));
      v128.store(at, v128.bitselect(high, v, f32x4.gt(v, high)));
    }
  }
  for (; at < end; at += 4) store<f32>(at, finishSum(rule, load<f32>(at), bias));
}

/** True when the rule is a bias and bounds, and the bias is the same for all sums of a column (of a row). */
export function isClipOfOneBias(rule: usize, byRows: bool): bool {
  if (byRows && load<usize>(rule, BIAS_STEP) != 0) return false;
  return load<i32>(rule, SECOND_PASS) == SECOND_PASS_NONE;
}

/** True when softmax follows: then every entry is stored, zeros too. */
// @ts-ignore: decorator
@inline export function isSoftmax(rule: usize): bool {
  return load<i32>(rule, SECOND_PASS) == SECOND_PASS_SOFTMAX;
}

/** True when an entry of column j without a sum is stored. */
export function fillsColumn(rule: usize, j: u32): bool {
  return isSoftmax(rule) || finishSum(rule, 0, biasAt(rule, j)) != 0;
}
