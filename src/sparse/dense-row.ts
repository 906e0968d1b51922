// Dense by rows: every value stored, one row after the other. "Uncompressed dense row" in the reference system.

import { ShapeError } from "../core/errors.ts";
import { denseToCsr } from "./convert.ts";
import { type CsrMatrix, entryValue } from "./matrix.ts";

export interface DenseRowMatrix {
  readonly format: "dense-row";
  readonly nrows: number;
  readonly ncols: number;
  /** nrows x ncols, row-major. */
  readonly values: Float32Array;
}

/** Cost: O(nrows x ncols). */
export function csrToDenseRow(matrix: CsrMatrix): DenseRowMatrix {
  const { nrows, ncols, rowPtr, colIdx } = matrix;
  const values = new Float32Array(nrows * ncols);
  for (let i = 0; i < nrows; i++) {
    for (let p = rowPtr[i]; p < rowPtr[i + 1]; p++) values[i * ncols + colIdx[p]] = entryValue(matrix, p);
  }
  return { format: "dense-row", nrows, ncols, values };
}

/** The values that are not zero: explicit zeros of a sparse matrix do not come back. @throws ShapeError as denseToCsr */
export function denseRowToCsr({ values, nrows, ncols }: DenseRowMatrix): CsrMatrix {
  return denseToCsr(values, nrows, ncols);
}

/** @throws ShapeError on a wrong length, NaN or infinity. */
export function checkDenseRow({ values, nrows, ncols }: DenseRowMatrix, name: string): void {
  checkDenseValues(values, nrows, ncols, name);
}

/** The same for either order. @throws ShapeError */
export function checkDenseValues(values: Float32Array, nrows: number, ncols: number, name: string): void {
  if (values.length !== nrows * ncols) {
    throw new ShapeError(`${name}: ${values.length} values, expected ${nrows} x ${ncols} = ${nrows * ncols}`);
  }
  for (let p = 0; p < values.length; p++) {
    if (!Number.isFinite(values[p])) {
      throw new ShapeError(`${name}: value ${p} is ${values[p]}, expected a finite number`);
    }
  }
}
