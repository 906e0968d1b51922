// Input rows on their way to the ranks that own them. A message holds, for one rank: counts, row numbers, entries of each
// row, column indices, values (one where all are equal).

import { triplesToCsr } from "../sparse/convert.ts";
import { type CsrMatrix, type IndexArray, makeIndexArray } from "../sparse/matrix.ts";
import type { World } from "./world.ts";

/** Some rows of the inputs, by their numbers in the file. */
export interface NumberedRows {
  /** Number in the file of every row of the matrix; each once. */
  readonly numbers: Uint32Array;
  readonly matrix: CsrMatrix;
}

const HEAD_WORDS = 4;

/**
 * Sends every row that this rank holds to its owner. A row may come in parts from several ranks: its entries are put in
 * order, and duplicates added up. @param mine the numbers of this rank's rows, in the order wanted. Collective.
 */
export async function exchangeRows(
  world: World,
  held: NumberedRows,
  owner: Uint32Array,
  mine: Uint32Array,
): Promise<CsrMatrix> {
  const lists: number[][] = Array.from({ length: world.size }, () => []);
  for (const [k, row] of held.numbers.entries()) {
    if (held.matrix.rowPtr[k + 1] > held.matrix.rowPtr[k]) lists[owner[row]].push(k);
  }
  const messages = lists.map((list) => packRows(held, list));
  return assembleRows((await world.exchange(messages)).map(unpackRows), mine, held.matrix.ncols);
}

function packRows({ numbers, matrix }: NumberedRows, list: readonly number[]): Uint8Array {
  const { rowPtr, colIdx, values } = matrix;
  const nnz = list.reduce((sum, k) => sum + rowPtr[k + 1] - rowPtr[k], 0);
  const valueCount = values.length === 1 ? 1 : nnz;
  const width = colIdx.BYTES_PER_ELEMENT;
  const indexBytes = Math.ceil((nnz * width) / 4) * 4;
  const message = new Uint8Array((HEAD_WORDS + 2 * list.length) * 4 + indexBytes + valueCount * 4);
  const words = new Uint32Array(message.buffer);
  words.set([list.length, nnz, width, valueCount]);
  const cols = viewIndices(message, (HEAD_WORDS + 2 * list.length) * 4, nnz, width);
  const floats = new Float32Array(message.buffer, message.length - valueCount * 4, valueCount);
  if (values.length === 1) floats[0] = values[0];
  let at = 0;
  for (const [i, k] of list.entries()) {
    const [begin, end] = [rowPtr[k], rowPtr[k + 1]];
    words[HEAD_WORDS + i] = numbers[k];
    words[HEAD_WORDS + list.length + i] = end - begin;
    cols.set(colIdx.subarray(begin, end), at);
    if (values.length !== 1) floats.set(values.subarray(begin, end), at);
    at += end - begin;
  }
  return message;
}

interface Message {
  readonly numbers: Uint32Array;
  readonly counts: Uint32Array;
  readonly cols: IndexArray;
  readonly values: Float32Array;
}

function unpackRows(message: Uint8Array): Message {
  const { buffer, byteOffset, byteLength } = message;
  const [rows, nnz, width, valueCount] = new Uint32Array(buffer, byteOffset, HEAD_WORDS);
  const first = byteOffset + HEAD_WORDS * 4;
  return {
    numbers: new Uint32Array(buffer, first, rows),
    counts: new Uint32Array(buffer, first + rows * 4, rows),
    cols: viewIndices(message, (HEAD_WORDS + 2 * rows) * 4, nnz, width),
    values: new Float32Array(buffer, byteOffset + byteLength - valueCount * 4, valueCount),
  };
}

function viewIndices({ buffer, byteOffset }: Uint8Array, offset: number, length: number, width: number): IndexArray {
  return width === 2
    ? new Uint16Array(buffer, byteOffset + offset, length)
    : new Uint32Array(buffer, byteOffset + offset, length);
}

function assembleRows(messages: readonly Message[], mine: Uint32Array, ncols: number): CsrMatrix {
  const place = new Map(Array.from(mine, (row, k) => [row, k]));
  const placeOf = (row: number): number => place.get(row) ?? -1;
  const nrows = mine.length;
  const rowPtr = new Uint32Array(nrows + 1);
  let isSplit = false;
  for (const { numbers, counts } of messages) {
    for (const [i, row] of numbers.entries()) {
      const at = placeOf(row) + 1;
      isSplit ||= rowPtr[at] > 0;
      rowPtr[at] += counts[i];
    }
  }
  for (let k = 0; k < nrows; k++) rowPtr[k + 1] += rowPtr[k];
  const nnz = rowPtr[nrows];
  const colIdx = makeIndexArray(nnz, ncols, true);
  const filled = messages.filter(({ cols }) => cols.length > 0);
  const [one] = filled;
  const isUniform = filled.every(({ values }) => values.length === 1 && values[0] === one.values[0]);
  const values = new Float32Array(new SharedArrayBuffer(4 * (isUniform ? Math.min(1, nnz) : nnz)));
  if (isUniform && one !== undefined) values[0] = one.values[0];
  const next = rowPtr.slice();
  for (const message of filled) {
    let from = 0;
    for (const [i, row] of message.numbers.entries()) {
      const count = message.counts[i];
      const k = placeOf(row);
      colIdx.set(message.cols.subarray(from, from + count), next[k]);
      if (!isUniform) {
        if (message.values.length === 1) values.fill(message.values[0], next[k], next[k] + count);
        else values.set(message.values.subarray(from, from + count), next[k]);
      }
      next[k] += count;
      from += count;
    }
  }
  const matrix: CsrMatrix = { format: "csr", nrows, ncols, rowPtr, colIdx, values };
  return isSplit ? putInOrder(matrix) : matrix;
}

/** Entries of every row in rising order of columns, each column once. */
function putInOrder({ nrows, ncols, rowPtr, colIdx, values }: CsrMatrix): CsrMatrix {
  const rows = new Uint32Array(colIdx.length);
  for (let k = 0; k < nrows; k++) rows.fill(k, rowPtr[k], rowPtr[k + 1]);
  const spelled = values.length === colIdx.length ? values : new Float32Array(colIdx.length).fill(values[0]);
  return triplesToCsr({ nrows, ncols, rows, cols: colIdx, values: spelled });
}

/** The rows of a matrix that a rank holds as they lie in the file, from row `first` on. */
export function numberedFrom(first: number, matrix: CsrMatrix): NumberedRows {
  return { numbers: Uint32Array.from({ length: matrix.nrows }, (_, k) => first + k), matrix };
}
