// Equal rows of a matrix in any format, found where they lie: a hash of every row proposes, a full comparison decides. No
// row is written out dense for it: entries are passed once, in the order in which they are stored.

import {
  BEGIN, BY_ROWS, DENSE, DENSE_STEP, END, IDX, IDX_BYTES, MAJOR_LIST, MINOR_LIST, NCOLS, NONE, NROWS, PARTS, PART_STEP,
  SLOTS, VALUES, indexAt, setWord, word,
} from "./format-record";
import { rowsEqual } from "./equality";

const COLUMN_PRIME: u32 = 0x9e3779b1;
const PRIME_A: u32 = 0x7feb352d;
const PRIME_B: u32 = 0x846ca68b;

/** The hash of one entry; that of a row is the sum over its entries, whatever their order. Zeros count as absent. */
// @ts-ignore: decorator
@inline function hashEntry(bits: u32, column: u32): u32 {
  let h = bits ^ (column * COLUMN_PRIME);
  h = (h ^ (h >> 15)) * PRIME_A;
  h = (h ^ (h >> 13)) * PRIME_B;
  h = h ^ (h >> 16);
  return bits << 1 == 0 ? 0 : h;
}

/** The same of four entries; `seeds`: columns x COLUMN_PRIME. */
// @ts-ignore: decorator
@inline function hashFour(bits: v128, seeds: v128): v128 {
  let h = v128.xor(bits, seeds);
  h = i32x4.mul(v128.xor(h, i32x4.shr_u(h, 15)), i32x4.splat(PRIME_A));
  h = i32x4.mul(v128.xor(h, i32x4.shr_u(h, 13)), i32x4.splat(PRIME_B));
  h = v128.xor(h, i32x4.shr_u(h, 16));
  return v128.and(h, i32x4.ne(i32x4.shl(bits, 1), i32x4.splat(0)));
}

/** hashes[i] = hash of row i; u32 x nrows. Rows of zeros have hash 0, and others may. */
export function hashRows(matrix: usize, hashes: usize): void {
  memory.fill(hashes, 0, load<usize>(matrix, NROWS) << 2);
  if (load<u32>(matrix, DENSE) == 0) hashEntries(matrix, hashes);
  else if (load<u32>(matrix, BY_ROWS) != 0) hashDenseRows(matrix, hashes);
  else hashDenseColumns(matrix, hashes);
}

function hashDenseColumns(matrix: usize, hashes: usize): void {
  const ncols = load<u32>(matrix, NCOLS);
  const bytes = load<usize>(matrix, NROWS) << 2;
  for (let j: u32 = 0; j < ncols; j++) {
    const column = load<usize>(matrix, VALUES) + <usize>j * load<usize>(matrix, DENSE_STEP);
    const seeds = i32x4.splat(j * COLUMN_PRIME);
    let r: usize = 0;
    for (; r + 16 <= bytes; r += 16) {
      const at = hashes + r;
      v128.store(at, i32x4.add(v128.load(at), hashFour(v128.load(column + r), seeds)));
    }
    for (; r < bytes; r += 4) store<u32>(hashes + r, load<u32>(hashes + r) + hashEntry(load<u32>(column + r), j));
  }
}

function hashDenseRows(matrix: usize, hashes: usize): void {
  const nrows = load<u32>(matrix, NROWS);
  const ncols = load<u32>(matrix, NCOLS);
  for (let i: u32 = 0; i < nrows; i++) {
    const row = load<usize>(matrix, VALUES) + <usize>i * load<usize>(matrix, DENSE_STEP);
    let seeds = i32x4.mul(i32x4(0, 1, 2, 3), i32x4.splat(COLUMN_PRIME));
    let sums = i32x4.splat(0);
    let j: u32 = 0;
    for (; j + 4 <= ncols; j += 4) {
      sums = i32x4.add(sums, hashFour(v128.load(row + (<usize>j << 2)), seeds));
      seeds = i32x4.add(seeds, i32x4.splat(4 * COLUMN_PRIME));
    }
    let hash = <u32>i32x4.extract_lane(sums, 0) + <u32>i32x4.extract_lane(sums, 1);
    hash += <u32>i32x4.extract_lane(sums, 2) + <u32>i32x4.extract_lane(sums, 3);
    for (; j < ncols; j++) hash += hashEntry(word(row, j), j);
    setWord(hashes, i, hash);
  }
}

function hashEntries(matrix: usize, hashes: usize): void {
  const byRows = load<u32>(matrix, BY_ROWS) != 0;
  const list = load<usize>(matrix, MAJOR_LIST);
  const minors = load<usize>(matrix, MINOR_LIST);
  const idx = load<usize>(matrix, IDX);
  const idxBytes = load<u32>(matrix, IDX_BYTES);
  const values = load<usize>(matrix, VALUES);
  const slots = load<u32>(matrix, SLOTS);
  const parts = load<u32>(matrix, PARTS);
  for (let part: u32 = 0; part < parts; part++) {
    const at = <usize>part * load<usize>(matrix, PART_STEP);
    for (let s: u32 = 0; s < slots; s++) {
      const major = list == 0 ? s : word(list, s);
      const end = word(load<usize>(matrix, END) + at, s);
      for (let p = word(load<usize>(matrix, BEGIN) + at, s); p < end; p++) {
        let m = indexAt(idx, idxBytes, p);
        if (minors != 0) m = word(minors, m);
        const i = byRows ? major : m;
        setWord(hashes, i, word(hashes, i) + hashEntry(word(values, p), byRows ? m : major));
      }
    }
  }
}

/**
 * Compares row i with row twins[i] in full, bit by bit, and sets twins[i] = i where they differ. Shapes: twins: u32 x nrows,
 * twins[i] = i for rows that are compared with none; scratch: u32 x nrows.
 */
export function compareRows(matrix: usize, twins: usize, scratch: usize): void {
  const byRows = load<u32>(matrix, BY_ROWS) != 0;
  if (load<u32>(matrix, DENSE) != 0) {
    if (byRows) compareDenseRows(matrix, twins);
    else {
      const ncols = load<u32>(matrix, NCOLS);
      for (let j: u32 = 0; j < ncols; j++) {
        compareColumn(matrix, twins, load<usize>(matrix, VALUES) + <usize>j * load<usize>(matrix, DENSE_STEP));
      }
    }
  } else if (byRows) compareSparseRows(matrix, twins, scratch);
  else compareSparseColumns(matrix, twins, scratch);
}

function compareDenseRows(matrix: usize, twins: usize): void {
  const nrows = load<u32>(matrix, NROWS);
  const values = load<usize>(matrix, VALUES);
  const step = load<usize>(matrix, DENSE_STEP);
  const bytes = load<usize>(matrix, NCOLS) << 2;
  for (let i: u32 = 0; i < nrows; i++) {
    const twin = word(twins, i);
    if (twin == i) continue;
    if (!rowsEqual(values + <usize>i * step, values + <usize>twin * step, bytes)) setWord(twins, i, i);
  }
}

/** One column of values, nrows of them. */
function compareColumn(matrix: usize, twins: usize, column: usize): void {
  const nrows = load<u32>(matrix, NROWS);
  for (let i: u32 = 0; i < nrows; i++) {
    if (word(column, i) != word(column, word(twins, i))) setWord(twins, i, i);
  }
}

/** Every column is spread over the scratch, compared, and taken away again. */
function compareSparseColumns(matrix: usize, twins: usize, scratch: usize): void {
  const minors = load<usize>(matrix, MINOR_LIST);
  const idx = load<usize>(matrix, IDX);
  const idxBytes = load<u32>(matrix, IDX_BYTES);
  const values = load<usize>(matrix, VALUES);
  const slots = load<u32>(matrix, SLOTS);
  memory.fill(scratch, 0, load<usize>(matrix, NROWS) << 2);
  for (let s: u32 = 0; s < slots; s++) {
    const begin = word(load<usize>(matrix, BEGIN), s);
    const end = word(load<usize>(matrix, END), s);
    if (begin == end) continue;
    for (let p = begin; p < end; p++) {
      const m = indexAt(idx, idxBytes, p);
      setWord(scratch, minors == 0 ? m : word(minors, m), word(values, p));
    }
    compareColumn(matrix, twins, scratch);
    for (let p = begin; p < end; p++) {
      const m = indexAt(idx, idxBytes, p);
      setWord(scratch, minors == 0 ? m : word(minors, m), 0);
    }
  }
}

/** The scratch says in which slot a row lies, where only some rows are listed. */
function compareSparseRows(matrix: usize, twins: usize, scratch: usize): void {
  const nrows = load<u32>(matrix, NROWS);
  const list = load<usize>(matrix, MAJOR_LIST);
  const slots = load<u32>(matrix, SLOTS);
  if (list != 0) {
    memory.fill(scratch, 0xff, <usize>nrows << 2);
    for (let s: u32 = 0; s < slots; s++) setWord(scratch, word(list, s), s);
  }
  for (let i: u32 = 0; i < nrows; i++) {
    const twin = word(twins, i);
    if (twin == i) continue;
    const a = list == 0 ? i : word(scratch, i);
    const b = list == 0 ? twin : word(scratch, twin);
    if (a == b) continue;
    if (a == NONE || b == NONE || !slotsEqual(matrix, a, b)) setWord(twins, i, i);
  }
}

/** True when two rows have the same pieces in all parts. */
function slotsEqual(matrix: usize, a: u32, b: u32): bool {
  const idx = load<usize>(matrix, IDX);
  const idxBytes = load<usize>(matrix, IDX_BYTES);
  const values = load<usize>(matrix, VALUES);
  const parts = load<u32>(matrix, PARTS);
  for (let part: u32 = 0; part < parts; part++) {
    const step = <usize>part * load<usize>(matrix, PART_STEP);
    const begins = load<usize>(matrix, BEGIN) + step;
    const ends = load<usize>(matrix, END) + step;
    const fromA = <usize>word(begins, a);
    const fromB = <usize>word(begins, b);
    const count = <usize>word(ends, a) - fromA;
    if (count != <usize>word(ends, b) - fromB) return false;
    if (!rowsEqual(idx + fromA * idxBytes, idx + fromB * idxBytes, count * idxBytes)) return false;
    if (!rowsEqual(values + (fromA << 2), values + (fromB << 2), count << 2)) return false;
  }
  return true;
}
