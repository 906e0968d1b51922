// Plan: the checks of what was read straight into memory (areSlicesSound, areFinite), in every kernel set: random compressed
// matrices of lengths around the vectors' are sound, from any first entry; with one pointer or index changed they are exactly
// as sound as the plain check says, whatever lies beside them; a descent at either end of a long matrix with more
// slices than a counter holds; every place of an array may hold what is not finite.

import assert from "node:assert/strict";
import { test } from "node:test";
import { makeRandom, type Random } from "../core/random.ts";
import { checkCsr } from "../sparse/check.ts";
import { makeKernelMemory } from "../testing/kernel-memory.ts";
import { compileKernels, KERNEL_IDS, makeKernels } from "./catalog.ts";
import type { Kernels } from "./kernels.ts";
import { writeArray } from "./layer-record.ts";

const space = makeKernelMemory(1024, 16 << 20);

interface Slices {
  readonly ptr: Uint32Array;
  readonly idx: Uint16Array | Uint32Array;
  readonly minor: number;
}

/** `lengths.length` slices of strictly rising indices below `minor`. */
function makeSlices(lengths: readonly number[], minor: number, idxBytes: 2 | 4, random: Random): Slices {
  const ptr = new Uint32Array(lengths.length + 1);
  lengths.forEach((length, k) => (ptr[k + 1] = ptr[k] + length));
  const idx = idxBytes === 2 ? new Uint16Array(ptr[lengths.length]) : new Uint32Array(ptr[lengths.length]);
  lengths.forEach((length, k) => {
    const chosen = new Set<number>();
    while (chosen.size < length) chosen.add(random.below(minor));
    idx.set(
      [...chosen].toSorted((a, b) => a - b),
      ptr[k],
    );
  });
  return { ptr, idx, minor };
}

function isSoundPlain({ ptr, idx, minor }: Slices): boolean {
  try {
    const nrows = ptr.length - 1;
    checkCsr({ format: "csr", nrows, ncols: minor, rowPtr: ptr, colIdx: idx, values: Float32Array.of(1) }, "slices");
    return true;
  } catch {
    return false;
  }
}

/** As the kernels see them when `before` entries of other slices lie before, and more of them after. */
function isSound(kernels: Kernels, { ptr, idx, minor }: Slices, before: number): boolean {
  space.reset();
  const shifted = ptr.map((p) => p + before);
  const padded =
    idx instanceof Uint16Array ? new Uint16Array(before + idx.length + 8) : new Uint32Array(before + idx.length + 8);
  padded.set(idx, before);
  const [at, indices] = [shifted, padded].map((array) => {
    const address = space.allocate(array.byteLength, "array");
    writeArray(space.memory, address, array);
    return address;
  }) as [number, number];
  const end = before + idx.length;
  return kernels.areSlicesSound(at, ptr.length - 1, before, end, indices, idx.BYTES_PER_ELEMENT, minor) === 1;
}

const LENGTHS = [0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33];

for (const id of KERNEL_IDS) {
  const kernels = makeKernels(await compileKernels(id), space.memory);

  test(`${id}: slices are sound exactly where the plain check says so`, () => {
    const random = makeRandom(11);
    let [sound, unsound] = [0, 0];
    for (let round = 0; round < 400; round++) {
      const lengths = Array.from({ length: random.below(6) }, () => LENGTHS[random.below(LENGTHS.length)]);
      const slices = makeSlices(lengths, 34 + random.below(40), round % 2 === 0 ? 2 : 4, random);
      const before = random.below(10);
      assert.ok(isSound(kernels, slices, before), `round ${round}`);
      const { ptr, idx, minor } = slices;
      const changed = { ptr: ptr.slice(), idx: idx.slice(), minor };
      if (idx.length > 0 && random.next() < 0.7) changed.idx[random.below(idx.length)] = random.below(minor + 2);
      else if (ptr.length > 1) changed.ptr[1 + random.below(ptr.length - 1)] = random.below(idx.length + 3);
      const expected = isSoundPlain(changed);
      if (expected) sound++;
      else unsound++;
      assert.equal(isSound(kernels, changed, before), expected, `round ${round}, changed`);
    }
    assert.ok(sound > 20 && unsound > 100, `${sound} sound, ${unsound} not`);
  });

  test(`${id}: a descent at either end of a long matrix is seen, and none between slices`, () => {
    const random = makeRandom(12);
    for (const idxBytes of [2, 4] as const) {
      // Slices of one index, the same, between two of many: more descents than 16 bits count in one of 8 lanes.
      const many = 100;
      const ones = 540_000;
      const lengths = [many, ...Array.from({ length: ones }, () => 1), many];
      const slices = makeSlices(lengths, 200, idxBytes, random);
      slices.idx.fill(0, many, many + ones);
      assert.ok(isSound(kernels, slices, 0));
      const { length } = slices.idx;
      for (let k = 0; k + 1 < many; k++) {
        for (const p of [k, length - many + k]) {
          const kept = slices.idx[p + 1];
          slices.idx[p + 1] = slices.idx[p];
          assert.ok(!isSound(kernels, slices, 0), `entry ${p}`);
          slices.idx[p + 1] = kept;
          // Enough for the ends of vectors of 8, without copying millions of bytes for each place.
          if (k === 16) k = many - 20;
        }
      }
      assert.ok(!isSound(kernels, { ...slices, minor: slices.idx[length - 1] }, 0), "an index out of range");
    }
  });

  test(`${id}: every place of an array may hold what is not finite`, () => {
    for (const n of [0, 1, 3, 4, 5, 8, 11]) {
      const values = Float32Array.from({ length: n + 1 }, (_, k) =>
        k === n ? Number.NaN : 3e38 * (k % 2 === 0 ? 1 : -1),
      );
      space.reset();
      const address = space.allocate(values.byteLength, "values");
      writeArray(space.memory, address, values);
      assert.equal(kernels.areFinite(address, n), 1, `${n} values, a NaN behind them`);
      for (let k = 0; k < n; k++) {
        for (const bad of [Number.NaN, Infinity, -Infinity]) {
          const wrong = values.slice();
          wrong[k] = bad;
          writeArray(space.memory, address, wrong);
          assert.equal(kernels.areFinite(address, n), 0, `${bad} at ${k} of ${n}`);
        }
      }
    }
  });
}
