// The checks at the door: after them inner loops trust every pointer and index.

import { InvariantError, ShapeError } from "../core/errors.ts";
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
  }
  if (!haveRisingIndices(ptr, idx, minor)) throwWrongIndex(ptr, idx, minor, majorWord, minorWord, name);
  for (let p = 0; p < values.length; p++) {
    if (!Number.isFinite(values[p]))
      throw new ShapeError(`${name}: value ${p} is ${values[p]}, expected a finite number`);
  }
}

const MAX_INT32 = 0x7fff_ffff;

/**
 * True when indices rise strictly within each slice, below `minor`. Requires: pointers that rise and end within `idx`.
 * Cost: O(nnz), without a branch an entry.
 */
export function haveRisingIndices(ptr: Uint32Array, idx: IndexArray, minor: number): boolean {
  if (minor > MAX_INT32) return haveRisingWideIndices(ptr, idx, minor);
  // An index above 31 bits, a difference below 1 and a last (so largest) index from `minor` on each set the sign bit.
  let bits = 0;
  for (let k = 0; k + 1 < ptr.length; k++) {
    let previous = -1;
    const end = ptr[k + 1];
    for (let p = ptr[k]; p < end; p++) {
      const index = idx[p];
      bits |= index | (index - previous - 1);
      previous = index;
    }
    bits |= minor - 1 - previous;
  }
  return bits >= 0;
}

function haveRisingWideIndices(ptr: Uint32Array, idx: IndexArray, minor: number): boolean {
  for (let k = 0; k + 1 < ptr.length; k++) {
    for (let p = ptr[k]; p < ptr[k + 1]; p++) {
      if (idx[p] >= minor || (p > ptr[k] && idx[p] <= idx[p - 1])) return false;
    }
  }
  return true;
}

function throwWrongIndex(
  ptr: Uint32Array,
  idx: IndexArray,
  minor: number,
  majorWord: string,
  minorWord: string,
  name: string,
): never {
  for (let k = 0; k + 1 < ptr.length; k++) {
    let previous = -1;
    for (let p = ptr[k]; p < ptr[k + 1]; p++) {
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
  throw new InvariantError(`${name}: a wrong index was seen and not found again`);
}
