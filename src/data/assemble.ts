// Matrices from the parts that the readers collected: joined as they are where the file was in order, sorted and
// duplicates added up where it was not. Results lie on shared memory, so that workers can take them without a copy.

import { FormatError } from "../core/errors.ts";
import { triplesToCsc, triplesToCsr } from "../sparse/convert.ts";
import { type CscMatrix, type CsrMatrix, type IndexArray, makeIndexArray } from "../sparse/matrix.ts";
import { makeFloatArray } from "./growing-array.ts";
import type { TriplesPart } from "./triples-collector.ts";

interface Compressed {
  readonly ptr: Uint32Array;
  readonly idx: IndexArray;
  readonly values: Float32Array;
}

/** CSC from parts read in order of columns. `path` is for messages. @throws FormatError when duplicates overflow. */
export function assembleCsc(parts: readonly TriplesPart[], nrows: number, ncols: number, path: string): CscMatrix {
  if (areInOrder(parts)) {
    const { ptr, idx, values } = joinOrdered(parts, ncols, nrows);
    return { format: "csc", nrows, ncols, colPtr: ptr, rowIdx: idx, values };
  }
  const { majors, minors, values } = spellOut(parts, nrows);
  const sorted = triplesToCsc({ nrows, ncols, rows: minors, cols: majors, values });
  const { ptr, idx, values: sums } = share(sorted.colPtr, sorted.rowIdx, sorted.values, nrows);
  checkSums(sums, path);
  return { format: "csc", nrows, ncols, colPtr: ptr, rowIdx: idx, values: sums };
}

/** CSR from parts read in order of rows. */
export function assembleCsr(parts: readonly TriplesPart[], nrows: number, ncols: number, path: string): CsrMatrix {
  if (areInOrder(parts)) {
    const { ptr, idx, values } = joinOrdered(parts, nrows, ncols);
    return { format: "csr", nrows, ncols, rowPtr: ptr, colIdx: idx, values };
  }
  const { majors, minors, values } = spellOut(parts, ncols);
  const sorted = triplesToCsr({ nrows, ncols, rows: majors, cols: minors, values });
  const { ptr, idx, values: sums } = share(sorted.rowPtr, sorted.colIdx, sorted.values, ncols);
  checkSums(sums, path);
  return { format: "csr", nrows, ncols, rowPtr: ptr, colIdx: idx, values: sums };
}

/** True when each part is in order and starts after (or, one row cut between two parts, further on in) the one before. */
function areInOrder(parts: readonly TriplesPart[]): boolean {
  let lastMajor = -1;
  let lastMinor = -1;
  for (const part of parts) {
    if (part.runs === null) return false;
    if (part.nnz === 0) continue;
    const first = part.runs.majors[0]!;
    if (first < lastMajor || (first === lastMajor && part.minors[0]! <= lastMinor)) return false;
    lastMajor = part.maxMajor;
    lastMinor = part.minors[part.nnz - 1]!;
  }
  return true;
}

function joinOrdered(parts: readonly TriplesPart[], nmajor: number, nminor: number): Compressed {
  const ptr = new Uint32Array(new SharedArrayBuffer(4 * (nmajor + 1)));
  let major = 0;
  let before = 0;
  for (const { runs, nnz } of parts) {
    if (runs === null) continue;
    for (let r = 0; r < runs.majors.length; r++) {
      const begin = before + (r === 0 ? 0 : runs.ends[r - 1]!);
      while (major < runs.majors[r]!) ptr[++major] = begin;
    }
    before += nnz;
  }
  ptr.fill(before, major + 1);
  return { ptr, idx: joinMinors(parts, nminor), values: joinValues(parts) };
}

function joinMinors(parts: readonly TriplesPart[], nminor: number): IndexArray {
  const [only] = parts;
  if (only !== undefined && parts.length === 1) return only.minors;
  const all = makeIndexArray(countEntries(parts), nminor, true);
  let at = 0;
  for (const part of parts) {
    all.set(part.minors, at);
    at += part.nnz;
  }
  return all;
}

/** One value where all parts have the same one, otherwise one an entry. */
function joinValues(parts: readonly TriplesPart[]): Float32Array {
  const filled = parts.filter((part) => part.nnz > 0);
  const [first] = filled;
  if (first === undefined) return makeFloatArray(0, true);
  if (filled.length === 1) return first.values;
  if (filled.every((part) => part.values.length === 1 && part.values[0] === first.values[0])) return first.values;
  const all = makeFloatArray(countEntries(parts), true);
  let at = 0;
  for (const { values, nnz } of filled) {
    if (values.length === nnz) all.set(values, at);
    else all.fill(values[0]!, at, at + nnz);
    at += nnz;
  }
  return all;
}

function spellOut(
  parts: readonly TriplesPart[],
  nminor: number,
): { majors: Uint32Array; minors: IndexArray; values: Float32Array } {
  const majors = new Uint32Array(countEntries(parts));
  let at = 0;
  for (const part of parts) {
    if (part.majors !== null) majors.set(part.majors, at);
    else if (part.runs !== null) {
      let begin = 0;
      for (let r = 0; r < part.runs.majors.length; r++) {
        const end = part.runs.ends[r]!;
        majors.fill(part.runs.majors[r]!, at + begin, at + end);
        begin = end;
      }
    }
    at += part.nnz;
  }
  return { majors, minors: joinMinors(parts, nminor), values: joinValues(parts) };
}

/** A copy on shared memory. */
export function shareCsc(matrix: CscMatrix): CscMatrix {
  const { ptr, idx, values } = share(matrix.colPtr, matrix.rowIdx, matrix.values, matrix.nrows);
  return { ...matrix, colPtr: ptr, rowIdx: idx, values };
}

function share(ptr: Uint32Array, idx: IndexArray, values: Float32Array, nminor: number): Compressed {
  const sharedPtr = new Uint32Array(new SharedArrayBuffer(ptr.byteLength));
  sharedPtr.set(ptr);
  const sharedIdx = makeIndexArray(idx.length, nminor, true);
  sharedIdx.set(idx);
  const sharedValues = makeFloatArray(values.length, true);
  sharedValues.set(values);
  return { ptr: sharedPtr, idx: sharedIdx, values: sharedValues };
}

function checkSums(values: Float32Array, path: string): void {
  const at = values.findIndex((value) => !Number.isFinite(value));
  if (at >= 0) throw new FormatError(path, null, `entries of one place add up to ${values[at]}, beyond float32`);
}

function countEntries(parts: readonly TriplesPart[]): number {
  return parts.reduce((sum, part) => sum + part.nnz, 0);
}
