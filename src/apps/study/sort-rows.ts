// Inputs in the order of their nonzeros, the longest row first: the order in which a plain split of the rows is unfair.

import { type CsrMatrix, makeIndexArray } from "../../sparse/matrix.ts";

/** Rows of equal length keep their order. */
export function sortByNonzeros(inputs: CsrMatrix): CsrMatrix {
  const { nrows, ncols, rowPtr, colIdx, values } = inputs;
  const lengthOf = (row: number): number => (rowPtr[row + 1] ?? 0) - (rowPtr[row] ?? 0);
  const order = Array.from({ length: nrows }, (_, row) => row).toSorted((a, b) => lengthOf(b) - lengthOf(a) || a - b);
  const sorted = {
    rowPtr: new Uint32Array(nrows + 1),
    colIdx: makeIndexArray(colIdx.length, ncols),
    values: values.length === 1 ? values : new Float32Array(values.length),
  };
  let end = 0;
  for (const [k, row] of order.entries()) {
    const from = rowPtr[row] ?? 0;
    const to = rowPtr[row + 1] ?? 0;
    sorted.colIdx.set(colIdx.subarray(from, to), end);
    if (values.length !== 1) sorted.values.set(values.subarray(from, to), end);
    end += to - from;
    sorted.rowPtr[k + 1] = end;
  }
  return { format: "csr", nrows, ncols, ...sorted };
}
