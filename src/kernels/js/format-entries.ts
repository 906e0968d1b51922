// The entries of a matrix in any format: all of them visited, or a matrix filled with those given. Used by the plain kernels.

import { MATRIX_FIELD } from "../format-records.ts";
import { type FormatViews, indexAt, type MatrixView, readMatrix, setIndex } from "./format-memory.ts";

export type RowEntry = readonly [row: number, column: number, value: number];

/** Fills a matrix, whose sizes are set, with entries by rising row; zeros are left out. */
export function fillMatrix(v: FormatViews, address: number, entries: Iterable<RowEntry>): void {
  const { u32, f32 } = v;
  u32[(address >>> 2) + MATRIX_FIELD.parts] = 1;
  const matrix = readMatrix(v, address);
  const majors = matrix.byRows ? matrix.nrows : matrix.ncols;
  const slices: [minor: number, value: number][][] = Array.from({ length: majors }, () => []);
  for (const [row, column, value] of entries) {
    if (value === 0) continue;
    if (matrix.byRows) slices[row].push([column, value]);
    else slices[column].push([row, value]);
  }
  if (matrix.dense) {
    f32.fill(0, matrix.values, matrix.values + majors * matrix.denseStep);
    slices.forEach((slice, s) =>
      slice.forEach(([minor, y]) => (f32[matrix.values + s * matrix.denseStep + minor] = y)),
    );
    return;
  }
  const minors = [...new Set(slices.flat().map(([minor]) => minor))].toSorted((a, b) => a - b);
  if (matrix.minorList !== 0) {
    minors.forEach((minor, m) => {
      u32[matrix.minorList + m] = minor;
      u32[matrix.renumber + minor] = m;
    });
    u32[matrix.record + MATRIX_FIELD.minorCount] = minors.length;
  }
  let at = 0;
  let slot = 0;
  slices.forEach((slice, s) => {
    if (matrix.majorList !== 0 && slice.length === 0) return;
    if (matrix.majorList !== 0) u32[matrix.majorList + slot] = s;
    u32[matrix.begin + slot] = at;
    for (const [minor, y] of slice) {
      setIndex(v, matrix, at, matrix.minorList === 0 ? minor : u32[matrix.renumber + minor]);
      f32[matrix.values + at++] = y;
    }
    u32[matrix.end + slot++] = at;
  });
  u32[matrix.record + MATRIX_FIELD.slots] = slot;
}

/** Visits the stored entries (dense: all), slice by slice. */
export function eachEntry(
  v: FormatViews,
  matrix: MatrixView,
  visit: (i: number, j: number, value: number) => void,
): void {
  const { u32, f32 } = v;
  const minor = matrix.byRows ? matrix.ncols : matrix.nrows;
  for (let part = 0; part < matrix.parts; part++) {
    for (let s = 0; s < matrix.slots; s++) {
      const at = part * matrix.partStep + s;
      const major = matrix.majorList === 0 ? s : u32[matrix.majorList + s];
      const end = matrix.dense ? minor : u32[matrix.end + at];
      for (let p = matrix.dense ? 0 : u32[matrix.begin + at]; p < end; p++) {
        const index = matrix.dense ? p : indexAt(v, matrix, p);
        const m = matrix.minorList === 0 ? index : u32[matrix.minorList + index];
        const value = f32[matrix.values + (matrix.dense ? s * matrix.denseStep : 0) + p];
        if (matrix.byRows) visit(major, m, value);
        else visit(m, major, value);
      }
    }
  }
}
