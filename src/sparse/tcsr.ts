// Triply compressed sparse rows: DCSR whose columns are renumbered as well, the twin of TCSC (tcsc.ts).

import { checkCsr } from "./check.ts";
import { csrToDcsr, type DcsrMatrix, dcsrToCsr } from "./dcsr.ts";
import { checkIndicesUsed, checkList, checkSlicesUsed, listIndices, unlistIndices } from "./lists.ts";
import type { CsrMatrix, IndexArray } from "./matrix.ts";

/** As DCSR, with column index c standing for column colList[c]. */
export interface TcsrMatrix extends Omit<DcsrMatrix, "format"> {
  readonly format: "tcsr";
  /** nnzCols column numbers, strictly rising; each has an entry. */
  readonly colList: IndexArray;
}

/** Shares `values` with the argument. Cost: O(nnz + nrows + ncols). */
export function csrToTcsr(matrix: CsrMatrix): TcsrMatrix {
  const { list, idx } = listIndices(matrix.colIdx, matrix.ncols);
  return { ...csrToDcsr(matrix), format: "tcsr", colList: list, colIdx: idx };
}

/** Shares `values` with the argument. Cost: O(nnz + nrows). */
export function tcsrToCsr(matrix: TcsrMatrix): CsrMatrix {
  const { nrows, ncols, rowList, rowPtr, colList, values } = matrix;
  const colIdx = unlistIndices({ list: colList, idx: matrix.colIdx }, ncols);
  return dcsrToCsr({ format: "dcsr", nrows, ncols, rowList, rowPtr, colIdx, values });
}

/** Checks every promise of the record; rows and columns of entries are named by their places in the lists. @throws ShapeError */
export function checkTcsr(matrix: TcsrMatrix, name: string): void {
  const { rowList, rowPtr, colList, colIdx, values } = matrix;
  checkList(rowList, matrix.nrows, "row", name);
  checkList(colList, matrix.ncols, "column", name);
  const listed = { format: "csr", nrows: rowList.length, ncols: colList.length, rowPtr, colIdx, values } as const;
  checkCsr(listed, `${name} (listed rows and columns)`);
  checkSlicesUsed(rowList, rowPtr, "row", name);
  checkIndicesUsed(colList, colIdx, "column", name);
}
