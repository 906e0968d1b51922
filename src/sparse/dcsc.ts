// Doubly compressed sparse columns: CSC that lists only the columns that hold anything. It pays where most columns are
// empty (hypersparse: fewer entries than columns). Source: Buluc and Gilbert, "On the representation and multiplication
// of hypersparse matrices", 2008; their JC, CP, IR, NUM are colList, colPtr, rowIdx, values here.

import { checkCsc } from "./check.ts";
import { checkList, checkSlicesUsed, listSlices, unlistSlices } from "./lists.ts";
import type { CscMatrix, IndexArray } from "./matrix.ts";

/** Listed column s holds entries colPtr[s] .. colPtr[s+1]-1, at least one, row indices strictly rising. */
export interface DcscMatrix {
  readonly format: "dcsc";
  readonly nrows: number;
  readonly ncols: number;
  /** nnzCols column numbers, strictly rising. */
  readonly colList: IndexArray;
  /** nnzCols + 1 offsets. */
  readonly colPtr: Uint32Array;
  /** nnz row indices. */
  readonly rowIdx: IndexArray;
  /** nnz values, or 1. */
  readonly values: Float32Array;
}

/** Shares `rowIdx` and `values` with the argument. Cost: O(ncols). */
export function cscToDcsc(matrix: CscMatrix): DcscMatrix {
  const { nrows, ncols, rowIdx, values } = matrix;
  const { list, ptr } = listSlices(matrix.colPtr);
  return { format: "dcsc", nrows, ncols, colList: list, colPtr: ptr, rowIdx, values };
}

/** Shares `rowIdx` and `values` with the argument. Cost: O(ncols). */
export function dcscToCsc(matrix: DcscMatrix): CscMatrix {
  const { nrows, ncols, rowIdx, values } = matrix;
  const colPtr = unlistSlices({ list: matrix.colList, ptr: matrix.colPtr }, ncols);
  return { format: "csc", nrows, ncols, colPtr, rowIdx, values };
}

/** Checks every promise of the record. Columns are named by their place in the list. Cost: O(nnz). @throws ShapeError */
export function checkDcsc(matrix: DcscMatrix, name: string): void {
  const { nrows, colList, colPtr, rowIdx, values } = matrix;
  checkList(colList, matrix.ncols, "column", name);
  checkCsc({ format: "csc", nrows, ncols: colList.length, colPtr, rowIdx, values }, `${name} (listed columns)`);
  checkSlicesUsed(colList, colPtr, "column", name);
}
