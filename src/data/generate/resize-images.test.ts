// Plan: pixels equal those of a slow evaluation of the recipe, written from its words with plain sums, on few random
// images, for two sides, all and some of the images, one and several workers, a right and a wrong guess of the largest
// value. Refused options. The result of all of MNIST is in mnist.test.ts.

import assert from "node:assert/strict";
import { test } from "node:test";
import { InterruptedError, UsageError } from "../../core/errors.ts";
import { makeRandom } from "../../core/random.ts";
import { checkCsr } from "../../sparse/check.ts";
import { copyDenseRows, sliceCsrRows } from "../../sparse/convert.ts";
import type { CsrMatrix } from "../../sparse/matrix.ts";
import { type ResizeOptions, resizeImages } from "./resize-images.ts";

const SIDE = 28;
const LIMIT = { timeout: 20_000 };

/** Blobs of grey on black: smooth like digits, so that neither all nor no pixels pass the threshold. */
function randomImages(count: number, seed: number): Uint8Array {
  const random = makeRandom(seed);
  return Uint8Array.from({ length: count * SIDE * SIDE }, () => (random.next() < 0.25 ? random.below(256) : 0));
}

/** Samples of a periodic signal at `length` even places: spectrum, zeros in the middle, Nyquist bin halved, back. */
function interpolateSlowly(signal: Float64Array, length: number): Float64Array {
  const n = signal.length;
  const out = new Float64Array(length);
  for (let k = -n / 2; k <= n / 2; k++) {
    let re = 0;
    let im = 0;
    for (let t = 0; t < n; t++) {
      const angle = (-2 * Math.PI * ((k * t) % n)) / n;
      re += signal[t] * Math.cos(angle);
      im += signal[t] * Math.sin(angle);
    }
    const part = Math.abs(k) === n / 2 ? 0.5 : 1;
    for (let o = 0; o < length; o++) {
      const angle = (2 * Math.PI * ((k * o) % length)) / length;
      out[o] += (part * (re * Math.cos(angle) - im * Math.sin(angle))) / n;
    }
  }
  return out;
}

/** The recipe in full: images x side^2 zeros and ones, and the largest interpolated value. */
function resizeSlowly(pixels: Uint8Array, count: number, side: number): { ones: Float64Array; largest: number } {
  const tall = new Float64Array(side * SIDE * count);
  for (let n = 0; n < count; n++) {
    for (let j = 0; j < SIDE; j++) {
      const column = Float64Array.from({ length: SIDE }, (_, i) => pixels[(n * SIDE + i) * SIDE + j]);
      interpolateSlowly(column, side).forEach((value, i) => {
        tall[i * SIDE * count + n * SIDE + j] = value;
      });
    }
  }
  const rows = Array.from({ length: side }, (_, i) =>
    interpolateSlowly(tall.subarray(i * SIDE * count, (i + 1) * SIDE * count), side * count),
  );
  const largest = Math.max(...rows.map((row) => Math.max(...row)));
  const ones = new Float64Array(count * side * side);
  rows.forEach((row, i) => {
    row.forEach((value, o) => {
      const [n, j] = [Math.floor(o / side), o % side];
      ones[n * side * side + j * side + i] = value > largest / 2 ? 1 : 0;
    });
  });
  return { ones, largest };
}

function assertSamePixels(found: CsrMatrix, ones: Float64Array, what: string): void {
  checkCsr(found, what);
  assert.deepEqual([...found.values], [1]);
  assert.deepEqual(copyDenseRows(found, 0, found.nrows), ones.subarray(0, found.nrows * found.ncols), what);
}

for (const { side, count } of [
  { side: 32, count: 12 },
  { side: 64, count: 9 },
]) {
  test(`${count} images of side ${side} equal the slow evaluation`, LIMIT, async () => {
    const pixels = randomImages(count, side);
    const { ones, largest } = resizeSlowly(pixels, count, side);
    const share = ones.reduce((sum, one) => sum + one, 0) / ones.length;
    assert.ok(share > 0.005 && share < 0.5, `share of ones is ${share}`);

    const passes: string[] = [];
    const resize = (options: Partial<ResizeOptions>): Promise<CsrMatrix> =>
      resizeImages(pixels, count, { side, onProgress: (done, total) => passes.push(`${done}/${total}`), ...options });
    assertSamePixels(await resize({ workers: 3 }), ones, "largest value unknown");
    assert.equal(passes.at(-1), `${side}/${side}`);
    assertSamePixels(await resize({ workers: 1, expectedLargest: largest }), ones, "largest value known");
    assert.equal(passes.at(-1), `${side / 2}/${side / 2}`);
    assertSamePixels(await resize({ workers: 2, expectedLargest: largest * 0.9 }), ones, "wrong largest value");
    assert.equal(passes.at(-1), `${side}/${side}`);
    for (const images of [1, 8, count - 1]) assertSamePixels(await resize({ images }), ones, `${images} images`);
  });
}

test("the first images of the result are a slice of it", LIMIT, async () => {
  const pixels = randomImages(20, 1);
  const all = await resizeImages(pixels, 20, { side: 32 });
  assert.deepEqual(await resizeImages(pixels, 20, { side: 32, images: 13 }), sliceCsrRows(all, 0, 13));
});

const REFUSED: { options: Partial<ResizeOptions>; expected: RegExp }[] = [
  { options: { side: 28 }, expected: /side is 28, expected one of 32, 64, 128, 256/ },
  { options: { side: Number.NaN }, expected: /side is NaN/ },
  { options: { images: 0 }, expected: /images is 0/ },
  { options: { images: 11 }, expected: /images is 11, expected an integer from 1 to 10/ },
  { options: { workers: 0 }, expected: /workers is 0/ },
  { options: { workers: 1.5 }, expected: /workers is 1.5/ },
];
for (const { options, expected } of REFUSED) {
  test(`refused: ${JSON.stringify(options)}`, LIMIT, async () => {
    const run = resizeImages(randomImages(10, 1), 10, { side: 32, ...options });
    await assert.rejects(run, { name: UsageError.name, message: expected });
  });
}

test("a number of images whose strip cannot be transformed is refused before a worker starts", LIMIT, async () => {
  await assert.rejects(resizeImages(randomImages(7, 1), 7, { side: 32 }), UsageError);
  await assert.rejects(resizeImages(randomImages(7, 1), 8, { side: 32 }), /expected 8 x 28 x 28/);
});

test("an aborted run ends with InterruptedError", LIMIT, async () => {
  const run = resizeImages(randomImages(10, 1), 10, { side: 32, signal: AbortSignal.abort() });
  await assert.rejects(run, InterruptedError);
});
