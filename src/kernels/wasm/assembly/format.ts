// Entry points of the format kernels: each picks the loops for the orientation and the index width of its task.

import { BY_ROWS, DENSE, END_COLUMN, FIRST_COLUMN, IDX_BYTES, INPUT, NROWS, WEIGHTS } from "./format-record";
import { denseByRows, denseRowsByColumns } from "./format-dense";
import { denseByColumns } from "./format-dense-columns";
import { numericByColumns, numericByRows } from "./format-numeric";
import { symbolicByColumns, symbolicByRows } from "./format-symbolic";

export { compareRows, hashRows } from "./format-equal";
export { keepRows } from "./format-keep";
export { cut, join, relabel, seal } from "./format-seal";
export { liveRows, loadMatrix, softmaxMatrix, storeMatrix } from "./format-rows";

/** Counts the part's entries into COUNTS and returns their sum. */
export function symbolic(task: usize): u32 {
  const input = load<usize>(task, INPUT);
  const weights = load<usize>(task, WEIGHTS);
  if (load<u32>(input, DENSE) != 0) {
    return load<u32>(input, NROWS) * (load<u32>(task, END_COLUMN) - load<u32>(task, FIRST_COLUMN));
  }
  // The inner loop runs over indices of the input by columns, of the weights by rows.
  if (load<u32>(weights, BY_ROWS) != 0) {
    return load<u32>(weights, IDX_BYTES) == 2 ? symbolicByRows<u16>(task) : symbolicByRows<u32>(task);
  }
  return load<u32>(input, IDX_BYTES) == 2 ? symbolicByColumns<u16>(task) : symbolicByColumns<u32>(task);
}

/** Computes the part's entries and returns how many it stored. */
export function numeric(task: usize): u32 {
  const input = load<usize>(task, INPUT);
  const weights = load<usize>(task, WEIGHTS);
  const byRows = load<u32>(weights, BY_ROWS) != 0;
  const short = load<u32>(weights, IDX_BYTES) == 2;
  if (load<u32>(input, DENSE) != 0) {
    if (byRows) return short ? denseByRows<u16>(task) : denseByRows<u32>(task);
    if (load<u32>(input, BY_ROWS) != 0) return short ? denseRowsByColumns<u16>(task) : denseRowsByColumns<u32>(task);
    return short ? denseByColumns<u16>(task) : denseByColumns<u32>(task);
  }
  if (byRows) return short ? numericByRows<u16>(task) : numericByRows<u32>(task);
  return load<u32>(input, IDX_BYTES) == 2 ? numericByColumns<u16>(task) : numericByColumns<u32>(task);
}
