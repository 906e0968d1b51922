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
