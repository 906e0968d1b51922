// The final activations of the category rows as a sparse matrix, for `--output`. Rows keep their numbers; the others are
// empty, and so are entries that are zero.

import { ResourceError } from "../../core/errors.ts";
import type { InferenceResult } from "../../engine/result.ts";
import { type CsrMatrix, makeIndexArray } from "../../sparse/matrix.ts";

/** Pointers are 32-bit. */
const MAX_NNZ = 2 ** 32 - 1;

/** Shape: nrows x outputs. @throws UsageError unless activations were kept; ResourceError beyond 2^32 entries. */
export function categoryActivations(result: InferenceResult): CsrMatrix {
  const { nrows, outputs, categories } = result;
  const rowPtr = new Uint32Array(nrows + 1);
  for (const row of categories) rowPtr[row + 1] = countNonzeros(result.activations(row));
  let nnz = 0;
  for (let row = 0; row < nrows; row++) {
    nnz += rowPtr[row + 1] ?? 0;
    if (nnz > MAX_NNZ)
      throw new ResourceError(`the activations have more than ${MAX_NNZ} values, too many for one file`);
    rowPtr[row + 1] = nnz;
  }
  const colIdx = makeIndexArray(nnz, outputs);
  const values = new Float32Array(nnz);
  let at = 0;
  for (const row of categories) {
    for (const [neuron, value] of result.activations(row).entries()) {
      if (value === 0) continue;
      colIdx[at] = neuron;
      values[at++] = value;
    }
  }
  return { format: "csr", nrows, ncols: outputs, rowPtr, colIdx, values };
}

function countNonzeros(row: Float32Array): number {
  let count = 0;
  for (const value of row) if (value !== 0) count++;
  return count;
}
