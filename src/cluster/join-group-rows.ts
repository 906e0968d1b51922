// The rows of a row group: those that its ranks have read and dealt among them, on each of them.

import { type CsrMatrix, makeIndexArray } from "../sparse/matrix.ts";
import type { NumberedRows } from "./exchange-rows.ts";
import { allgatherValues, type World } from "./world.ts";

/** All rows of the group in the order of its ranks. Collective over the group. */
export async function joinGroupRows(group: World, rows: NumberedRows): Promise<NumberedRows> {
  if (group.size === 1) return rows;
  // Copies: what lies on shared memory cannot be sent as it is.
  const { matrix } = rows;
  const all = await allgatherValues(group, {
    numbers: rows.numbers.slice(),
    rowPtr: matrix.rowPtr.slice(),
    colIdx: matrix.colIdx.slice(),
    values: matrix.values.slice(),
  });
  const nrows = all.reduce((sum, part) => sum + part.numbers.length, 0);
  const nnz = all.reduce((sum, part) => sum + part.colIdx.length, 0);
  const filled = all.filter((part) => part.colIdx.length > 0);
  const isUniform = filled.every(({ values }) => values.length === 1 && values[0] === filled[0].values[0]);
  const numbers = new Uint32Array(nrows);
  const rowPtr = new Uint32Array(nrows + 1);
  const colIdx = makeIndexArray(nnz, matrix.ncols);
  const values = isUniform ? Float32Array.from(filled.slice(0, 1), (part) => part.values[0]) : new Float32Array(nnz);
  let row = 0;
  let at = 0;
  for (const part of all) {
    numbers.set(part.numbers, row);
    for (let k = 0; k < part.numbers.length; k++) rowPtr[row + k + 1] = at + part.rowPtr[k + 1];
    colIdx.set(part.colIdx, at);
    if (!isUniform && part.values.length === 1) values.fill(part.values[0], at, at + part.colIdx.length);
    else if (!isUniform) values.set(part.values, at);
    row += part.numbers.length;
    at += part.colIdx.length;
  }
  const joined: CsrMatrix = { format: "csr", nrows, ncols: matrix.ncols, rowPtr, colIdx, values };
  return { numbers, matrix: joined };
}
