// Plan: every format from random canonical CSR and back is the identical record, and passes its check; from each format
// to each other one; the lists hold exactly what is not empty; bytes are those of the arrays; a table of records that break
// one promise each, with the whole text of the error. Sizes are those at which index widths and lists have their edges.

import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { ShapeError } from "../core/errors.ts";
import { denseToCsr, shortenValues } from "./convert.ts";
import {
  arraysOf,
  bytesOfMatrix,
  checkMatrix,
  type Matrix,
  MATRIX_FORMATS,
  toCsc,
  toCsr,
  toFormat,
} from "./formats.ts";
import { type CsrMatrix, makeIndexArray } from "./matrix.ts";

fc.configureGlobal({ seed: 1 });

const SIZES = [0, 1, 3, 4, 5, 15, 16, 17] as const;

/** Rows and columns are empty often; values may be zero only when `zeros` (dense formats forget stored zeros). */
function arbitraryCsr(zeros: boolean): fc.Arbitrary<CsrMatrix> {
  return fc
    .record({ nrows: fc.constantFrom(...SIZES), ncols: fc.constantFrom(...SIZES), uniform: fc.boolean() })
    .chain(({ nrows, ncols, uniform }) =>
      fc
        .tuple(
          fc.uniqueArray(fc.nat(Math.max(0, nrows * ncols - 1)), { maxLength: nrows * ncols === 0 ? 0 : 40 }),
          fc.array(fc.integer({ min: -8, max: 8 }), { minLength: 40, maxLength: 40 }),
        )
        .map(([places, numbers]) => {
          const sorted = places.toSorted((a, b) => a - b);
          const rowPtr = new Uint32Array(nrows + 1);
          const colIdx = makeIndexArray(sorted.length, ncols);
          sorted.forEach((place, p) => {
            rowPtr[Math.floor(place / ncols) + 1]++;
            colIdx[p] = place % ncols;
          });
          for (let i = 0; i < nrows; i++) rowPtr[i + 1] += rowPtr[i];
          const values = Float32Array.from(sorted, (_, p) => {
            const value = uniform ? 2 : numbers[p] / 4;
            return value === 0 && !zeros ? 1 : value;
          });
          return { format: "csr", nrows, ncols, rowPtr, colIdx, values: shortenValues(values) } as const;
        }),
    );
}

test("every format passes its check and gives the identical CSR back", () => {
  for (const format of MATRIX_FORMATS) {
    const isDense = format.startsWith("dense");
    fc.assert(
      fc.property(arbitraryCsr(!isDense), (csr) => {
        const matrix = toFormat(csr, format);
        assert.equal(matrix.format, format);
        checkMatrix(matrix, format);
        assert.deepEqual(toCsr(matrix), csr, format);
        assert.deepEqual(toFormat(toCsc(matrix), format), matrix, `${format} by way of CSC`);
      }),
    );
  }
});

test("every format to every other is the format made directly", () => {
  fc.assert(
    fc.property(arbitraryCsr(false), (csr) => {
      for (const from of MATRIX_FORMATS) {
        const matrix = toFormat(csr, from);
        for (const to of MATRIX_FORMATS) {
          assert.deepEqual(toFormat(matrix, to), toFormat(csr, to), `${from} to ${to}`);
        }
      }
    }),
    { numRuns: 60 },
  );
});

test("lists hold exactly the rows and columns that have entries", () => {
  fc.assert(
    fc.property(arbitraryCsr(true), (csr) => {
      const { rows, cols } = toFormat(csr, "coo");
      const usedRows = [...new Set(rows)].toSorted((a, b) => a - b);
      const usedCols = [...new Set(cols)].toSorted((a, b) => a - b);
      assert.deepEqual([...toFormat(csr, "dcsr").rowList], usedRows);
      assert.deepEqual([...toFormat(csr, "dcsc").colList], usedCols);
      for (const format of ["tcsc", "tcsr"] as const) {
        const { rowList, colList } = toFormat(csr, format);
        assert.deepEqual([[...rowList], [...colList]], [usedRows, usedCols], format);
      }
    }),
  );
});

test("dense orders are as their names say", () => {
  const csr = denseToCsr(Float32Array.of(1, 2, 3, 4, 5, 6), 2, 3);
  assert.deepEqual([...toFormat(csr, "dense-row").values], [1, 2, 3, 4, 5, 6]);
  assert.deepEqual([...toFormat(csr, "dense-column").values], [1, 4, 2, 5, 3, 6]);
});

test("indices are narrow up to 65536 and wide above; bytes are those of the arrays", () => {
  for (const [ncols, width] of [
    [65_536, 2],
    [65_537, 4],
  ] as const) {
    const csr: CsrMatrix = {
      format: "csr",
      nrows: 2,
      ncols,
      rowPtr: Uint32Array.of(0, 1, 2),
      colIdx: makeIndexArray(2, ncols).map((_, p) => (p === 0 ? 0 : ncols - 1)),
      values: Float32Array.of(1, 2),
    };
    for (const format of ["coo", "csr", "dcsr", "dcsc", "tcsc", "tcsr"] as const) {
      const matrix = toFormat(csr, format);
      checkMatrix(matrix, format);
      assert.deepEqual(toCsr(matrix), csr, format);
    }
    assert.equal(bytesOfMatrix(csr), 3 * 4 + 2 * width + 2 * 4);
    // Two listed rows and columns of 2 bytes and `width`; three offsets; indices below 2; two values.
    assert.equal(bytesOfMatrix(toFormat(csr, "tcsr")), 2 * 2 + 3 * 4 + 2 * width + 2 * 2 + 2 * 4);
    assert.equal(toFormat(csr, "dcsc").colList.BYTES_PER_ELEMENT, width);
  }
});

test("arrays are listed by name for every format", () => {
  const csr = denseToCsr(Float32Array.of(1, 0, 0, 2), 2, 2);
  for (const format of MATRIX_FORMATS) {
    const matrix = toFormat(csr, format);
    const arrays = Object.entries(matrix).filter(([, value]) => typeof value === "object");
    assert.deepEqual(new Map(arraysOf(matrix)), new Map(arrays), format);
  }
});

// The control: row 1 holds columns 0 and 3, row 3 holds column 3; 5 x 4.
const CONTROL: CsrMatrix = {
  format: "csr",
  nrows: 5,
  ncols: 4,
  rowPtr: Uint32Array.of(0, 0, 2, 2, 3, 3),
  colIdx: Uint16Array.of(0, 3, 3),
  values: Float32Array.of(1, 2, 3),
};
const dcsr = toFormat(CONTROL, "dcsr");
const dcsc = toFormat(CONTROL, "dcsc");
const tcsr = toFormat(CONTROL, "tcsr");
const tcsc = toFormat(CONTROL, "tcsc");
const coo = toFormat(CONTROL, "coo");
const denseRow = toFormat(CONTROL, "dense-row");
const denseColumn = toFormat(CONTROL, "dense-column");
const u16 = (...list: number[]): Uint16Array => Uint16Array.from(list);
const u32 = (...list: number[]): Uint32Array => Uint32Array.from(list);

const BROKEN: readonly (readonly [Matrix, string])[] = [
  [{ ...dcsr, rowList: u16(1, 5) }, "W: listed row 1 is row 5, expected below 5"],
  [{ ...dcsr, rowList: u16(3, 1) }, "W: listed row 1 is row 1 after 3, expected rising"],
  [{ ...dcsr, rowList: u16(1, 1) }, "W: listed row 1 is row 1 after 1, expected rising"],
  [{ ...dcsr, rowList: u16(1) }, "W (listed rows): 3 row pointers, expected 2"],
  [{ ...dcsr, rowList: u16(1, 2, 3) }, "W (listed rows): 3 row pointers, expected 4"],
  [
    { ...dcsr, rowList: u16(1, 2, 3), rowPtr: u32(0, 2, 2, 3) },
    "W: row 2 is listed and has no entries, expected at least 1",
  ],
  [{ ...dcsr, colIdx: u16(0, 4, 3) }, "W (listed rows): row 0 has column index 4, expected below 4"],
  [{ ...dcsr, rowPtr: u32(0, 2, 4) }, "W (listed rows): row pointers run from 0 to 4, expected 0 to 3"],
  [{ ...dcsr, values: Float32Array.of(1, 2) }, "W (listed rows): 2 values, expected 3 or 1"],
  [{ ...dcsc, colList: u16(0, 4) }, "W: listed column 1 is column 4, expected below 4"],
  [{ ...dcsc, colList: u16(3, 0) }, "W: listed column 1 is column 0 after 3, expected rising"],
  [
    { ...dcsc, colList: u16(0, 2, 3), colPtr: u32(0, 1, 1, 3) },
    "W: column 2 is listed and has no entries, expected at least 1",
  ],
  [{ ...dcsc, rowIdx: u16(1, 5, 3) }, "W (listed columns): column 1 has row index 5, expected below 5"],
  [{ ...dcsc, rowIdx: u16(1, 3, 1) }, "W (listed columns): column 1 has row 1 after 3, expected rising"],
  [{ ...tcsr, colList: u16(0, 4) }, "W: listed column 1 is column 4, expected below 4"],
  [{ ...tcsr, colList: u16(0) }, "W (listed rows and columns): row 0 has column index 1, expected below 1"],
  [
    { ...tcsr, colList: u16(0, 2, 3), colIdx: u16(0, 2, 2) },
    "W: column 2 is listed and has no entries, expected at least 1",
  ],
  [{ ...tcsr, rowList: u16(3, 3) }, "W: listed row 1 is row 3 after 3, expected rising"],
  [{ ...tcsc, rowList: u16(3, 1) }, "W: listed row 1 is row 1 after 3, expected rising"],
  [{ ...tcsc, rowList: u16(1, 3, 4) }, "W: row 4 is listed and has no entries, expected at least 1"],
  [{ ...tcsc, rowIdx: u16(0, 0, 2) }, "W (listed columns and rows): column 1 has row index 2, expected below 2"],
  [
    { ...tcsc, values: Float32Array.of(1, 2, 1 / 0) },
    "W (listed columns and rows): value 2 is Infinity, expected a finite number",
  ],
  [{ ...coo, cols: u16(0, 3) }, "W: 2 column indices, expected 3"],
  [{ ...coo, values: new Float32Array(0) }, "W: 0 values, expected 3 or 1"],
  [{ ...coo, rows: u16(1, 1, 5) }, "W: entry 2 is at row 5, column 3, expected below 5 and 4"],
  [{ ...coo, cols: u16(0, 4, 3) }, "W: entry 1 is at row 1, column 4, expected below 5 and 4"],
  [
    { ...coo, cols: u16(3, 0, 3) },
    "W: entry 1 at row 1, column 0 after row 1, column 3, expected rising by row, then column",
  ],
  [
    { ...coo, rows: u16(3, 1, 3) },
    "W: entry 1 at row 1, column 3 after row 3, column 0, expected rising by row, then column",
  ],
  [
    { ...coo, cols: u16(3, 3, 3) },
    "W: entry 1 at row 1, column 3 after row 1, column 3, expected rising by row, then column",
  ],
  [{ ...coo, values: Float32Array.of(1, Number.NaN, 2) }, "W: value 1 is NaN, expected a finite number"],
  [{ ...denseRow, values: new Float32Array(19) }, "W: 19 values, expected 5 x 4 = 20"],
  [{ ...denseColumn, values: new Float32Array(21) }, "W: 21 values, expected 5 x 4 = 20"],
  [{ ...denseRow, values: denseRow.values.with(7, Number.NaN) }, "W: value 7 is NaN, expected a finite number"],
  [{ ...denseColumn, values: denseColumn.values.with(0, -1 / 0) }, "W: value 0 is -Infinity, expected a finite number"],
];

test("each broken promise has its own error", () => {
  for (const format of MATRIX_FORMATS) assert.doesNotThrow(() => checkMatrix(toFormat(CONTROL, format), "W"));
  for (const [matrix, text] of BROKEN) {
    assert.throws(() => checkMatrix(matrix, "W"), new ShapeError(text), text);
  }
});

test("dense columns with NaN are refused on their way to CSC", () => {
  assert.throws(() => toCsc({ ...denseColumn, values: denseColumn.values.with(3, Number.NaN) }), ShapeError);
});
