// All formats of a matrix as one discriminated union, and what can be asked of each: check it, turn it into another, count its
// bytes. docs/formats.md shows one matrix in each. A new format is found by following the compiler's complaints here.

import { assertNever } from "../core/errors.ts";
import { checkCsc, checkCsr } from "./check.ts";
import { checkCoo, type CooMatrix, cooToCsr, csrToCoo } from "./coo.ts";
import { cscToCsr, csrToCsc } from "./convert.ts";
import { checkDcsc, cscToDcsc, type DcscMatrix, dcscToCsc } from "./dcsc.ts";
import { checkDcsr, csrToDcsr, type DcsrMatrix, dcsrToCsr } from "./dcsr.ts";
import { checkDenseColumn, cscToDenseColumn, type DenseColumnMatrix, denseColumnToCsc } from "./dense-column.ts";
import { checkDenseRow, csrToDenseRow, type DenseRowMatrix, denseRowToCsr } from "./dense-row.ts";
import type { CscMatrix, CsrMatrix } from "./matrix.ts";
import { checkTcsc, cscToTcsc, type TcscMatrix, tcscToCsc } from "./tcsc.ts";
import { checkTcsr, csrToTcsr, type TcsrMatrix, tcsrToCsr } from "./tcsr.ts";

export const MATRIX_FORMATS = [
  "dense-column",
  "dense-row",
  "coo",
  "csc",
  "dcsc",
  "tcsc",
  "csr",
  "dcsr",
  "tcsr",
] as const;
export type MatrixFormat = (typeof MATRIX_FORMATS)[number];

export type Matrix =
  | DenseColumnMatrix
  | DenseRowMatrix
  | CooMatrix
  | CscMatrix
  | DcscMatrix
  | TcscMatrix
  | CsrMatrix
  | DcsrMatrix
  | TcsrMatrix;

/** The record of one format. */
export type MatrixOf<F extends MatrixFormat> = Extract<Matrix, { readonly format: F }>;

/** Checks every promise of the matrix. @throws ShapeError naming `name`, the place, what was found and expected. */
export function checkMatrix(matrix: Matrix, name: string): void {
  switch (matrix.format) {
    case "dense-column":
      return checkDenseColumn(matrix, name);
    case "dense-row":
      return checkDenseRow(matrix, name);
    case "coo":
      return checkCoo(matrix, name);
    case "csc":
      return checkCsc(matrix, name);
    case "dcsc":
      return checkDcsc(matrix, name);
    case "tcsc":
      return checkTcsc(matrix, name);
    case "csr":
      return checkCsr(matrix, name);
    case "dcsr":
      return checkDcsr(matrix, name);
    case "tcsr":
      return checkTcsr(matrix, name);
    default:
      return assertNever(matrix, "matrix format");
  }
}

/** The same entries by columns; arrays may be shared with the argument. Dense formats give what is not zero. */
export function toCsc(matrix: Matrix): CscMatrix {
  switch (matrix.format) {
    case "csc":
      return matrix;
    case "dense-column":
      return denseColumnToCsc(matrix);
    case "dcsc":
      return dcscToCsc(matrix);
    case "tcsc":
      return tcscToCsc(matrix);
    case "dense-row":
    case "coo":
    case "csr":
    case "dcsr":
    case "tcsr":
      return csrToCsc(toCsr(matrix));
    default:
      return assertNever(matrix, "matrix format");
  }
}

/** The same entries by rows; arrays may be shared with the argument. Dense formats give what is not zero. */
export function toCsr(matrix: Matrix): CsrMatrix {
  switch (matrix.format) {
    case "csr":
      return matrix;
    case "dense-row":
      return denseRowToCsr(matrix);
    case "coo":
      return cooToCsr(matrix);
    case "dcsr":
      return dcsrToCsr(matrix);
    case "tcsr":
      return tcsrToCsr(matrix);
    case "dense-column":
    case "csc":
    case "dcsc":
    case "tcsc":
      return cscToCsr(toCsc(matrix));
    default:
      return assertNever(matrix, "matrix format");
  }
}

const CONVERTERS: { readonly [F in MatrixFormat]: (matrix: Matrix) => MatrixOf<F> } = {
  "dense-column": (matrix) => cscToDenseColumn(toCsc(matrix)),
  "dense-row": (matrix) => csrToDenseRow(toCsr(matrix)),
  coo: (matrix) => csrToCoo(toCsr(matrix)),
  csc: toCsc,
  dcsc: (matrix) => cscToDcsc(toCsc(matrix)),
  tcsc: (matrix) => cscToTcsc(toCsc(matrix)),
  csr: toCsr,
  dcsr: (matrix) => csrToDcsr(toCsr(matrix)),
  tcsr: (matrix) => csrToTcsr(toCsr(matrix)),
};

/** The same entries in `format`; arrays may be shared with the argument. */
export function toFormat<F extends MatrixFormat>(matrix: Matrix, format: F): MatrixOf<F> {
  return CONVERTERS[format](matrix);
}

/** The arrays of a matrix by name, in the order in which its format is explained. */
export function arraysOf(matrix: Matrix): readonly (readonly [string, Uint16Array | Uint32Array | Float32Array])[] {
  switch (matrix.format) {
    case "dense-column":
    case "dense-row":
      return [["values", matrix.values]];
    case "coo":
      return named(matrix, ["rows", "cols", "values"]);
    case "csc":
      return named(matrix, ["colPtr", "rowIdx", "values"]);
    case "dcsc":
      return named(matrix, ["colList", "colPtr", "rowIdx", "values"]);
    case "tcsc":
      return named(matrix, ["colList", "colPtr", "rowList", "rowIdx", "values"]);
    case "csr":
      return named(matrix, ["rowPtr", "colIdx", "values"]);
    case "dcsr":
      return named(matrix, ["rowList", "rowPtr", "colIdx", "values"]);
    case "tcsr":
      return named(matrix, ["rowList", "rowPtr", "colList", "colIdx", "values"]);
    default:
      return assertNever(matrix, "matrix format");
  }
}

function named<K extends string>(
  matrix: Readonly<Record<K, Uint16Array | Uint32Array | Float32Array>>,
  names: readonly K[],
): readonly (readonly [string, Uint16Array | Uint32Array | Float32Array])[] {
  return names.map((name) => [name, matrix[name]] as const);
}

/** Bytes of all arrays of the matrix. */
export function bytesOfMatrix(matrix: Matrix): number {
  return arraysOf(matrix).reduce((sum, [, array]) => sum + array.byteLength, 0);
}
