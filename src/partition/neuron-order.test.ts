// Plan: an order is a bijection that puts neurons with the same readers side by side, or null where no two have the same;
// a renumbered matrix has the same entries, in the same order within a column; a network renumbered between its layers
// gives the same bits. Random matrices by seed, and small ones by hand.

import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { makeRandom, randomPermutation } from "../core/random.ts";
import { radixNetLayers } from "../data/generate/radix-net.ts";
import { triplesToCsc } from "../sparse/convert.ts";
import { type CscMatrix, entryValue } from "../sparse/matrix.ts";
import { orderByReaders, renumberCsc } from "./neuron-order.ts";

const RUNS = { seed: 77, numRuns: 100 };

function makeCsc(nrows: number, ncols: number, entries: readonly (readonly [number, number, number])[]): CscMatrix {
  return triplesToCsc({
    nrows,
    ncols,
    rows: Uint32Array.from(entries, ([i]) => i),
    cols: Uint32Array.from(entries, ([, j]) => j),
    values: Float32Array.from(entries, ([, , value]) => value),
  });
}

function randomCsc(nrows: number, ncols: number, density: number, seed: number): CscMatrix {
  const random = makeRandom(seed);
  const entries: [number, number, number][] = [];
  for (let i = 0; i < nrows; i++) {
    for (let j = 0; j < ncols; j++) if (random.next() < density) entries.push([i, j, random.normal()]);
  }
  return makeCsc(nrows, ncols, entries);
}

const anyCsc = fc
  .tuple(
    fc.integer({ min: 1, max: 40 }),
    fc.integer({ min: 1, max: 12 }),
    fc.double({ min: 0, max: 1, noNaN: true }),
    fc.nat(1e9),
  )
  .map(([nrows, ncols, density, seed]) => randomCsc(nrows, ncols, density, seed));

/** The columns that read neuron i, as text. */
function readersOf(weights: CscMatrix): string[] {
  const readers = Array.from({ length: weights.nrows }, () => "");
  for (let j = 0; j < weights.ncols; j++) {
    for (let p = weights.colPtr[j]; p < weights.colPtr[j + 1]; p++) readers[weights.rowIdx[p]] += `${j} `;
  }
  return readers;
}

test("an order is a bijection with equal readers side by side, or null where all differ", () => {
  fc.assert(
    fc.property(anyCsc, (weights) => {
      const order = orderByReaders(weights);
      const readers = readersOf(weights);
      if (order === null) {
        assert.equal(new Set(readers).size, weights.nrows);
        return;
      }
      assert.ok(new Set(readers).size < weights.nrows);
      const placed: string[] = [];
      for (let i = 0; i < weights.nrows; i++) placed[order[i]] = readers[i];
      assert.equal(order.length, weights.nrows);
      assert.equal(Object.keys(placed).length, weights.nrows);
      const changes = placed.filter((text, at) => at === 0 || placed[at - 1] !== text).length;
      assert.equal(changes, new Set(readers).size);
    }),
    RUNS,
  );
});

test("by hand: null where nothing is shared; unread neurons share having no reader", () => {
  const distinct = makeCsc(2, 2, [
    [0, 0, 1],
    [1, 1, 1],
  ]);
  assert.equal(orderByReaders(distinct), null);
  assert.equal(orderByReaders(makeCsc(1, 1, [])), null);
  assert.equal(orderByReaders(makeCsc(0, 3, [])), null);
  assert.deepEqual([...(orderByReaders(makeCsc(3, 2, [])) ?? [])], [0, 1, 2]);
  // Neurons 0 and 2 are read by column 0, 1 and 3 by column 1.
  const crossed = makeCsc(4, 2, [
    [0, 0, 1],
    [2, 0, 1],
    [1, 1, 1],
    [3, 1, 1],
  ]);
  assert.deepEqual([...(orderByReaders(crossed) ?? [])], [0, 2, 1, 3]);
});

test("RadiX-Net: the 16 neurons of a node come side by side", () => {
  for (const { weights } of radixNetLayers({ neurons: 256, layers: 8, seed: 3, permute: true })) {
    const order = orderByReaders(weights);
    assert.ok(order !== null);
    const { rowIdx, colPtr } = renumberCsc(weights, order, null);
    for (let j = 0; j < weights.ncols; j++) {
      const runs = [...rowIdx.subarray(colPtr[j], colPtr[j + 1])].toSorted((a, b) => a - b);
      const jumps = runs.filter((i, at) => at > 0 && i !== runs[at - 1] + 1).length;
      assert.ok(jumps <= 1, `column ${j} reads ${jumps + 1} runs`);
    }
  }
});

test("a renumbered matrix has the same entries, in the same order within a column", () => {
  fc.assert(
    fc.property(anyCsc, fc.nat(1e9), fc.boolean(), fc.boolean(), (weights, seed, byRows, byCols) => {
      const random = makeRandom(seed);
      const rows = byRows ? randomPermutation(weights.nrows, random) : null;
      const cols = byCols ? randomPermutation(weights.ncols, random) : null;
      const moved = renumberCsc(weights, rows, cols);
      assert.deepEqual([moved.nrows, moved.ncols], [weights.nrows, weights.ncols]);
      assert.equal(moved.rowIdx.length, weights.rowIdx.length);
      for (let j = 0; j < weights.ncols; j++) {
        assert.deepEqual(columnOf(moved, cols === null ? j : cols[j], null), columnOf(weights, j, rows));
      }
    }),
    RUNS,
  );
});

/** Entries of column j in stored order, rows renumbered by `rows`. */
function columnOf(weights: CscMatrix, j: number, rows: Uint32Array | null): [number, number][] {
  const column: [number, number][] = [];
  for (let p = weights.colPtr[j]; p < weights.colPtr[j + 1]; p++) {
    const i = weights.rowIdx[p];
    column.push([rows === null ? i : rows[i], entryValue(weights, p)]);
  }
  return column;
}

test("one value for all weights stays one value", () => {
  const weights = makeCsc(3, 2, [
    [0, 0, 0.5],
    [1, 0, 0.5],
    [2, 1, 0.5],
  ]);
  assert.equal(weights.values.length, 1);
  assert.equal(renumberCsc(weights, Uint32Array.of(2, 1, 0), Uint32Array.of(1, 0)).values, weights.values);
});

test("a renumbering between two layers changes no bit of the result", () => {
  const { fround } = Math;
  /** f32 sums in stored order, as every kernel makes them. */
  const multiply = (row: Float32Array, weights: CscMatrix): Float32Array =>
    Float32Array.from({ length: weights.ncols }, (_, j) => {
      let z = 0;
      for (let p = weights.colPtr[j]; p < weights.colPtr[j + 1]; p++) {
        z = fround(z + fround(row[weights.rowIdx[p]] * entryValue(weights, p)));
      }
      return z;
    });
  for (let seed = 1; seed <= 20; seed++) {
    const random = makeRandom(seed);
    const first = randomCsc(15, 40, 0.3, seed);
    const second = randomCsc(40, 3, 0.6, seed + 100);
    const order = orderByReaders(second);
    assert.ok(order !== null);
    const row = Float32Array.from({ length: 15 }, () => random.normal());
    const plain = multiply(multiply(row, first), second);
    const moved = multiply(multiply(row, renumberCsc(first, null, order)), renumberCsc(second, order, null));
    assert.deepEqual(new Uint32Array(moved.buffer), new Uint32Array(plain.buffer));
  }
});
