// The checks at the door: after them inner loops trust every pointer and index.

import { ShapeError } from "../core/errors.ts";
import type { CscMatrix, CsrMatrix, IndexArray } from "./matrix.ts";

/**
 * Checks every promise of the CSC record: lengths, rising pointers, indices in range and strictly rising, finite values.
 * Cost: O(nnz). @throws ShapeError naming `name`, the place, what was found and what was expected.
 */
export function checkCsc(matrix: CscMatrix, name: string): void {
  checkCompressed(matrix.colPtr, matrix.rowIdx, matrix.values, matrix.ncols, matrix.nrows, "column", "row", name);
}

/** The same for CSR. @throws ShapeError */
export function checkCsr(matrix: CsrMatrix, name: string): void {
  checkCompressed(matrix.rowPtr, matrix.colIdx, matrix.values, matrix.nrows, matrix.ncols, "row", "column", name);
}

function checkCompressed(
  ptr: Uint32Array,
  idx: IndexArray,
  values: Float32Array,
  major: number,
  minor: number,
  majorWord: string,
  minorWord: string,
  name: string,
): void {
  if (ptr.length !== major + 1) {
    throw new ShapeError(`${name}: ${ptr.length} ${majorWord} pointers, expected ${major + 1}`);
  }
  if (ptr[0] !== 0 || ptr[major] !== idx.length) {
    throw new ShapeError(
      `${name}: ${majorWord} pointers run from ${ptr[0]} to ${ptr[major]}, expected 0 to ${idx.length}`,
    );
  }
  if (values.length !== idx.length && values.length !== 1) {
    throw new ShapeError(`${name}: ${values.length} values, expected ${idx.length} or 1`);
  }
  for (let k = 0; k < major; k++) {
    const end = ptr[k + 1];
    if (end < ptr[k] || end > idx.length) {
      throw new ShapeError(`${name}: ${majorWord} ${k} ends at entry ${end}, expected ${ptr[k]} to ${idx.length}`);
    }
    let previous = -1;
    for (let p = ptr[k]; p < end; p++) {
      const index = idx[p];
      if (index >= minor) {
        throw new ShapeError(`${name}: ${majorWord} ${k} has ${minorWord} index ${index}, expected below ${minor}`);
      }
      if (index <= previous) {
        throw new ShapeError(`${name}: ${majorWord} ${k} has ${minorWord} ${index} after ${previous}, expected rising`);
      }
      previous = index;
    }
  }
  for (let p = 0; p < values.length; p++) {
    if (!Number.isFinite(values[p]))
      throw new ShapeError(`${name}: value ${p} is ${values[p]}, expected a finite number`);
  }
}
