// Some rows of the inputs, evenly spaced, in their order.

import { type CsrMatrix, makeIndexArray } from "../../sparse/matrix.ts";

/** At most `count` rows as a matrix of their own. */
export function pickRows(inputs: CsrMatrix, count: number): CsrMatrix {
  if (inputs.nrows <= count) return inputs;
  const picked = Array.from({ length: count }, (_, k) => Math.floor((k * inputs.nrows) / count));
  const rowPtr = new Uint32Array(count + 1);
  for (const [k, row] of picked.entries()) {
    rowPtr[k + 1] = (rowPtr[k] ?? 0) + (inputs.rowPtr[row + 1] ?? 0) - (inputs.rowPtr[row] ?? 0);
  }
  const nnz = rowPtr[count] ?? 0;
  const colIdx = makeIndexArray(nnz, inputs.ncols);
  const values = inputs.values.length === 1 ? inputs.values : new Float32Array(nnz);
  for (const [k, row] of picked.entries()) {
    const [from, to] = [inputs.rowPtr[row] ?? 0, inputs.rowPtr[row + 1] ?? 0];
    colIdx.set(inputs.colIdx.subarray(from, to), rowPtr[k]);
    if (inputs.values.length !== 1) values.set(inputs.values.subarray(from, to), rowPtr[k]);
  }
  return { format: "csr", nrows: count, ncols: inputs.ncols, rowPtr, colIdx, values };
}
