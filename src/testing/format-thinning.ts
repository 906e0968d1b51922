// What a matrix in any format must do when its batch is thinned: equal rows have equal hashes, the comparison finds exactly the
// rows that differ, and the rows that are kept are what they were, in their order. Spoils the matrix.

import assert from "node:assert/strict";
import { MATRIX_FIELD, type PlacedMatrix } from "../kernels/format-records.ts";
import type { FormatRun } from "./format-run.ts";

/** Shapes: `dense`: the matrix's rows, nrows x ncols. */
export function checkThinning(
  { space, kernels, what }: FormatRun,
  { address }: PlacedMatrix,
  dense: Float32Array,
  nrows: number,
  allocate: (bytes: number, what: string) => number,
): void {
  const words = new Uint32Array(space.memory.buffer);
  const ncols = words[(address >>> 2) + MATRIX_FIELD.ncols];
  const denseBits = new Uint32Array(dense.buffer, dense.byteOffset, dense.length);
  const bits = Array.from({ length: nrows }, (_, i) => denseBits.subarray(i * ncols, (i + 1) * ncols).join());
  const list = (name: string): Uint32Array => new Uint32Array(space.memory.buffer, allocate(nrows * 4, name), nrows);
  const [hashes, twins, scratch] = [list("hashes"), list("twins"), list("scratch")];

  kernels.hashRows(address, hashes.byteOffset);
  const hashOf = new Map<string, number>();
  for (let i = 0; i < nrows; i++) {
    const known = hashOf.get(bits[i]) ?? hashes[i];
    if (hashes[i] !== known) assert.fail(`${what}: hash of row ${i}`);
    hashOf.set(bits[i], known);
  }
  // 32 bits would make two of so few rows equal by accident less than once in a million tables.
  const withZeros = new Set(bits.map((row) => row.replaceAll("2147483648", "0")));
  if (nrows < 1000) assert.equal(new Set(hashes).size, withZeros.size, `${what}: different rows, different hashes`);

  for (const first of nrows === 0 ? [] : [0, nrows >> 1]) {
    for (let i = 0; i < nrows; i++) twins[i] = i < first ? i : first;
    kernels.compareRows(address, twins.byteOffset, scratch.byteOffset);
    for (let i = first; i < nrows; i++) {
      const expected = bits[i] === bits[first] ? first : i;
      if (twins[i] !== expected) assert.fail(`${what}: rows ${first} and ${i}`);
    }
  }

  const all = Array.from({ length: nrows }, (_, i) => i);
  let kept = all;
  const choices = [(_: number, k: number) => k % 3 !== 1, (i: number) => i > 0, () => true, () => false];
  for (const isKept of nrows < 1000 ? choices : choices.slice(0, 1)) {
    const places = kept.flatMap((row, k) => (isKept(row, k) ? [k] : []));
    kept = places.map((k) => kept[k]);
    twins.set(places);
    kernels.keepRows(address, twins.byteOffset, places.length, scratch.byteOffset);
    assert.equal(words[(address >>> 2) + MATRIX_FIELD.nrows], kept.length, what);
    const step = ncols * 4;
    const out = space.allocate(kept.length * step, "kept rows");
    kernels.storeMatrix(address, out, step);
    for (const [k, row] of kept.entries()) {
      const actual = new Uint32Array(space.memory.buffer, out + k * step, ncols);
      for (let j = 0; j < ncols; j++) {
        if (actual[j] !== denseBits[row * ncols + j]) assert.fail(`${what}: kept row ${row} as ${k}, column ${j}`);
      }
    }
  }
}
