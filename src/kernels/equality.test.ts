// Plan: equal rows have equal hashes; a change of any one word, of the length, or of an index changes the hash (with a
// seeded sample, so that a rare collision can't come and go); hashes spread over 32 bits; rowsEqual sees any one byte.

import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { makeRandom } from "../core/random.ts";
import { makeKernelMemory } from "../testing/kernel-memory.ts";
import { compileKernels, KERNEL_IDS, makeKernels } from "./catalog.ts";

const SIZES = [0, 1, 3, 4, 5, 15, 16, 17, 33, 1024];
const space = makeKernelMemory();
const { memory } = space;

function put(array: Uint8Array | Uint16Array | Uint32Array | Float32Array): number {
  const address = space.allocate(array.byteLength, "array");
  const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
  new Uint8Array(memory.buffer, address, array.byteLength).set(bytes);
  return address;
}

for (const id of KERNEL_IDS) {
  const kernels = makeKernels(await compileKernels(id), memory);

  test(`${id}: hashRow is the same for equal rows, another for one changed bit`, () => {
    for (const n of SIZES) {
      space.reset();
      const random = makeRandom(n + 1);
      const row = Float32Array.from({ length: n }, () => (random.next() < 0.5 ? 0 : 32 * random.next()));
      const [a, b] = [put(row), put(row)];
      const hash = kernels.hashRow(a, n);
      assert.equal(kernels.hashRow(b, n), hash);
      const words = new Uint32Array(memory.buffer, b, n);
      for (let k = 0; k < n; k++) {
        for (const bit of [0, 7, 15, 16, 22, 23, 30, 31]) {
          words[k] ^= 1 << bit;
          assert.notEqual(kernels.hashRow(b, n), hash, `${n} words, bit ${bit} of word ${k}`);
          words[k] ^= 1 << bit;
        }
      }
      if (n > 0) assert.notEqual(kernels.hashRow(a, n - 1), hash, `${n - 1} of ${n} words`);
    }
  });

  test(`${id}: hashRow tells rows of few values apart`, () => {
    // As activations are: many zeros and 32s. 4096 different rows; a good hash collides 0.002 times among them.
    space.reset();
    const seen = new Set<number>();
    const row = put(new Float32Array(64));
    const view = new Float32Array(memory.buffer, row, 64);
    for (let pattern = 0; pattern < 4096; pattern++) {
      for (let k = 0; k < 12; k++) view[k * 5] = (pattern >> k) & 1 ? 32 : 0;
      seen.add(kernels.hashRow(row, 64));
    }
    assert.ok(seen.size >= 4095, `${seen.size} hashes of 4096 rows`);
  });

  test(`${id}: hashCsrRow is the same for equal rows, another for a changed index, value or length`, () => {
    for (const width of [2, 4]) {
      for (const n of SIZES) {
        space.reset();
        const random = makeRandom(n + 2);
        const idx = Array.from({ length: n + 5 }, (_, p) => 3 * p + random.below(3));
        const indices = width === 2 ? Uint16Array.from(idx) : Uint32Array.from(idx);
        const values = Float32Array.from({ length: n + 5 }, () => random.normal());
        // The same entries at another place of the arrays.
        const shifted = width === 2 ? new Uint16Array(n + 9) : new Uint32Array(n + 9);
        const shiftedValues = new Float32Array(n + 9);
        shifted.set(indices, 4);
        shiftedValues.set(values, 4);
        const [colIdx, colIdx2, at, at2] = [put(indices), put(shifted), put(values), put(shiftedValues)];
        for (const step of [0, 4]) {
          const what = `${n} entries, ${width}-byte indices, value step ${step}`;
          const hash = kernels.hashCsrRow(2, n + 2, colIdx, width, at, step);
          const again = (): number => kernels.hashCsrRow(6, n + 6, colIdx2, width, at2, step);
          assert.equal(again(), hash, what);
          const view =
            width === 2
              ? new Uint16Array(memory.buffer, colIdx2, n + 9)
              : new Uint32Array(memory.buffer, colIdx2, n + 9);
          const words = new Uint32Array(memory.buffer, at2, n + 9);
          for (let p = 6; p < n + 6; p++) {
            view[p] ^= 1;
            assert.notEqual(again(), hash, `${what}: index ${p - 6}`);
            view[p] ^= 1;
            words[p] ^= 1 << 31;
            // With one value for all entries there is no value to differ in.
            if (step === 0) assert.equal(again(), hash, what);
            else assert.notEqual(again(), hash, `${what}: value ${p - 6}`);
            words[p] ^= 1 << 31;
          }
          assert.notEqual(kernels.hashCsrRow(2, n + 3, colIdx, width, at, step), hash, `${what}: one entry more`);
        }
      }
    }
  });

  test(`${id}: random images have no more equal hashes than chance allows`, () => {
    // 20000 rows of 0/1 pixels as lists of indices: chance alone gives 0.05 collisions.
    space.reset();
    const random = makeRandom(21);
    const colIdx = put(new Uint16Array(256));
    const view = new Uint16Array(memory.buffer, colIdx, 256);
    const hashes = new Set<number>();
    for (let i = 0; i < 20_000; i++) {
      let n = 0;
      for (let k = random.below(8); k < 1024; k += 1 + random.below(16)) if (n < 256) view[n++] = k;
      hashes.add(kernels.hashCsrRow(0, n, colIdx, 2, 0, 0));
    }
    assert.ok(hashes.size >= 19_999, `${hashes.size} hashes of 20000 rows`);
  });

  test(`${id}: rowsEqual sees a difference in any one byte`, () => {
    for (const bytes of [0, 1, 3, 4, 15, 16, 17, 31, 32, 33, 100, 4096]) {
      space.reset();
      const random = makeRandom(bytes);
      const content = Uint8Array.from({ length: bytes }, () => random.below(256));
      const [a, b] = [put(content), put(content)];
      assert.equal(kernels.rowsEqual(a, b, bytes), 1, `${bytes} bytes`);
      const view = new Uint8Array(memory.buffer, b, bytes + 1);
      for (let p = 0; p < bytes; p++) {
        view[p] ^= 1;
        assert.equal(kernels.rowsEqual(a, b, bytes), 0, `${bytes} bytes, difference at ${p}`);
        view[p] ^= 1;
      }
      // The byte after the range does not count.
      view[bytes] ^= 0xff;
      assert.equal(kernels.rowsEqual(a, b, bytes), 1, `${bytes} bytes, difference behind`);
    }
  });

  test(`${id}: rowsEqual agrees with a comparison byte by byte`, () => {
    const bytes = fc.uint8Array({ maxLength: 70, max: 1 });
    fc.assert(
      fc.property(bytes, bytes, (x, y) => {
        space.reset();
        const n = Math.min(x.length, y.length);
        const expected = Buffer.compare(x.subarray(0, n), y.subarray(0, n)) === 0 ? 1 : 0;
        assert.equal(kernels.rowsEqual(put(x), put(y), n), expected);
      }),
      { seed: 17, numRuns: 300 },
    );
  });
}
