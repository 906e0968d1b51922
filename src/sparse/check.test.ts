// Plan: a table of matrices that break one promise each, with the whole text of the error, for CSC and (with rows and
// columns exchanged) for CSR; and the control cases on the allowed side of every limit.

import assert from "node:assert/strict";
import { test } from "node:test";
import { ShapeError } from "../core/errors.ts";
import { checkCsc, checkCsr } from "./check.ts";
import type { CscMatrix, CsrMatrix, IndexArray } from "./matrix.ts";

interface Arrays {
  readonly ptr: number[];
  readonly idx: number[];
  readonly values: number[];
  readonly major?: number;
  readonly minor?: number;
}

// The control case, by columns: column 0 holds rows 0 and 2, column 1 nothing, column 2 row 1; 4 rows.
const GOOD: Arrays = { ptr: [0, 2, 2, 3], idx: [0, 2, 1], values: [1, 2, 3] };

function makeCsc({ ptr, idx, values, major = 3, minor = 4 }: Arrays, wide = false): CscMatrix {
  const rowIdx: IndexArray = wide ? Uint32Array.from(idx) : Uint16Array.from(idx);
  const colPtr = Uint32Array.from(ptr);
  return { format: "csc", nrows: minor, ncols: major, colPtr, rowIdx, values: Float32Array.from(values) };
}

function makeCsr(arrays: Arrays): CsrMatrix {
  const { nrows, ncols, colPtr, rowIdx, values } = makeCsc(arrays);
  return { format: "csr", nrows: ncols, ncols: nrows, rowPtr: colPtr, colIdx: rowIdx, values };
}

const ALLOWED: [string, Arrays][] = [
  ["control", GOOD],
  ["one value for all", { ...GOOD, values: [0.0625] }],
  ["no entries", { ptr: [0, 0, 0, 0], idx: [], values: [] }],
  ["no entries, one value", { ptr: [0, 0, 0, 0], idx: [], values: [1] }],
  ["no columns", { ptr: [0], idx: [], values: [], major: 0 }],
  ["no rows", { ptr: [0, 0, 0, 0], idx: [], values: [], minor: 0 }],
  ["the last row", { ...GOOD, idx: [0, 3, 3] }],
  ["explicit zeros", { ...GOOD, values: [0, -0, 0] }],
  ["the largest float", { ...GOOD, values: [3.4028234663852886e38, 1e-45, -1] }],
  ["a full column", { ptr: [0, 4], idx: [0, 1, 2, 3], values: [1], major: 1 }],
];

// Text for CSC; CSR says the same with the words exchanged.
const BROKEN: [string, Arrays, string][] = [
  ["too few pointers", { ...GOOD, ptr: [0, 2, 3] }, "W: 3 column pointers, expected 4"],
  ["too many pointers", { ...GOOD, ptr: [0, 2, 2, 3, 3] }, "W: 5 column pointers, expected 4"],
  ["no pointers", { ...GOOD, ptr: [] }, "W: 0 column pointers, expected 4"],
  ["first pointer", { ...GOOD, ptr: [1, 2, 2, 3] }, "W: column pointers run from 1 to 3, expected 0 to 3"],
  ["last pointer low", { ...GOOD, ptr: [0, 2, 2, 2] }, "W: column pointers run from 0 to 2, expected 0 to 3"],
  ["last pointer high", { ...GOOD, ptr: [0, 2, 2, 4] }, "W: column pointers run from 0 to 4, expected 0 to 3"],
  ["too few values", { ...GOOD, values: [1, 2] }, "W: 2 values, expected 3 or 1"],
  ["no values", { ...GOOD, values: [] }, "W: 0 values, expected 3 or 1"],
  ["too many values", { ...GOOD, values: [1, 2, 3, 4] }, "W: 4 values, expected 3 or 1"],
  ["falling pointers", { ...GOOD, ptr: [0, 2, 1, 3] }, "W: column 1 ends at entry 1, expected 2 to 3"],
  ["a pointer beyond", { ...GOOD, ptr: [0, 9, 9, 3] }, "W: column 0 ends at entry 9, expected 0 to 3"],
  ["index = size", { ...GOOD, idx: [0, 4, 1] }, "W: column 0 has row index 4, expected below 4"],
  ["index of 16 bits", { ...GOOD, idx: [0, 65535, 1] }, "W: column 0 has row index 65535, expected below 4"],
  ["an index where there are no rows", { ...GOOD, minor: 0 }, "W: column 0 has row index 0, expected below 0"],
  ["falling indices", { ...GOOD, idx: [2, 0, 1] }, "W: column 0 has row 0 after 2, expected rising"],
  ["equal indices", { ...GOOD, idx: [2, 2, 1] }, "W: column 0 has row 2 after 2, expected rising"],
  ["NaN", { ...GOOD, values: [1, Number.NaN, 3] }, "W: value 1 is NaN, expected a finite number"],
  ["infinity", { ...GOOD, values: [1, 2, 1 / 0] }, "W: value 2 is Infinity, expected a finite number"],
  ["float overflow", { ...GOOD, values: [-1e39] }, "W: value 0 is -Infinity, expected a finite number"],
];

function exchangeWords(text: string): string {
  return text.replace(/row|column/g, (word) => (word === "row" ? "column" : "row"));
}

test("matrices that keep every promise pass, with narrow and wide indices", () => {
  for (const [what, arrays] of ALLOWED) {
    assert.doesNotThrow(() => checkCsc(makeCsc(arrays), "W"), what);
    assert.doesNotThrow(() => checkCsc(makeCsc(arrays, true), "W"), what);
    assert.doesNotThrow(() => checkCsr(makeCsr(arrays), "W"), what);
  }
});

test("each broken promise has its own error, by columns and by rows", () => {
  for (const [what, arrays, text] of BROKEN) {
    assert.throws(() => checkCsc(makeCsc(arrays), "W"), new ShapeError(text), what);
    assert.throws(() => checkCsr(makeCsr(arrays), "W"), new ShapeError(exchangeWords(text)), what);
  }
});

/** One column of four billion rows and more, where 32-bit arithmetic would take falling indices for rising ones. */
test("indices of 32 bits that do not rise are found whatever their size", () => {
  const table: [idx: number[], minor: number, text: string | null][] = [
    [[2e9, 4e9, 0], 2 ** 31 - 1, "W: column 0 has row index 4000000000, expected below 2147483647"],
    [[4e9, 1], 2 ** 31 - 1, "W: column 0 has row index 4000000000, expected below 2147483647"],
    [[1, 2 ** 31 - 1], 2 ** 31 - 1, "W: column 0 has row index 2147483647, expected below 2147483647"],
    [[0, 2 ** 31 - 2], 2 ** 31 - 1, null],
    [[2e9, 4e9, 0], 2 ** 32 - 2, "W: column 0 has row 0 after 4000000000, expected rising"],
    [[2e9, 4e9, 2 ** 32 - 2], 2 ** 32 - 2, "W: column 0 has row index 4294967294, expected below 4294967294"],
    [[0, 2e9, 4e9], 2 ** 32 - 2, null],
  ];
  for (const [idx, minor, text] of table) {
    const check = (): void => checkCsc(makeCsc({ ptr: [0, idx.length], idx, values: [1], major: 1, minor }, true), "W");
    if (text === null) assert.doesNotThrow(check);
    else assert.throws(check, new ShapeError(text));
  }
});
