// Plan: every radix alone, mixed lengths and the length that MNIST needs half of, against the definition written as two
// loops; a round trip at a large length; refused lengths. Not here: speed.

import assert from "node:assert/strict";
import { test } from "node:test";
import { UsageError } from "../../core/errors.ts";
import { makeRandom } from "../../core/random.ts";
import { fourierInto, makeFourierPlan } from "./fourier.ts";

function randomSignal(length: number, seed: number): Float64Array {
  const random = makeRandom(seed);
  return Float64Array.from({ length: 2 * length }, () => random.normal());
}

function transform(signal: Float64Array): Float64Array {
  const out = new Float64Array(signal.length);
  fourierInto(out, makeFourierPlan(signal.length / 2), signal, new Float64Array(signal.length));
  return out;
}

/** The definition. The angle is reduced before the multiplication by pi, so that it stays exact for large k t. */
function transformNaively(signal: Float64Array): Float64Array {
  const length = signal.length / 2;
  const out = new Float64Array(signal.length);
  for (let k = 0; k < length; k++) {
    for (let t = 0; t < length; t++) {
      const angle = (-2 * Math.PI * ((k * t) % length)) / length;
      out[2 * k] += signal[2 * t] * Math.cos(angle) - signal[2 * t + 1] * Math.sin(angle);
      out[2 * k + 1] += signal[2 * t] * Math.sin(angle) + signal[2 * t + 1] * Math.cos(angle);
    }
  }
  return out;
}

function conjugate(signal: Float64Array): Float64Array {
  return signal.map((v, p) => (p % 2 === 1 ? -v : v));
}

function assertClose(found: Float64Array, expected: Float64Array, tolerance: number, what: string): void {
  assert.equal(found.length, expected.length);
  for (let p = 0; p < found.length; p++) {
    const within = Math.abs(found[p] - expected[p]) <= tolerance;
    assert.ok(within, `${what}: element ${p} is ${found[p]}, expected ${expected[p]}`);
  }
}

for (const length of [1, 2, 3, 4, 5, 6, 8, 9, 10, 12, 15, 16, 25, 27, 30, 40, 60, 64, 120, 125, 243, 480, 750, 960]) {
  test(`the transform of length ${length} equals its definition`, () => {
    const signal = randomSignal(length, length);
    const kept = signal.slice();
    assertClose(transform(signal), transformNaively(signal), 1e-14 * length, `length ${length}`);
    assert.deepEqual(signal, kept, "the source is kept");
  });
}

test("the transform of the conjugate's conjugate gives the signal back, at 240000 points", () => {
  const length = 240_000;
  const signal = randomSignal(length, 7);
  const back = conjugate(transform(conjugate(transform(signal)))).map((v) => v / length);
  assertClose(back, signal, 1e-13, "round trip");
});

for (const length of [7, 14, 0, -4, 2.5, Number.NaN]) {
  test(`a transform of length ${length} is refused`, () => {
    assert.throws(() => makeFourierPlan(length), UsageError);
  });
}
