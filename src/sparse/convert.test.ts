// Plan: every way between triples, CSC, CSR and dense is compared with a dense float64 model that knows nothing of
// compression, on random triples (unsorted, with duplicates and explicit zeros) of sizes 0, 1, 15, 16, 17; ways back
// give the identical record; results are canonical (the checks pass, values shortened where all are equal); inputs are
// not written to. Values are multiples of 1/16, so that float32 sums are exact in any order.

import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { ShapeError } from "../core/errors.ts";
import { checkCsc, checkCsr } from "./check.ts";
import {
  copyDenseRows,
  cscToCsr,
  csrToCsc,
  denseToCsr,
  shortenValues,
  sliceCsrRows,
  toTriples,
  type Triples,
  triplesToCsc,
  triplesToCsr,
} from "./convert.ts";
import { entryValue, isUniform, MAX_U16_DIMENSION, makeIndexArray, nnzOf } from "./matrix.ts";

fc.configureGlobal({ seed: 1 });

const SIZES = [0, 1, 15, 16, 17] as const;

type Entry = readonly [row: number, col: number, value: number];

function makeTriples(nrows: number, ncols: number, entries: readonly Entry[], uniform = false): Triples {
  const rows = makeIndexArray(entries.length, nrows);
  const cols = makeIndexArray(entries.length, ncols);
  entries.forEach(([i, j], p) => {
    rows[p] = i;
    cols[p] = j;
  });
  const values = uniform ? Float32Array.of(entries[0]?.[2] ?? 1) : Float32Array.from(entries, ([, , value]) => value);
  return { nrows, ncols, rows, cols, values };
}

/** The dense model: entries of one place add up. */
function denseModel({ nrows, ncols, rows, cols, values }: Triples): Float64Array {
  const dense = new Float64Array(nrows * ncols);
  for (let p = 0; p < rows.length; p++) dense[rows[p] * ncols + cols[p]] += values.length === 1 ? values[0] : values[p];
  return dense;
}

function places({ ncols, rows, cols }: Triples): number {
  return new Set(Array.from(rows, (i, p) => i * ncols + cols[p])).size;
}

const arbitraryTriples: fc.Arbitrary<Triples> = fc
  .record({ nrows: fc.constantFrom(...SIZES), ncols: fc.constantFrom(...SIZES), uniform: fc.boolean() })
  .chain(({ nrows, ncols, uniform }) => {
    const entry = fc.tuple(
      fc.nat(Math.max(0, nrows - 1)),
      fc.nat(Math.max(0, ncols - 1)),
      fc.integer({ min: -32, max: 32 }).map((sixteenths) => sixteenths / 16),
    );
    const maxLength = nrows * ncols === 0 ? 0 : 80;
    return fc.array(entry, { maxLength }).map((entries) => makeTriples(nrows, ncols, entries, uniform));
  });

test("triples to CSR equal the dense model and are canonical", () => {
  fc.assert(
    fc.property(arbitraryTriples, (triples) => {
      const csr = triplesToCsr(triples);
      checkCsr(csr, "csr");
      assert.equal(nnzOf(csr), places(triples), "duplicates are one entry, zeros stay stored");
      assert.deepEqual(copyDenseRows(csr, 0, csr.nrows), denseModel(triples));
    }),
    { numRuns: 300 },
  );
});

test("triples to CSC, and CSC to CSR, give the CSR of the same triples", () => {
  fc.assert(
    fc.property(arbitraryTriples, (triples) => {
      const csc = triplesToCsc(triples);
      checkCsc(csc, "csc");
      assert.deepEqual(cscToCsr(csc), triplesToCsr(triples));
    }),
    { numRuns: 300 },
  );
});

test("there and back is the identity", () => {
  fc.assert(
    fc.property(arbitraryTriples, (triples) => {
      const csr = triplesToCsr(triples);
      const csc = csrToCsc(csr);
      assert.deepEqual(cscToCsr(csc), csr);
      assert.deepEqual(triplesToCsr(toTriples(csr)), csr);
      assert.deepEqual(triplesToCsc(toTriples(csr)), csc);
      assert.deepEqual(triplesToCsc(toTriples(csc)), csc);
    }),
  );
});

test("the order of triples does not matter", () => {
  fc.assert(
    fc.property(arbitraryTriples, (triples) => {
      const { rows, cols, values } = triples;
      const reversed = {
        ...triples,
        rows: rows.toReversed(),
        cols: cols.toReversed(),
        values: values.toReversed(),
      };
      assert.deepEqual(triplesToCsr(reversed), triplesToCsr(triples));
    }),
  );
});

test("conversions do not write to their input", () => {
  fc.assert(
    fc.property(arbitraryTriples, (triples) => {
      const before = structuredClone(triples);
      const csr = triplesToCsr(triples);
      const kept = structuredClone(csr);
      cscToCsr(csrToCsc(csr));
      toTriples(csr);
      sliceCsrRows(csr, 0, csr.nrows);
      assert.deepEqual(triples, before);
      assert.deepEqual(csr, kept);
    }),
  );
});

test("a slice of rows is the slice of the dense rows", () => {
  fc.assert(
    fc.property(arbitraryTriples, fc.nat(17), fc.nat(17), (triples, a, b) => {
      const csr = triplesToCsr(triples);
      const first = Math.min(a, b, csr.nrows);
      const last = Math.min(Math.max(a, b), csr.nrows);
      const slice = sliceCsrRows(csr, first, last);
      checkCsr(slice, "slice");
      assert.equal(slice.nrows, last - first);
      assert.deepEqual(copyDenseRows(slice, 0, slice.nrows), copyDenseRows(csr, first, last));
    }),
  );
});

test("dense to CSR and back is the identity, and stores no zero", () => {
  fc.assert(
    fc.property(arbitraryTriples, (triples) => {
      const dense = denseModel(triples);
      const csr = denseToCsr(Float32Array.from(dense), triples.nrows, triples.ncols);
      checkCsr(csr, "csr");
      assert.equal(
        nnzOf(csr),
        dense.reduce((count, value) => count + (value === 0 ? 0 : 1), 0),
      );
      assert.deepEqual(copyDenseRows(csr, 0, csr.nrows), dense);
    }),
  );
});

test("dense rows of a wrong length, NaN or infinity are refused with their place", () => {
  const table: [Float32Array, number, number, string][] = [
    [new Float32Array(5), 2, 3, "dense rows: 5 values, expected 2 x 3 = 6"],
    [new Float32Array(7), 2, 3, "dense rows: 7 values, expected 2 x 3 = 6"],
    [new Float32Array(1), 0, 0, "dense rows: 1 values, expected 0 x 0 = 0"],
    [Float32Array.of(0, 0, 0, 0, 0, Number.NaN), 2, 3, "dense rows: row 1, column 2 is NaN, expected a finite number"],
    [Float32Array.of(-1 / 0, 0), 2, 1, "dense rows: row 0, column 0 is -Infinity, expected a finite number"],
  ];
  for (const [dense, nrows, ncols, text] of table) {
    assert.throws(() => denseToCsr(dense, nrows, ncols), new ShapeError(text));
  }
});

test("triples of unequal lengths are refused", () => {
  const good = makeTriples(3, 3, [
    [0, 1, 1],
    [2, 2, 2],
  ]);
  for (const bad of [
    { ...good, rows: Uint16Array.of(0) },
    { ...good, cols: Uint16Array.of(0, 1, 2) },
    { ...good, values: Float32Array.of(1, 2, 3) },
    { ...good, values: new Float32Array(0) },
  ]) {
    assert.throws(() => triplesToCsr(bad), ShapeError);
    assert.throws(() => triplesToCsc(bad), ShapeError);
  }
});

test("duplicates add up in the order of the triples, also to a stored zero", () => {
  const csr = triplesToCsr(
    makeTriples(2, 2, [
      [1, 1, 0.5],
      [0, 0, 1],
      [1, 1, -0.5],
      [0, 0, 2],
    ]),
  );
  assert.deepEqual([...csr.rowPtr], [0, 1, 2]);
  assert.deepEqual([...csr.colIdx], [0, 1]);
  assert.deepEqual([...csr.values], [3, 0]);
  const twice = triplesToCsr(
    makeTriples(
      1,
      2,
      [
        [0, 0, 0.5],
        [0, 0, 0.5],
        [0, 1, 0.5],
      ],
      true,
    ),
  );
  assert.deepEqual([...twice.values], [1, 0.5], "one value for all entries, one of them doubled");
});

test("values are one element exactly where all are equal", () => {
  assert.deepEqual(shortenValues(Float32Array.of(2, 2, 2)), Float32Array.of(2));
  for (const kept of [[], [2], [2, 3], [2, 2, 3]]) {
    const values = Float32Array.from(kept);
    assert.equal(shortenValues(values), values);
  }
  const csr = triplesToCsr(
    makeTriples(2, 3, [
      [0, 0, 7],
      [1, 2, 7],
    ]),
  );
  assert.ok(isUniform(csr));
  assert.deepEqual([entryValue(csr, 0), entryValue(csr, 1)], [7, 7]);
  assert.ok(isUniform(csrToCsc(csr)));
});

test("indices are 16 bits wide up to a dimension of 65536, 32 above, shared when asked", () => {
  assert.ok(makeIndexArray(1, 0) instanceof Uint16Array);
  assert.ok(makeIndexArray(1, MAX_U16_DIMENSION) instanceof Uint16Array);
  assert.ok(makeIndexArray(1, MAX_U16_DIMENSION + 1) instanceof Uint32Array);
  assert.ok(makeIndexArray(3, 5, true).buffer instanceof SharedArrayBuffer);
  assert.equal(makeIndexArray(3, 5).length, 3);
  for (const ncols of [MAX_U16_DIMENSION, MAX_U16_DIMENSION + 1]) {
    const csr = triplesToCsr(makeTriples(1, ncols, [[0, ncols - 1, 1]]));
    assert.equal(csr.colIdx[0], ncols - 1);
    assert.equal(csrToCsc(csr).colPtr[ncols], 1);
  }
});
