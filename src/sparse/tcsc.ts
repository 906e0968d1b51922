// Triply compressed sparse columns: DCSC whose rows are renumbered as well, so that both dimensions hold only what is
// used: a vector over the listed rows, such as a SPA, has no gaps. Source: Hasanzadeh Mofrad, Melhem, Ahmad, Hammoud,
// "Efficient distributed graph analytics using triply compressed sparse format", IEEE CLUSTER 2019.

import { checkCsc } from "./check.ts";
import { type DcscMatrix, cscToDcsc, dcscToCsc } from "./dcsc.ts";
import { checkIndicesUsed, checkList, checkSlicesUsed, listIndices, unlistIndices } from "./lists.ts";
import type { CscMatrix, IndexArray } from "./matrix.ts";

/** As DCSC, with row index r standing for row rowList[r]. */
export interface TcscMatrix extends Omit<DcscMatrix, "format"> {
  readonly format: "tcsc";
  /** nnzRows row numbers, strictly rising; each has an entry. */
  readonly rowList: IndexArray;
}

/** Shares `values` with the argument. Cost: O(nnz + nrows + ncols). */
export function cscToTcsc(matrix: CscMatrix): TcscMatrix {
  const { list, idx } = listIndices(matrix.rowIdx, matrix.nrows);
  return { ...cscToDcsc(matrix), format: "tcsc", rowList: list, rowIdx: idx };
}

/** Shares `values` with the argument. Cost: O(nnz + ncols). */
export function tcscToCsc(matrix: TcscMatrix): CscMatrix {
  const { nrows, ncols, colList, colPtr, rowList, values } = matrix;
  const rowIdx = unlistIndices({ list: rowList, idx: matrix.rowIdx }, nrows);
  return dcscToCsc({ format: "dcsc", nrows, ncols, colList, colPtr, rowIdx, values });
}

/** Checks every promise of the record; rows and columns of entries are named by their places in the lists. @throws ShapeError */
export function checkTcsc(matrix: TcscMatrix, name: string): void {
  const { colList, colPtr, rowList, rowIdx, values } = matrix;
  checkList(colList, matrix.ncols, "column", name);
  checkList(rowList, matrix.nrows, "row", name);
  const listed = { format: "csc", nrows: rowList.length, ncols: colList.length, colPtr, rowIdx, values } as const;
  checkCsc(listed, `${name} (listed columns and rows)`);
  checkSlicesUsed(colList, colPtr, "column", name);
  checkIndicesUsed(rowList, rowIdx, "row", name);
}
