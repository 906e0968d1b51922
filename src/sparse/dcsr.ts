// Doubly compressed sparse rows: CSR that lists only the rows that hold anything, the twin of DCSC (dcsc.ts).

import { checkCsr } from "./check.ts";
import { checkList, checkSlicesUsed, listSlices, unlistSlices } from "./lists.ts";
import type { CsrMatrix, IndexArray } from "./matrix.ts";

/** Listed row s holds entries rowPtr[s] .. rowPtr[s+1]-1, at least one, column indices strictly rising. */
export interface DcsrMatrix {
  readonly format: "dcsr";
  readonly nrows: number;
  readonly ncols: number;
  /** nnzRows row numbers, strictly rising. */
  readonly rowList: IndexArray;
  /** nnzRows + 1 offsets. */
  readonly rowPtr: Uint32Array;
  /** nnz column indices. */
  readonly colIdx: IndexArray;
  /** nnz values, or 1. */
  readonly values: Float32Array;
}

/** Shares `colIdx` and `values` with the argument. Cost: O(nrows). */
export function csrToDcsr(matrix: CsrMatrix): DcsrMatrix {
  const { nrows, ncols, colIdx, values } = matrix;
  const { list, ptr } = listSlices(matrix.rowPtr);
  return { format: "dcsr", nrows, ncols, rowList: list, rowPtr: ptr, colIdx, values };
}

/** Shares `colIdx` and `values` with the argument. Cost: O(nrows). */
export function dcsrToCsr(matrix: DcsrMatrix): CsrMatrix {
  const { nrows, ncols, colIdx, values } = matrix;
  const rowPtr = unlistSlices({ list: matrix.rowList, ptr: matrix.rowPtr }, nrows);
  return { format: "csr", nrows, ncols, rowPtr, colIdx, values };
}

/** Checks every promise of the record. Rows are named by their place in the list. Cost: O(nnz). @throws ShapeError */
export function checkDcsr(matrix: DcsrMatrix, name: string): void {
  const { ncols, rowList, rowPtr, colIdx, values } = matrix;
  checkList(rowList, matrix.nrows, "row", name);
  checkCsr({ format: "csr", nrows: rowList.length, ncols, rowPtr, colIdx, values }, `${name} (listed rows)`);
  checkSlicesUsed(rowList, rowPtr, "row", name);
}
