// Batches in and out of the formats: from rows of a CSR matrix, to dense rows, and which rows are alive; and softmax,
// which is over whole rows and so follows the joining of the parts.

import { exponential } from "./exponential";
import {
  BEGIN, BY_ROWS, DENSE, DENSE_STEP, END, IDX, IDX_BYTES, MAJOR_LIST, MINOR_COUNT, MINOR_LIST, NCOLS, NROWS, PARTS,
  PART_STEP, RENUMBER, SLOTS, VALUES, indexAt, setIndex, setWord, word,
} from "./format-record";

/**
 * Fills a matrix record with rows of a CSR matrix: row r gets row load<u32>(rowList + 4 r). The record's NROWS and NCOLS
 * are set, its arrays large enough. Shapes: colIdx: u16 or u32; values: f32 x nnz, or x 1 when valueStep is 0.
 */
export function loadMatrix(
  matrix: usize, rowList: usize, rowPtr: usize, colIdx: usize, colIdxBytes: u32, values: usize, valueStep: usize,
): void {
  store<u32>(matrix, 1, PARTS);
  if (load<u32>(matrix, DENSE) != 0) loadDense(matrix, rowList, rowPtr, colIdx, colIdxBytes, values, valueStep);
  else if (load<u32>(matrix, BY_ROWS) != 0) loadByRows(matrix, rowList, rowPtr, colIdx, colIdxBytes, values, valueStep);
  else loadByColumns(matrix, rowList, rowPtr, colIdx, colIdxBytes, values, valueStep);
  if (load<usize>(matrix, MINOR_LIST) != 0) listMinors(matrix);
}

function loadDense(
  matrix: usize, rowList: usize, rowPtr: usize, colIdx: usize, colIdxBytes: u32, values: usize, valueStep: usize,
): void {
  const byRows = load<u32>(matrix, BY_ROWS) != 0;
  const nrows = load<u32>(matrix, NROWS);
  const step = load<usize>(matrix, DENSE_STEP);
  const rowStep = byRows ? step : 4;
  const colStep: usize = byRows ? 4 : step;
  const majors = byRows ? nrows : load<u32>(matrix, NCOLS);
  const out = load<usize>(matrix, VALUES);
  memory.fill(out, 0, <usize>majors * step);
  for (let r: u32 = 0; r < nrows; r++) {
    const row = word(rowList, r);
    const end = word(rowPtr, row + 1);
    for (let p = word(rowPtr, row); p < end; p++) {
      const k = indexAt(colIdx, colIdxBytes, p);
      store<f32>(out + <usize>r * rowStep + <usize>k * colStep, load<f32>(values + <usize>p * valueStep));
    }
  }
}

function loadByRows(
  matrix: usize, rowList: usize, rowPtr: usize, colIdx: usize, colIdxBytes: u32, values: usize, valueStep: usize,
): void {
  const nrows = load<u32>(matrix, NROWS);
  const list = load<usize>(matrix, MAJOR_LIST);
  const begins = load<usize>(matrix, BEGIN);
  const ends = load<usize>(matrix, END);
  const idx = load<usize>(matrix, IDX);
  const bytes = load<u32>(matrix, IDX_BYTES);
  const out = load<usize>(matrix, VALUES);
  let at: u32 = 0;
  let slot: u32 = 0;
  for (let r: u32 = 0; r < nrows; r++) {
    const row = word(rowList, r);
    const begin = at;
    const end = word(rowPtr, row + 1);
    for (let p = word(rowPtr, row); p < end; p++) {
      const value = load<f32>(values + <usize>p * valueStep);
      if (value == 0) continue;
      setIndex(idx, bytes, at, indexAt(colIdx, colIdxBytes, p));
      store<f32>(out + (<usize>at << 2), value);
      at++;
    }
    if (list != 0 && begin == at) continue;
    if (list != 0) setWord(list, slot, r);
    setWord(begins, slot, begin);
    setWord(ends, slot, at);
    slot++;
  }
  store<u32>(matrix, slot, SLOTS);
}

/** A transposition: count, place, fill; END holds the counts and then the cursors. */
function loadByColumns(
  matrix: usize, rowList: usize, rowPtr: usize, colIdx: usize, colIdxBytes: u32, values: usize, valueStep: usize,
): void {
  const nrows = load<u32>(matrix, NROWS);
  const ncols = load<u32>(matrix, NCOLS);
  const list = load<usize>(matrix, MAJOR_LIST);
  const begins = load<usize>(matrix, BEGIN);
  const ends = load<usize>(matrix, END);
  const idx = load<usize>(matrix, IDX);
  const bytes = load<u32>(matrix, IDX_BYTES);
  const out = load<usize>(matrix, VALUES);
  memory.fill(ends, 0, <usize>ncols << 2);
  for (let r: u32 = 0; r < nrows; r++) {
    const row = word(rowList, r);
    const end = word(rowPtr, row + 1);
    for (let p = word(rowPtr, row); p < end; p++) {
      if (load<f32>(values + <usize>p * valueStep) == 0) continue;
      const k = indexAt(colIdx, colIdxBytes, p);
      setWord(ends, k, word(ends, k) + 1);
    }
  }
  let total: u32 = 0;
  for (let k: u32 = 0; k < ncols; k++) {
    const count = word(ends, k);
    setWord(begins, k, total);
    setWord(ends, k, total);
    total += count;
  }
  for (let r: u32 = 0; r < nrows; r++) {
    const row = word(rowList, r);
    const end = word(rowPtr, row + 1);
    for (let p = word(rowPtr, row); p < end; p++) {
      const value = load<f32>(values + <usize>p * valueStep);
      if (value == 0) continue;
      const k = indexAt(colIdx, colIdxBytes, p);
      const at = word(ends, k);
      setWord(ends, k, at + 1);
      setIndex(idx, bytes, at, r);
      store<f32>(out + (<usize>at << 2), value);
    }
  }
  if (list == 0) {
    store<u32>(matrix, ncols, SLOTS);
    return;
  }
  let slot: u32 = 0;
  for (let k: u32 = 0; k < ncols; k++) {
    if (word(begins, k) == word(ends, k)) continue;
    setWord(list, slot, k);
    setWord(begins, slot, word(begins, k));
    setWord(ends, slot, word(ends, k));
    slot++;
  }
  store<u32>(matrix, slot, SLOTS);
}

/** Renumbers the minor indices of a matrix that loadMatrix has just filled: its entries lie at 0 .. nnz-1. */
function listMinors(matrix: usize): void {
  const slots = load<u32>(matrix, SLOTS);
  const idx = load<usize>(matrix, IDX);
  const bytes = load<u32>(matrix, IDX_BYTES);
  const list = load<usize>(matrix, MINOR_LIST);
  const renumber = load<usize>(matrix, RENUMBER);
  const dimension = load<u32>(matrix, BY_ROWS) != 0 ? load<u32>(matrix, NCOLS) : load<u32>(matrix, NROWS);
  const nnz: u32 = slots == 0 ? 0 : word(load<usize>(matrix, END), slots - 1);
  memory.fill(renumber, 0, <usize>dimension << 2);
  for (let p: u32 = 0; p < nnz; p++) setWord(renumber, indexAt(idx, bytes, p), 1);
  let used: u32 = 0;
  for (let m: u32 = 0; m < dimension; m++) {
    if (word(renumber, m) == 0) continue;
    setWord(renumber, m, used);
    setWord(list, used++, m);
  }
  store<u32>(matrix, used, MINOR_COUNT);
  for (let p: u32 = 0; p < nnz; p++) setIndex(idx, bytes, p, word(renumber, indexAt(idx, bytes, p)));
}

/** Writes a matrix as dense rows, row i at out + i rowStep; zeros included. */
export function storeMatrix(matrix: usize, out: usize, rowStep: usize): void {
  const byRows = load<u32>(matrix, BY_ROWS) != 0;
  const nrows = load<u32>(matrix, NROWS);
  const ncols = load<u32>(matrix, NCOLS);
  const values = load<usize>(matrix, VALUES);
  const step = load<usize>(matrix, DENSE_STEP);
  for (let i: u32 = 0; i < nrows; i++) memory.fill(out + <usize>i * rowStep, 0, <usize>ncols << 2);
  if (load<u32>(matrix, DENSE) != 0) {
    for (let i: u32 = 0; i < nrows; i++) {
      for (let j: u32 = 0; j < ncols; j++) {
        const from = byRows ? <usize>i * step + (<usize>j << 2) : <usize>j * step + (<usize>i << 2);
        store<f32>(out + <usize>i * rowStep + (<usize>j << 2), load<f32>(values + from));
      }
    }
    return;
  }
  const list = load<usize>(matrix, MAJOR_LIST);
  const minors = load<usize>(matrix, MINOR_LIST);
  const idx = load<usize>(matrix, IDX);
  const bytes = load<u32>(matrix, IDX_BYTES);
  const majorStep = byRows ? rowStep : 4;
  const minorStep: usize = byRows ? 4 : rowStep;
  const slots = load<u32>(matrix, SLOTS);
  const parts = load<u32>(matrix, PARTS);
  for (let part: u32 = 0; part < parts; part++) {
    const at = <usize>part * load<usize>(matrix, PART_STEP);
    for (let s: u32 = 0; s < slots; s++) {
      const major = list == 0 ? s : word(list, s);
      const end = word(load<usize>(matrix, END) + at, s);
      for (let p = word(load<usize>(matrix, BEGIN) + at, s); p < end; p++) {
        let m = indexAt(idx, bytes, p);
        if (minors != 0) m = word(minors, m);
        store<f32>(out + <usize>major * majorStep + <usize>m * minorStep, load<f32>(values + (<usize>p << 2)));
      }
    }
  }
}

/** flags[i] = 1 when row i has a value other than zero, else 0; u8 x nrows. Returns how many have. */
export function liveRows(matrix: usize, flags: usize): u32 {
  const byRows = load<u32>(matrix, BY_ROWS) != 0;
  const dense = load<u32>(matrix, DENSE) != 0;
  const nrows = load<u32>(matrix, NROWS);
  const list = load<usize>(matrix, MAJOR_LIST);
  const minors = load<usize>(matrix, MINOR_LIST);
  const idx = load<usize>(matrix, IDX);
  const bytes = load<u32>(matrix, IDX_BYTES);
  const values = load<usize>(matrix, VALUES);
  const step = load<usize>(matrix, DENSE_STEP);
  const slots = load<u32>(matrix, SLOTS);
  const parts = load<u32>(matrix, PARTS);
  const minor = byRows ? load<u32>(matrix, NCOLS) : nrows;
  memory.fill(flags, 0, <usize>nrows);
  if (dense && !byRows) {
    // Without a branch: live and dead rows lie mixed.
    for (let j: u32 = 0; j < slots; j++) {
      const column = values + <usize>j * step;
      for (let i: u32 = 0; i < nrows; i++) {
        const flag = flags + <usize>i;
        store<u8>(flag, load<u8>(flag) | <u8>(load<f32>(column + (<usize>i << 2)) != 0));
      }
    }
    return countFlags(flags, nrows);
  }
  for (let part: u32 = 0; part < parts; part++) {
    const at = <usize>part * load<usize>(matrix, PART_STEP);
    for (let s: u32 = 0; s < slots; s++) {
      const major = list == 0 ? s : word(list, s);
      let p: u32 = dense ? 0 : word(load<usize>(matrix, BEGIN) + at, s);
      const end = dense ? minor : word(load<usize>(matrix, END) + at, s);
      const from = dense ? values + <usize>s * step : values;
      for (; p < end; p++) {
        if (load<f32>(from + (<usize>p << 2)) == 0) continue;
        let m = p;
        if (!dense) m = indexAt(idx, bytes, p);
        if (minors != 0) m = word(minors, m);
        store<u8>(flags + <usize>(byRows ? major : m), 1);
        if (byRows) break;
      }
    }
  }
  return countFlags(flags, nrows);
}

function countFlags(flags: usize, nrows: u32): u32 {
  let count: u32 = 0;
  for (let i: u32 = 0; i < nrows; i++) count += <u32>load<u8>(flags + <usize>i);
  return count;
}

/** Address of entry (i, j) of a matrix of which every entry is stored, in slots that are all listed. */
// @ts-ignore: decorator
@inline function entryOfFull(matrix: usize, byRows: bool, dense: bool, i: u32, j: u32, part: usize, first: u32): usize {
  const values = load<usize>(matrix, VALUES);
  if (dense) {
    const step = load<usize>(matrix, DENSE_STEP);
    return byRows ? values + <usize>i * step + (<usize>j << 2) : values + <usize>j * step + (<usize>i << 2);
  }
  const begins = load<usize>(matrix, BEGIN) + part;
  return byRows
    ? values + (<usize>(word(begins, i) + j - first) << 2)
    : values + (<usize>(word(begins, j) + i) << 2);
}

/**
 * Softmax of rows first .. end-1 of a matrix whose layer has softmax: all entries are stored. exp(z - max) / sum, the sum
 * in f64 and in rising order of columns. A result that underflows to zero stays stored.
 */
export function softmaxMatrix(matrix: usize, firstRow: u32, endRow: u32): void {
  const byRows = load<u32>(matrix, BY_ROWS) != 0;
  const dense = load<u32>(matrix, DENSE) != 0;
  const ncols = load<u32>(matrix, NCOLS);
  const begins = load<usize>(matrix, BEGIN);
  const ends = load<usize>(matrix, END);
  for (let i = firstRow; i < endRow; i++) {
    let largest: f32 = -Infinity;
    let sum: f64 = 0;
    for (let pass = 0; pass < 3; pass++) {
      let part: usize = 0;
      let first: u32 = 0;
      for (let j: u32 = 0; j < ncols; j++) {
        while (byRows && !dense && j - first == word(ends + part, i) - word(begins + part, i)) {
          first = j;
          part += load<usize>(matrix, PART_STEP);
        }
        const at = entryOfFull(matrix, byRows, dense, i, j, part, first);
        if (pass == 0) largest = max(largest, load<f32>(at));
        else if (pass == 1) {
          const e = <f32>exponential(load<f32>(at) - largest);
          store<f32>(at, e);
          sum += <f64>e;
        } else store<f32>(at, <f32>(<f64>load<f32>(at) / sum));
      }
    }
  }
}
