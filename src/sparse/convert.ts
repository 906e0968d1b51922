// Ways between triples, CSC, CSR and dense rows. Every result is canonical: indices rising, duplicates added up,
// and `values` shortened to one element where all entries are equal.

import { ShapeError } from "../core/errors.ts";
import { type CscMatrix, type CsrMatrix, entryValue, type IndexArray, makeIndexArray, nnzOf } from "./matrix.ts";

/** Coordinate triples, any order; `values` of one element means that all entries have it. Rows and columns 0-based. */
export interface Triples {
  readonly nrows: number;
  readonly ncols: number;
  readonly rows: IndexArray;
  readonly cols: IndexArray;
  readonly values: Float32Array;
}

/** CSR from triples. Cost: O(nnz + nrows + ncols) time and two index arrays of scratch. */
export function triplesToCsr(triples: Triples): CsrMatrix {
  const { nrows, ncols } = triples;
  const c = compress(triples.rows, triples.cols, triples.values, nrows, ncols);
  return { format: "csr", nrows, ncols, rowPtr: c.ptr, colIdx: c.idx, values: c.values };
}

/** CSC from triples. */
export function triplesToCsc(triples: Triples): CscMatrix {
  const { nrows, ncols } = triples;
  const c = compress(triples.cols, triples.rows, triples.values, ncols, nrows);
  return { format: "csc", nrows, ncols, colPtr: c.ptr, rowIdx: c.idx, values: c.values };
}

/** The same matrix by rows. */
export function cscToCsr(matrix: CscMatrix): CsrMatrix {
  const t = transpose(matrix.colPtr, matrix.rowIdx, matrix.values, matrix.ncols, matrix.nrows);
  return { format: "csr", nrows: matrix.nrows, ncols: matrix.ncols, rowPtr: t.ptr, colIdx: t.idx, values: t.values };
}

/** The same matrix by columns. */
export function csrToCsc(matrix: CsrMatrix): CscMatrix {
  const t = transpose(matrix.rowPtr, matrix.colIdx, matrix.values, matrix.nrows, matrix.ncols);
  return { format: "csc", nrows: matrix.nrows, ncols: matrix.ncols, colPtr: t.ptr, rowIdx: t.idx, values: t.values };
}

/** CSR of the nonzeros of dense rows. Shapes: `dense`: nrows x ncols, row-major. @throws ShapeError on a wrong length, NaN or infinity. */
export function denseToCsr(dense: Float32Array, nrows: number, ncols: number): CsrMatrix {
  if (dense.length !== nrows * ncols) {
    throw new ShapeError(`dense rows: ${dense.length} values, expected ${nrows} x ${ncols} = ${nrows * ncols}`);
  }
  let nnz = 0;
  for (let p = 0; p < dense.length; p++) {
    if (!Number.isFinite(dense[p])) {
      const where = `row ${Math.floor(p / ncols)}, column ${p % ncols}`;
      throw new ShapeError(`dense rows: ${where} is ${dense[p]}, expected a finite number`);
    }
    if (dense[p] !== 0) nnz++;
  }
  const rowPtr = new Uint32Array(nrows + 1);
  const colIdx = makeIndexArray(nnz, ncols);
  const values = new Float32Array(nnz);
  let end = 0;
  for (let i = 0; i < nrows; i++) {
    for (let j = 0; j < ncols; j++) {
      const value = dense[i * ncols + j];
      if (value === 0) continue;
      colIdx[end] = j;
      values[end++] = value;
    }
    rowPtr[i + 1] = end;
  }
  return { format: "csr", nrows, ncols, rowPtr, colIdx, values: shortenValues(values) };
}

/** Rows first .. last-1 of a CSR matrix, copied. */
export function sliceCsrRows(matrix: CsrMatrix, first: number, last: number): CsrMatrix {
  const begin = matrix.rowPtr[first];
  const end = matrix.rowPtr[last];
  const rowPtr = matrix.rowPtr.slice(first, last + 1).map((p) => p - begin);
  const values = matrix.values.length === 1 ? matrix.values : matrix.values.slice(begin, end);
  return {
    format: "csr",
    nrows: last - first,
    ncols: matrix.ncols,
    rowPtr,
    colIdx: matrix.colIdx.slice(begin, end),
    values,
  };
}

/** One row, or a run of rows, as dense row-major float64; for oracles and tests. */
export function copyDenseRows(matrix: CsrMatrix, first: number, last: number): Float64Array {
  const dense = new Float64Array((last - first) * matrix.ncols);
  for (let i = first; i < last; i++) {
    for (let p = matrix.rowPtr[i]; p < matrix.rowPtr[i + 1]; p++) {
      dense[(i - first) * matrix.ncols + matrix.colIdx[p]] = entryValue(matrix, p);
    }
  }
  return dense;
}

/** All entries as triples, in stored order. */
export function toTriples(matrix: CscMatrix | CsrMatrix): Triples {
  const { nrows, ncols, values } = matrix;
  const ptr = matrix.format === "csc" ? matrix.colPtr : matrix.rowPtr;
  const minor = matrix.format === "csc" ? matrix.rowIdx : matrix.colIdx;
  const major = makeIndexArray(nnzOf(matrix), matrix.format === "csc" ? ncols : nrows);
  for (let k = 0; k + 1 < ptr.length; k++) major.fill(k, ptr[k], ptr[k + 1]);
  return matrix.format === "csc"
    ? { nrows, ncols, rows: minor, cols: major, values }
    : { nrows, ncols, rows: major, cols: minor, values };
}

/** One element when all are equal, otherwise the array itself. */
export function shortenValues(values: Float32Array): Float32Array {
  if (values.length < 2) return values;
  const first = values[0];
  for (let p = 1; p < values.length; p++) if (values[p] !== first) return values;
  return values.slice(0, 1);
}

interface Compressed {
  ptr: Uint32Array;
  idx: IndexArray;
  values: Float32Array;
}

/** Two stable counting sorts (minor, then major) leave every major slice in rising minor order. */
function compress(
  major: IndexArray,
  minor: IndexArray,
  values: Float32Array,
  nmajor: number,
  nminor: number,
): Compressed {
  const nnz = major.length;
  if (minor.length !== nnz || (values.length !== nnz && values.length !== 1)) {
    throw new ShapeError(`triples: ${nnz}, ${minor.length} and ${values.length} entries, expected equal lengths`);
  }
  if (isCompressedOrder(major, minor)) {
    return { ptr: countPointers(major, nmajor), idx: copyIndices(minor, nminor), values: shortenValues(values) };
  }
  const byMinor = sortedOrder(minor, nminor, null);
  const order = sortedOrder(major, nmajor, byMinor);
  const idx = makeIndexArray(nnz, nminor);
  const uniform = values.length === 1 && nnz !== 1;
  const sums = uniform ? new Float32Array(nnz).fill(values[0]) : new Float32Array(nnz);
  const majors = makeIndexArray(nnz, nmajor);
  let end = 0;
  for (let p = 0; p < nnz; p++) {
    const k = major[order[p]];
    const m = minor[order[p]];
    const value = uniform ? values[0] : values[order[p]];
    if (end > 0 && majors[end - 1] === k && idx[end - 1] === m) {
      sums[end - 1] += value;
      continue;
    }
    majors[end] = k;
    idx[end] = m;
    sums[end++] = value;
  }
  const ptr = countPointers(majors.subarray(0, end), nmajor);
  return { ptr, idx: idx.slice(0, end), values: shortenValues(sums.slice(0, end)) };
}

function isCompressedOrder(major: IndexArray, minor: IndexArray): boolean {
  for (let p = 1; p < major.length; p++) {
    if (major[p] < major[p - 1] || (major[p] === major[p - 1] && minor[p] <= minor[p - 1])) return false;
  }
  return true;
}

function countPointers(major: IndexArray, nmajor: number): Uint32Array {
  const ptr = new Uint32Array(nmajor + 1);
  for (let p = 0; p < major.length; p++) ptr[major[p] + 1]++;
  for (let k = 0; k < nmajor; k++) ptr[k + 1] += ptr[k];
  return ptr;
}

function copyIndices(indices: IndexArray, dimension: number): IndexArray {
  const copy = makeIndexArray(indices.length, dimension);
  copy.set(indices);
  return copy;
}

/** Positions ordered by `keys`, stable with respect to `before`. */
function sortedOrder(keys: IndexArray, nkeys: number, before: Uint32Array | null): Uint32Array {
  const next = countPointers(keys, nkeys);
  const order = new Uint32Array(keys.length);
  for (let p = 0; p < keys.length; p++) {
    const position = before === null ? p : before[p];
    order[next[keys[position]]++] = position;
  }
  return order;
}

function transpose(
  ptr: Uint32Array,
  idx: IndexArray,
  values: Float32Array,
  nmajor: number,
  nminor: number,
): Compressed {
  const out = makeIndexArray(idx.length, nmajor);
  const outPtr = countPointers(idx, nminor);
  const next = outPtr.slice();
  const uniform = values.length === 1;
  const outValues = uniform ? values : new Float32Array(idx.length);
  for (let k = 0; k < nmajor; k++) {
    for (let p = ptr[k]; p < ptr[k + 1]; p++) {
      const q = next[idx[p]]++;
      out[q] = k;
      if (!uniform) outValues[q] = values[p];
    }
  }
  return { ptr: outPtr, idx: out, values: outValues };
}
