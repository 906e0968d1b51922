// Plan: every method is a bijection for sizes around nothing, one, and whole parts; the stride permutation is the
// reference system's formula with 128 parts a piece, by hand and against its definition; random orders follow their seed;
// dealing gives pieces of the sizes of pieceStart whose weights differ by at most the largest weight of one item. Inverse
// orders undo. Effects on real work: src/apps/study/effects.test.ts; bits: src/engine/hashing.test.ts.

import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import {
  dealOrder,
  HASH_METHODS,
  HASH_MODES,
  hashesNeurons,
  hashesRows,
  hashOrder,
  invertOrder,
  pieceStart,
  strideOrder,
} from "./hashing.ts";

const RUNS = { seed: 3, numRuns: 100 };
const COUNTS = [0, 1, 2, 3, 15, 16, 17, 127, 128, 129, 255, 256, 257, 1000, 1024];
const PIECES = [1, 2, 3, 8];

function assertBijection(order: Uint32Array, count: number, what: string): void {
  assert.equal(order.length, count, what);
  assert.deepEqual(
    [...order].toSorted((a, b) => a - b),
    Array.from({ length: count }, (_, k) => k),
    what,
  );
}

test("every method is a bijection, and its inverse undoes it", () => {
  for (const method of HASH_METHODS) {
    for (const count of COUNTS) {
      for (const pieces of PIECES) {
        const weights = Uint32Array.from({ length: count }, (_, v) => (v * 7) % 13);
        const order = hashOrder(weights, { method, pieces, seed: 1 });
        assertBijection(order, count, `${method}, ${count} items, ${pieces} pieces`);
        const inverse = invertOrder(order);
        for (let v = 0; v < count; v++) assert.equal(inverse[order[v]], v);
      }
    }
  }
});

test("stride: by hand, with a rest above p h that stays", () => {
  // 3 parts of height 2: 0 1 2 | 3 4 5 become columns; 6 stays.
  assert.deepEqual([...strideOrder(7, 3)], [0, 2, 4, 1, 3, 5, 6]);
  assert.deepEqual([...strideOrder(2, 3)], [0, 1]);
});

test("stride: the reference system's formula with 128 parts a piece", () => {
  for (const [count, pieces] of [
    [60_000, 1],
    [60_000, 2],
    [1024, 2],
    [1024, 8],
    [1000, 3],
  ] as const) {
    const p = 128 * pieces;
    const h = Math.floor(count / p);
    const order = hashOrder(new Uint32Array(count), { method: "stride", pieces, seed: 9 });
    for (let v = 0; v < count; v++) {
      assert.equal(order[v], v < p * h ? Math.floor(v / p) + (v % p) * h : v, `${v} of ${count}, ${pieces} pieces`);
    }
  }
});

function orderRandomly(seed: number): number[] {
  return [...hashOrder(new Uint32Array(1000), { method: "random", pieces: 2, seed })];
}

test("random: the same by the same seed, another by another", () => {
  assert.deepEqual(orderRandomly(5), orderRandomly(5));
  assert.notDeepEqual(orderRandomly(5), orderRandomly(6));
});

test("deal: by hand, there and back", () => {
  // By falling weight: items 3, 1, 0, 2 go to pieces 0, 1, 1, 0.
  assert.deepEqual([...dealOrder([2, 3, 1, 9], 2)], [3, 2, 1, 0]);
});

test("deal: pieces have their sizes, and weights within the largest item of each other", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(1000), { maxLength: 60 }), fc.integer({ min: 1, max: 9 }), (weights, pieces) => {
      // Pieces of equal sizes: a piece that is one item longer may also be heavier by that item.
      const even = weights.slice(0, weights.length - (weights.length % pieces));
      const order = dealOrder(even, pieces);
      assertBijection(order, even.length, "deal");
      const loads = Array.from({ length: pieces }, () => 0);
      for (const [item, weight] of even.entries()) {
        let piece = 0;
        while (order[item] >= pieceStart(even.length, piece + 1, pieces)) piece++;
        loads[piece] += weight;
      }
      assert.ok(Math.max(...loads) - Math.min(...loads) <= Math.max(0, ...even), loads.join());
    }),
    RUNS,
  );
});

test("what each mode renumbers", () => {
  assert.deepEqual(
    HASH_MODES.map((mode) => [mode, hashesRows(mode), hashesNeurons(mode)]),
    [
      ["none", false, false],
      ["input", true, false],
      ["layer", false, true],
      ["both", true, true],
    ],
  );
});
