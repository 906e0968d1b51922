// Some rows of a matrix leave, where it lies: the rows that stay move together and keep their order. Entries of a sparse
// matrix stay where they are or move towards the begin of their slice, so nothing is needed but a map of the rows.

import {
  BEGIN, BY_ROWS, DENSE, DENSE_STEP, END, IDX, IDX_BYTES, MAJOR_LIST, MINOR_COUNT, MINOR_LIST, NCOLS, NONE, NROWS, PARTS,
  PART_STEP, RENUMBER, SLOTS, VALUES, indexAt, setIndex, setWord, word,
} from "./format-record";

/**
 * Keeps `count` rows of the matrix, listed at `rows` (u32, rising): row k becomes what row rows[k] was. Shapes: scratch: u32 x
 * nrows. Triply compressed by rows, columns that no kept row uses stay listed.
 */
export function keepRows(matrix: usize, rows: usize, count: u32, scratch: usize): void {
  const byRows = load<u32>(matrix, BY_ROWS) != 0;
  if (load<u32>(matrix, DENSE) != 0) {
    if (byRows) keepDenseRows(matrix, rows, count);
    else keepInDenseColumns(matrix, rows, count);
    if (byRows) store<u32>(matrix, count, SLOTS);
    else store<u32>(matrix, count, MINOR_COUNT);
  } else {
    memory.fill(scratch, 0xff, load<usize>(matrix, NROWS) << 2);
    for (let k: u32 = 0; k < count; k++) setWord(scratch, word(rows, k), k);
    if (byRows) keepSparseRows(matrix, rows, count, scratch);
    else keepInSparseColumns(matrix, count, scratch);
  }
  store<u32>(matrix, count, NROWS);
}

function keepDenseRows(matrix: usize, rows: usize, count: u32): void {
  const values = load<usize>(matrix, VALUES);
  const step = load<usize>(matrix, DENSE_STEP);
  for (let k: u32 = 0; k < count; k++) {
    const row = word(rows, k);
    if (row != k) memory.copy(values + <usize>k * step, values + <usize>row * step, load<usize>(matrix, NCOLS) << 2);
  }
}

function keepInDenseColumns(matrix: usize, rows: usize, count: u32): void {
  const ncols = load<u32>(matrix, NCOLS);
  for (let j: u32 = 0; j < ncols; j++) {
    const column = load<usize>(matrix, VALUES) + <usize>j * load<usize>(matrix, DENSE_STEP);
    for (let k: u32 = 0; k < count; k++) setWord(column, k, word(column, word(rows, k)));
  }
}

/** Only begins and ends move. */
function keepSparseRows(matrix: usize, rows: usize, count: u32, places: usize): void {
  const list = load<usize>(matrix, MAJOR_LIST);
  const slots = load<u32>(matrix, SLOTS);
  const parts = load<u32>(matrix, PARTS);
  let to: u32 = 0;
  const last = list == 0 ? count : slots;
  for (let x: u32 = 0; x < last; x++) {
    const slot = list == 0 ? word(rows, x) : x;
    if (list != 0) {
      const place = word(places, word(list, slot));
      if (place == NONE) continue;
      setWord(list, to, place);
    }
    for (let part: u32 = 0; part < parts; part++) {
      const step = <usize>part * load<usize>(matrix, PART_STEP);
      const begins = load<usize>(matrix, BEGIN) + step;
      const ends = load<usize>(matrix, END) + step;
      setWord(begins, to, word(begins, slot));
      setWord(ends, to, word(ends, slot));
    }
    to++;
  }
  store<u32>(matrix, to, SLOTS);
}

function keepInSparseColumns(matrix: usize, count: u32, places: usize): void {
  const list = load<usize>(matrix, MAJOR_LIST);
  const begins = load<usize>(matrix, BEGIN);
  const ends = load<usize>(matrix, END);
  const idx = load<usize>(matrix, IDX);
  const idxBytes = load<u32>(matrix, IDX_BYTES);
  const values = load<usize>(matrix, VALUES);
  const slots = load<u32>(matrix, SLOTS);
  const minors = load<usize>(matrix, MINOR_LIST);
  const renumber = minors == 0 ? places : load<usize>(matrix, RENUMBER);
  store<u32>(matrix, minors == 0 ? count : keepInMinorList(matrix, places), MINOR_COUNT);
  let to: u32 = 0;
  for (let s: u32 = 0; s < slots; s++) {
    const begin = word(begins, s);
    const end = word(ends, s);
    let at = begin;
    for (let p = begin; p < end; p++) {
      const index = word(renumber, indexAt(idx, idxBytes, p));
      if (index == NONE) continue;
      setIndex(idx, idxBytes, at, index);
      setWord(values, at, word(values, p));
      at++;
    }
    if (list != 0 && at == begin) continue;
    if (list != 0) setWord(list, to, word(list, s));
    setWord(begins, to, begin);
    setWord(ends, to, at);
    to++;
  }
  store<u32>(matrix, to, SLOTS);
}

/** Takes rows off the list of those that have entries, and says by RENUMBER where the others now stand in it. */
function keepInMinorList(matrix: usize, places: usize): u32 {
  const minors = load<usize>(matrix, MINOR_LIST);
  const renumber = load<usize>(matrix, RENUMBER);
  const length = load<u32>(matrix, MINOR_COUNT);
  let used: u32 = 0;
  for (let m: u32 = 0; m < length; m++) {
    const place = word(places, word(minors, m));
    setWord(renumber, m, place == NONE ? NONE : used);
    if (place != NONE) setWord(minors, used++, place);
  }
  return used;
}
