// Plan: for every shape, any mean and limit: lengths in range, the promised sum, order when sorted; a power law is one;
// means below 1, at 0 and at the limit. Index sets: distinct, rising, in range, and every index about equally often.

import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { makeRandom } from "../../core/random.ts";
import { drawIndexSets, pointersOf } from "./random-entries.ts";
import { LENGTH_SHAPES, makeLengths } from "./random-lengths.ts";

const sum = (numbers: Iterable<number>): number => Array.from(numbers).reduce((total, v) => total + v, 0);

for (const shape of LENGTH_SHAPES) {
  test(`${shape} lengths keep their limit, their mean and their order`, () => {
    const cases = fc.record({
      count: fc.integer({ min: 0, max: 200 }),
      limit: fc.integer({ min: 0, max: 100 }),
      part: fc.oneof(fc.constantFrom(0, 0.5, 1), fc.double({ min: 0, max: 1, noNaN: true })),
      sorted: fc.boolean(),
      seed: fc.nat(),
    });
    fc.assert(
      fc.property(cases, ({ count, limit, part, sorted, seed }) => {
        const mean = part * limit;
        const lengths = makeLengths({ count, mean, limit, shape, sorted }, makeRandom(seed));
        assert.equal(lengths.length, count);
        assert.ok(lengths.every((length) => length <= limit));
        if (sorted) assert.ok(lengths.every((length, k) => k === 0 || length <= lengths[k - 1]));
        if (shape !== "uniform") assert.ok(Math.abs(sum(lengths) - mean * count) < 1.001);
        if (shape === "equal") assert.ok(lengths.every((length) => Math.abs(length - mean) < 1));
        if (part === 0 || part === 1) assert.ok(lengths.every((length) => length === mean));
      }),
      { seed: 17, numRuns: 300 },
    );
  });
}

test("uniform lengths spread from 0 to twice the mean and have the mean", () => {
  for (const { mean, limit, low, high } of [
    { mean: 8, limit: 100, low: 0, high: 16 },
    { mean: 0.25, limit: 100, low: 0, high: 1 },
    { mean: 80, limit: 100, low: 60, high: 100 },
  ]) {
    const lengths = makeLengths({ count: 20_000, mean, limit, shape: "uniform", sorted: false }, makeRandom(1));
    const variance = sum(Array.from(lengths, (length) => (length - mean) ** 2)) / 20_000;
    // Five standard deviations of the mean.
    assert.ok(Math.abs(sum(lengths) / 20_000 - mean) < 5 * Math.sqrt(variance / 20_000));
    assert.deepEqual([Math.min(...lengths), Math.max(...lengths)], [low, high]);
  }
});

test("power-law lengths fall as 1/k and are in no order unless sorted", () => {
  const options = { count: 1000, mean: 16, limit: 1024, shape: "power-law" } as const;
  const sorted = makeLengths({ ...options, sorted: true }, makeRandom(1));
  assert.equal(sum(sorted), 16_000);
  // First length in which the cut at the limit plays no part.
  const free = sorted.findIndex((length) => length < 1024);
  for (const k of [free, 10, 40, 99]) assert.ok(Math.abs((sorted[k] * (k + 1)) / (sorted[9] * 10) - 1) < 0.05);
  const mixed = makeLengths({ ...options, sorted: false }, makeRandom(1));
  assert.deepEqual(mixed.toSorted().toReversed(), sorted);
  assert.ok(mixed.indexOf(sorted[0]) !== 0 || mixed[1] !== sorted[1]);
});

test("index sets are distinct, rising and below the bound", () => {
  const sets = fc.integer({ min: 1, max: 70 }).chain((bound) =>
    fc.record({
      bound: fc.constant(bound),
      lengths: fc.array(fc.nat(bound), { maxLength: 12 }),
      seed: fc.nat(),
    }),
  );
  fc.assert(
    fc.property(sets, ({ bound, lengths, seed }) => {
      const indices = drawIndexSets(Uint32Array.from(lengths), bound, makeRandom(seed));
      const pointers = pointersOf(Uint32Array.from(lengths));
      assert.equal(pointers.at(-1), indices.length);
      lengths.forEach((length, k) => {
        const set = indices.subarray(pointers[k], pointers[k + 1]);
        assert.equal(set.length, length);
        assert.ok(set.every((index, p) => index < bound && (p === 0 || index > set[p - 1])));
      });
    }),
    { seed: 23, numRuns: 300 },
  );
});

for (const { what, length } of [
  { what: "sparse", length: 5 },
  { what: "dense", length: 40 },
]) {
  test(`every index is drawn about equally often into ${what} sets`, () => {
    const [bound, count] = [64, 20_000];
    const times = new Float64Array(bound);
    for (const index of drawIndexSets(new Uint32Array(count).fill(length), bound, makeRandom(9))) times[index]++;
    const expected = (count * length) / bound;
    // Five standard deviations of a binomial count.
    const tolerance = 5 * Math.sqrt(expected * (1 - length / bound));
    times.forEach((found, index) => {
      assert.ok(Math.abs(found - expected) < tolerance, `index ${index}: ${found} times, expected ${expected}`);
    });
  });
}
