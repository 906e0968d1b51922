// Coordinates: row, column and value of every entry. `Triples` (convert.ts) are the same arrays without promises; this
// record is canonical: rising by row, then column, no place twice.

import { ShapeError } from "../core/errors.ts";
import { toTriples, triplesToCsr } from "./convert.ts";
import type { CsrMatrix, IndexArray } from "./matrix.ts";

export interface CooMatrix {
  readonly format: "coo";
  readonly nrows: number;
  readonly ncols: number;
  /** nnz row indices, never falling. */
  readonly rows: IndexArray;
  /** nnz column indices, rising within a row. */
  readonly cols: IndexArray;
  /** nnz values, or 1. */
  readonly values: Float32Array;
}

/** Shares `colIdx` and `values` with the argument. Cost: O(nnz + nrows). */
export function csrToCoo(matrix: CsrMatrix): CooMatrix {
  return { format: "coo", ...toTriples(matrix) };
}

/** Cost: O(nnz + nrows). */
export function cooToCsr(matrix: CooMatrix): CsrMatrix {
  return triplesToCsr(matrix);
}

/** Checks every promise of the record. Cost: O(nnz). @throws ShapeError */
export function checkCoo({ nrows, ncols, rows, cols, values }: CooMatrix, name: string): void {
  const nnz = rows.length;
  if (cols.length !== nnz) throw new ShapeError(`${name}: ${cols.length} column indices, expected ${nnz}`);
  if (values.length !== nnz && values.length !== 1) {
    throw new ShapeError(`${name}: ${values.length} values, expected ${nnz} or 1`);
  }
  for (let p = 0; p < nnz; p++) {
    if (rows[p] >= nrows || cols[p] >= ncols) {
      throw new ShapeError(
        `${name}: entry ${p} is at row ${rows[p]}, column ${cols[p]}, expected below ${nrows} and ${ncols}`,
      );
    }
    if (p > 0 && (rows[p] < rows[p - 1] || (rows[p] === rows[p - 1] && cols[p] <= cols[p - 1]))) {
      const before = `row ${rows[p - 1]}, column ${cols[p - 1]}`;
      throw new ShapeError(
        `${name}: entry ${p} at row ${rows[p]}, column ${cols[p]} after ${before}, expected rising by row, then column`,
      );
    }
  }
  for (let p = 0; p < values.length; p++) {
    if (!Number.isFinite(values[p]))
      throw new ShapeError(`${name}: value ${p} is ${values[p]}, expected a finite number`);
  }
}
