// Activations that a rank keeps as dense rows, as the sparse rows that are written.

import { makeIndexArray } from "../sparse/matrix.ts";
import type { NumberedRows } from "./exchange-rows.ts";

/**
 * The rows `numbers` without their zeros. @param columns rising: the output of each value of `valuesOf(row)`, or null where
 * they are all outputs in order
 */
export function sparseRows(
  numbers: Uint32Array,
  ncols: number,
  columns: Uint32Array | null,
  valuesOf: (row: number) => Float32Array,
): NumberedRows {
  const rowPtr = new Uint32Array(numbers.length + 1);
  for (const [k, row] of numbers.entries()) {
    rowPtr[k + 1] = rowPtr[k] + valuesOf(row).reduce((count, value) => (value === 0 ? count : count + 1), 0);
  }
  const colIdx = makeIndexArray(rowPtr[numbers.length], ncols);
  const values = new Float32Array(colIdx.length);
  let at = 0;
  for (const row of numbers) {
    for (const [k, value] of valuesOf(row).entries()) {
      if (value === 0) continue;
      colIdx[at] = columns === null ? k : columns[k];
      values[at++] = value;
    }
  }
  return { numbers, matrix: { format: "csr", nrows: numbers.length, ncols, rowPtr, colIdx, values } };
}

/** Rows of several matrices of the same columns in one, rising. @param parts no row is in two */
export function mergeRows(parts: readonly NumberedRows[]): NumberedRows {
  const filled = parts.filter(({ numbers }) => numbers.length > 0);
  if (filled.length < 2) return filled[0] ?? parts[0];
  const places = filled.flatMap(({ numbers, matrix }) =>
    Array.from(numbers, (number, row) => ({ number, row, matrix })),
  );
  places.sort((a, b) => a.number - b.number);
  const { ncols } = filled[0].matrix;
  const rowPtr = new Uint32Array(places.length + 1);
  for (const [k, { row, matrix }] of places.entries()) {
    rowPtr[k + 1] = rowPtr[k] + matrix.rowPtr[row + 1] - matrix.rowPtr[row];
  }
  const colIdx = makeIndexArray(rowPtr[places.length], ncols);
  const values = new Float32Array(colIdx.length);
  for (const [k, { row, matrix }] of places.entries()) {
    const range = [matrix.rowPtr[row], matrix.rowPtr[row + 1]] as const;
    colIdx.set(matrix.colIdx.subarray(...range), rowPtr[k]);
    values.set(matrix.values.subarray(...range), rowPtr[k]);
  }
  const numbers = Uint32Array.from(places, ({ number }) => number);
  return { numbers, matrix: { format: "csr", nrows: places.length, ncols, rowPtr, colIdx, values } };
}
