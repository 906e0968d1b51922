// The discrete Fourier transform of complex float64 signals whose length has no prime factor but 2, 3 and 5:
// X[k] = sum over t of x[t] e^(-2 pi i k t / length), not scaled. Forward only; the inverse is the conjugate of the
// transform of the conjugate. Stockham's form: every pass reads one buffer and writes another in the order that the next
// pass wants, so nothing is reordered at the end. Complex numbers are interleaved: real part, imaginary part.
// Source: Van Loan, Computational Frameworks for the Fast Fourier Transform, section 1.7.

import { UsageError } from "../../core/errors.ts";

type Radix = 2 | 3 | 4 | 5;

/** One pass: `groups` sub-transforms of `radix` points, over runs of `stride` neighbours that share their twiddles. */
interface Pass {
  readonly radix: Radix;
  readonly groups: number;
  readonly stride: number;
  /** groups x (radix - 1) complex factors: e^(-2 pi i p k / (groups radix)) for k = 1 .. radix-1. */
  readonly twiddles: Float64Array;
}

export interface FourierPlan {
  /** Complex samples. */
  readonly length: number;
  readonly passes: readonly Pass[];
}

/** Precomputes the factors for one length. @throws UsageError for a length with a prime factor above 5. */
export function makeFourierPlan(length: number): FourierPlan {
  const passes: Pass[] = [];
  let rest = length;
  let stride = 1;
  for (const radix of radicesOf(length)) {
    const groups = rest / radix;
    passes.push({ radix, groups, stride, twiddles: makeTwiddles(radix, groups) });
    rest = groups;
    stride *= radix;
  }
  return { length, passes };
}

/** @throws UsageError for a length that makeFourierPlan refuses. */
export function checkFourierLength(length: number): void {
  radicesOf(length);
}

function radicesOf(length: number): Radix[] {
  const radices: Radix[] = [];
  let rest = length;
  for (const radix of [4, 2, 3, 5] as const) {
    while (rest > 1 && rest % radix === 0) {
      radices.push(radix);
      rest /= radix;
    }
  }
  if (rest !== 1) throw new UsageError(`transform length is ${length}, expected a product of 2, 3 and 5`);
  return radices;
}

function makeTwiddles(radix: Radix, groups: number): Float64Array {
  const twiddles = new Float64Array(2 * groups * (radix - 1));
  let end = 0;
  for (let p = 0; p < groups; p++) {
    for (let k = 1; k < radix; k++) {
      const angle = (-2 * Math.PI * p * k) / (groups * radix);
      twiddles[end++] = Math.cos(angle);
      twiddles[end++] = Math.sin(angle);
    }
  }
  return twiddles;
}

/**
 * out = transform of source. Shapes: all three arrays 2 x plan.length, interleaved.
 * Writes / aliases: overwrites `out` and `scratch`, keeps `source`; the three must be different memory.
 * Cost: O(length x sum of the factors) time, no allocation.
 */
export function fourierInto(out: Float64Array, plan: FourierPlan, source: Float64Array, scratch: Float64Array): void {
  let from = source;
  // The buffers alternate so that the last pass writes `out`.
  let writesOut = plan.passes.length % 2 === 1;
  for (const pass of plan.passes) {
    const to = writesOut ? out : scratch;
    runPass(to, pass, from);
    from = to;
    writesOut = !writesOut;
  }
  if (plan.passes.length === 0) out.set(source);
}

function runPass(y: Float64Array, pass: Pass, x: Float64Array): void {
  switch (pass.radix) {
    case 2:
      return runRadix2(y, pass, x);
    case 3:
      return runRadix3(y, pass, x);
    case 4:
      return runRadix4(y, pass, x);
    case 5:
      return runRadix5(y, pass, x);
  }
}

// In every pass below: sub-transform p over its run of neighbours reads element k at (p + k groups) runs and writes
// element k at (radix p + k) runs, times the twiddle of p and k. `span` is the length of a run in doubles.

function runRadix2(y: Float64Array, pass: Pass, x: Float64Array): void {
  const { groups, stride, twiddles } = pass;
  const span = 2 * stride;
  const half = groups * span;
  for (let p = 0; p < groups; p++) {
    const wr = twiddles[2 * p];
    const wi = twiddles[2 * p + 1];
    let o = 2 * p * span;
    for (let q = p * span, end = q + span; q < end; q += 2, o += 2) {
      const ar = x[q];
      const ai = x[q + 1];
      const br = x[q + half];
      const bi = x[q + half + 1];
      y[o] = ar + br;
      y[o + 1] = ai + bi;
      const dr = ar - br;
      const di = ai - bi;
      y[o + span] = dr * wr - di * wi;
      y[o + span + 1] = dr * wi + di * wr;
    }
  }
}

const SIN_60 = Math.sqrt(3) / 2;

function runRadix3(y: Float64Array, pass: Pass, x: Float64Array): void {
  const { groups, stride, twiddles } = pass;
  const span = 2 * stride;
  const third = groups * span;
  for (let p = 0; p < groups; p++) {
    const w1r = twiddles[4 * p];
    const w1i = twiddles[4 * p + 1];
    const w2r = twiddles[4 * p + 2];
    const w2i = twiddles[4 * p + 3];
    let o = 3 * p * span;
    for (let q = p * span, end = q + span; q < end; q += 2, o += 2) {
      const ar = x[q];
      const ai = x[q + 1];
      const b = q + third;
      const c = b + third;
      const sr = x[b] + x[c];
      const si = x[b + 1] + x[c + 1];
      // -i sin(60) (b - c)
      const dr = SIN_60 * (x[b + 1] - x[c + 1]);
      const di = -SIN_60 * (x[b] - x[c]);
      const mr = ar - 0.5 * sr;
      const mi = ai - 0.5 * si;
      y[o] = ar + sr;
      y[o + 1] = ai + si;
      const ur = mr + dr;
      const ui = mi + di;
      const vr = mr - dr;
      const vi = mi - di;
      y[o + span] = ur * w1r - ui * w1i;
      y[o + span + 1] = ur * w1i + ui * w1r;
      y[o + 2 * span] = vr * w2r - vi * w2i;
      y[o + 2 * span + 1] = vr * w2i + vi * w2r;
    }
  }
}

function runRadix4(y: Float64Array, pass: Pass, x: Float64Array): void {
  const { groups, stride, twiddles } = pass;
  const span = 2 * stride;
  const quarter = groups * span;
  for (let p = 0; p < groups; p++) {
    const w1r = twiddles[6 * p];
    const w1i = twiddles[6 * p + 1];
    const w2r = twiddles[6 * p + 2];
    const w2i = twiddles[6 * p + 3];
    const w3r = twiddles[6 * p + 4];
    const w3i = twiddles[6 * p + 5];
    let o = 4 * p * span;
    for (let q = p * span, end = q + span; q < end; q += 2, o += 2) {
      const b = q + quarter;
      const c = b + quarter;
      const d = c + quarter;
      const sr = x[q] + x[c];
      const si = x[q + 1] + x[c + 1];
      const tr = x[q] - x[c];
      const ti = x[q + 1] - x[c + 1];
      const ur = x[b] + x[d];
      const ui = x[b + 1] + x[d + 1];
      // -i (b - d)
      const vr = x[b + 1] - x[d + 1];
      const vi = x[d] - x[b];
      y[o] = sr + ur;
      y[o + 1] = si + ui;
      const e1r = tr + vr;
      const e1i = ti + vi;
      const e2r = sr - ur;
      const e2i = si - ui;
      const e3r = tr - vr;
      const e3i = ti - vi;
      y[o + span] = e1r * w1r - e1i * w1i;
      y[o + span + 1] = e1r * w1i + e1i * w1r;
      y[o + 2 * span] = e2r * w2r - e2i * w2i;
      y[o + 2 * span + 1] = e2r * w2i + e2i * w2r;
      y[o + 3 * span] = e3r * w3r - e3i * w3i;
      y[o + 3 * span + 1] = e3r * w3i + e3i * w3r;
    }
  }
}

const COS_72 = Math.cos((2 * Math.PI) / 5);
const COS_144 = Math.cos((4 * Math.PI) / 5);
const SIN_72 = Math.sin((2 * Math.PI) / 5);
const SIN_144 = Math.sin((4 * Math.PI) / 5);

function runRadix5(y: Float64Array, pass: Pass, x: Float64Array): void {
  const { groups, stride, twiddles } = pass;
  const span = 2 * stride;
  const fifth = groups * span;
  for (let p = 0; p < groups; p++) {
    const t = 8 * p;
    let o = 5 * p * span;
    for (let q = p * span, end = q + span; q < end; q += 2, o += 2) {
      const ar = x[q];
      const ai = x[q + 1];
      const b = q + fifth;
      const c = b + fifth;
      const d = c + fifth;
      const e = d + fifth;
      // Elements 1 and 4, 2 and 3 are mirror images: sums meet the cosines, differences the sines.
      const s1r = x[b] + x[e];
      const s1i = x[b + 1] + x[e + 1];
      const d1r = x[b] - x[e];
      const d1i = x[b + 1] - x[e + 1];
      const s2r = x[c] + x[d];
      const s2i = x[c + 1] + x[d + 1];
      const d2r = x[c] - x[d];
      const d2i = x[c + 1] - x[d + 1];
      y[o] = ar + s1r + s2r;
      y[o + 1] = ai + s1i + s2i;
      const m1r = ar + COS_72 * s1r + COS_144 * s2r;
      const m1i = ai + COS_72 * s1i + COS_144 * s2i;
      const m2r = ar + COS_144 * s1r + COS_72 * s2r;
      const m2i = ai + COS_144 * s1i + COS_72 * s2i;
      const n1r = SIN_72 * d1i + SIN_144 * d2i;
      const n1i = SIN_72 * d1r + SIN_144 * d2r;
      const n2r = SIN_144 * d1i - SIN_72 * d2i;
      const n2i = SIN_144 * d1r - SIN_72 * d2r;
      writeTurned(y, o + span, m1r + n1r, m1i - n1i, twiddles, t);
      writeTurned(y, o + 2 * span, m2r + n2r, m2i - n2i, twiddles, t + 2);
      writeTurned(y, o + 3 * span, m2r - n2r, m2i + n2i, twiddles, t + 4);
      writeTurned(y, o + 4 * span, m1r - n1r, m1i + n1i, twiddles, t + 6);
    }
  }
}

/** y[at] = (re + i im) x the factor at `t`. */
function writeTurned(y: Float64Array, at: number, re: number, im: number, twiddles: Float64Array, t: number): void {
  const wr = twiddles[t];
  const wi = twiddles[t + 1];
  y[at] = re * wr - im * wi;
  y[at + 1] = re * wi + im * wr;
}
