// The numeric phase of sparse x sparse: every column (row) of the part is summed in a dense accumulator, the SPA, then bias
// and activation are applied while it is emptied, and what is exactly zero afterwards is not stored.
// Every sum runs over the inner index in rising order with one product and one addition a step, by columns and by rows
// alike: the same bits whatever the formats, the split of the columns, or the batch.

import {
  BEGIN, CUT_BEGIN, CUT_END, DENSE, DENSE_STEP, EDGES, END, END_COLUMN, FILLS, FIRST_COLUMN, FLAGS, IDX, IDX_BYTES,
  INPUT, JOIN, LISTED, MAJOR_LIST, MINOR_COUNT, MINOR_LIST, NNZ, NONE, NROWS, OUTPUT, PART, PARTS, PART_STEP, PLACE,
  RULE, SLOTS, SPA, VALUES, VALUE_STEP, WEIGHTS, indexAt, positionOf, setIndex, setWord, word,
} from "./format-record";
import { addEightColumns, clearPanel, EIGHT, takeColumn } from "./format-eight";
import { biasAt, finishSum, isClipOfOneBias, isSoftmax } from "./format-rule";
import { BIAS_STEP, HIGH, LOW } from "./layer";

/** spa[i] += w y for entries q .. end-1; with `expand`, indices are positions in that list. */
// @ts-ignore: decorator
@inline function addEntries<I>(
  spa: usize, w: f32, q: u32, end: u32, idx: usize, values: usize, valueStep: usize, expand: usize,
): void {
  if (expand == 0) {
    for (; q < end; q++) {
      const at = spa + (<usize>load<I>(idx + <usize>q * sizeof<I>()) << 2);
      store<f32>(at, load<f32>(at) + w * load<f32>(values + <usize>q * valueStep));
    }
    return;
  }
  for (; q < end; q++) {
    const at = spa + (<usize>word(expand, <u32>load<I>(idx + <usize>q * sizeof<I>())) << 2);
    store<f32>(at, load<f32>(at) + w * load<f32>(values + <usize>q * valueStep));
  }
}

/** Adds all products of one column of sparse weights to the SPA; returns their number. */
function addColumn<I>(task: usize, slot: u32, expand: usize): u64 {
  const input = load<usize>(task, INPUT);
  const weights = load<usize>(task, WEIGHTS);
  const join = load<usize>(task, JOIN);
  const spa = load<usize>(task, SPA);
  const begins = load<usize>(input, BEGIN);
  const ends = load<usize>(input, END);
  const idx = load<usize>(input, IDX);
  const values = load<usize>(input, VALUES);
  const weightIdx = load<usize>(weights, IDX);
  const idxBytes = load<u32>(weights, IDX_BYTES);
  const weightStep = load<usize>(weights, VALUE_STEP);
  const column = load<usize>(weights, VALUES);
  let p = word(load<usize>(weights, BEGIN), slot);
  const last = word(load<usize>(weights, END), slot);
  let edges: u64 = 0;
  for (; p < last; p++) {
    const k = indexAt(weightIdx, idxBytes, p);
    const s = join == 0 ? k : word(join, k);
    if (s == NONE) continue;
    const q = word(begins, s);
    const end = word(ends, s);
    addEntries<I>(spa, load<f32>(column + <usize>p * weightStep), q, end, idx, values, 4, expand);
    edges += <u64>(end - q);
  }
  return edges;
}

/**
 * Empties elements first .. end-1 of the SPA into entries of the result from `at` on; returns the end of these.
 * By columns `j` is the column and the element's number the index; by rows the element's number, through `columns` if
 * that is not 0, is the column. `flags`, if not 0, are set for the indices stored.
 */
function takeEntries(
  task: usize, at: u32, first: u32, end: u32, byRows: bool, j: u32, columns: usize, real: bool,
): u32 {
  const output = load<usize>(task, OUTPUT);
  const rule = load<usize>(task, RULE);
  const spa = load<usize>(task, SPA);
  const idx = load<usize>(output, IDX);
  const idxBytes = load<u32>(output, IDX_BYTES);
  const values = load<usize>(output, VALUES);
  const flags: usize = load<usize>(output, MINOR_LIST) == 0 ? 0 : load<usize>(task, FLAGS);
  const fills = load<u32>(task, FILLS) != 0;
  const all = fills && isSoftmax(rule);
  let bias: f32 = 0;
  if (!byRows) bias = biasAt(rule, j);
  else if (load<usize>(rule, BIAS_STEP) == 0) bias = biasAt(rule, 0);
  const isClip = isClipOfOneBias(rule, byRows);
  const low = v128.load_splat<f32>(rule + LOW);
  const high = v128.load_splat<f32>(rule + HIGH);
  let m = first;
  while (m < end) {
    if (!fills && m + 4 <= end) {
      // Four zeros at once; -0 counts as an entry here and is dropped below.
      const four = spa + (<usize>m << 2);
      const z = v128.load(four);
      if (!v128.any_true(z)) {
        m += 4;
        continue;
      }
      // Four sums that bias and bounds make zero, as they do with most. What is zero already stays so: nothing fills.
      if (isClip) {
        let v = f32x4.add(z, f32x4.splat(bias));
        v = v128.bitselect(z, v, f32x4.eq(z, f32x4.splat(0)));
        v = v128.bitselect(low, v, f32x4.lt(v, low));
        v = v128.bitselect(high, v, f32x4.gt(v, high));
        if (!v128.any_true(f32x4.ne(v, f32x4.splat(0)))) {
          v128.store(four, f32x4.splat(0));
          m += 4;
          continue;
        }
      }
    }
    const stop = min(m + 4, end);
    for (; m < stop; m++) {
      const z = load<f32>(spa + (<usize>m << 2));
      if (z == 0 && !fills) continue;
      store<f32>(spa + (<usize>m << 2), 0);
      const column = columns == 0 ? m : word(columns, m);
      if (byRows) bias = biasAt(rule, column);
      const v = finishSum(rule, z, bias);
      if (v == 0 && !all) continue;
      setIndex(idx, idxBytes, at, byRows && real ? column : m);
      store<f32>(values + (<usize>at << 2), v);
      if (flags != 0) store<u8>(flags + <usize>m, 1);
      at++;
    }
  }
  return at;
}

/** `spaLength`: how many elements of the SPA are in use, the same for every column of the part. */
export function numericByColumns<I>(task: usize): u32 {
  const input = load<usize>(task, INPUT);
  const weights = load<usize>(task, WEIGHTS);
  const output = load<usize>(task, OUTPUT);
  const fills = load<u32>(task, FILLS) != 0;
  const first = load<u32>(task, FIRST_COLUMN);
  const end = load<u32>(task, END_COLUMN);
  const list = load<usize>(weights, MAJOR_LIST);
  const slots = load<u32>(weights, SLOTS);
  const endSlot = positionOf(list, slots, end);
  const outList = load<usize>(output, MAJOR_LIST);
  const begins = load<usize>(output, BEGIN);
  const ends = load<usize>(output, END);
  const expand: usize = fills ? load<usize>(input, MINOR_LIST) : 0;
  const spaLength = fills ? load<u32>(input, NROWS) : load<u32>(input, MINOR_COUNT);
  if (load<usize>(output, MINOR_LIST) != 0) memory.fill(load<usize>(task, FLAGS), 0, <usize>spaLength);
  const place = load<u32>(task, PLACE);
  let at = place;
  let edges: u64 = 0;
  let listed = first;
  let slot = positionOf(list, slots, first);
  const dense = load<u32>(weights, DENSE) != 0;
  let products: u64 = 0;
  for (let j = first; j < end; j++) {
    // Unlisted columns of the weights have no sums; they matter where the bias fills them or the result lists all.
    const next = slot < endSlot ? (list == 0 ? slot : word(list, slot)) : end;
    if (outList != 0 && !fills) {
      j = next;
      if (j >= end) break;
    }
    const begin = at;
    if (dense) {
      const c = (j - first) % EIGHT;
      if (c == 0) {
        clearPanel(task, spaLength);
        products = addEightColumns<I>(task, j, min(EIGHT, end - j), expand);
      }
      takeColumn(task, c, spaLength);
      edges += products;
      slot++;
    } else if (next == j) edges += addColumn<I>(task, slot++, expand);
    if (next == j || fills) at = takeEntries(task, at, 0, spaLength, false, j, 0, false);
    if (outList == 0) {
      setWord(begins, j, begin);
      setWord(ends, j, at);
    } else if (at > begin) {
      setWord(outList, listed, j);
      setWord(begins, listed, begin);
      setWord(ends, listed, at);
      listed++;
    }
  }
  store<u32>(task, listed - first, LISTED);
  store<u32>(task, at - place, NNZ);
  store<u64>(task, edges, EDGES);
  return at - place;
}

/** Adds all products of one row of the input, with the part's columns of the weights, to the SPA; returns their number. */
function addRow<I>(task: usize, s: u32, expand: usize): u64 {
  const input = load<usize>(task, INPUT);
  const weights = load<usize>(task, WEIGHTS);
  const join = load<usize>(task, JOIN);
  const spa = load<usize>(task, SPA);
  const idx = load<usize>(input, IDX);
  const idxBytes = load<u32>(input, IDX_BYTES);
  const values = load<usize>(input, VALUES);
  const parts = load<u32>(input, PARTS);
  const dense = load<u32>(weights, DENSE) != 0;
  const weightIdx = load<usize>(weights, IDX);
  const weightValues = load<usize>(weights, VALUES);
  const weightStep = load<usize>(weights, VALUE_STEP);
  const cutBegin = load<usize>(task, CUT_BEGIN);
  const cutEnd = load<usize>(task, CUT_END);
  let edges: u64 = 0;
  for (let part: u32 = 0; part < parts; part++) {
    const step = <usize>part * load<usize>(input, PART_STEP);
    const last = word(load<usize>(input, END) + step, s);
    for (let q = word(load<usize>(input, BEGIN) + step, s); q < last; q++) {
      const k = indexAt(idx, idxBytes, q);
      const slot = join == 0 ? k : word(join, k);
      if (slot == NONE) continue;
      const y = load<f32>(values + (<usize>q << 2));
      if (dense) {
        const row = weightValues + <usize>slot * load<usize>(weights, DENSE_STEP);
        addDenseRow(spa, row, y, load<u32>(task, FIRST_COLUMN), load<u32>(task, END_COLUMN));
        edges += <u64>(load<u32>(task, END_COLUMN) - load<u32>(task, FIRST_COLUMN));
        continue;
      }
      const p = word(cutBegin, slot);
      const end = word(cutEnd, slot);
      addEntries<I>(spa, y, p, end, weightIdx, weightValues, weightStep, expand);
      edges += <u64>(end - p);
    }
  }
  return edges;
}

/** spa[j] += y row[j] for j of first .. end-1. */
export function addDenseRow(spa: usize, row: usize, y: f32, first: u32, end: u32): void {
  let j = <usize>first << 2;
  const stop = <usize>end << 2;
  const four = f32x4.splat(y);
  for (; j + 16 <= stop; j += 16) {
    v128.store(spa + j, f32x4.add(v128.load(spa + j), f32x4.mul(four, v128.load(row + j))));
  }
  for (; j < stop; j += 4) store<f32>(spa + j, load<f32>(spa + j) + y * load<f32>(row + j));
}

export function numericByRows<I>(task: usize): u32 {
  const input = load<usize>(task, INPUT);
  const weights = load<usize>(task, WEIGHTS);
  const output = load<usize>(task, OUTPUT);
  const fills = load<u32>(task, FILLS) != 0;
  const columns: usize = fills ? 0 : load<usize>(weights, MINOR_LIST);
  const expand: usize = fills ? load<usize>(weights, MINOR_LIST) : 0;
  const first = positionOf(columns, load<u32>(weights, MINOR_COUNT), load<u32>(task, FIRST_COLUMN));
  const end = positionOf(columns, load<u32>(weights, MINOR_COUNT), load<u32>(task, END_COLUMN));
  const list = load<usize>(input, MAJOR_LIST);
  const slots = load<u32>(input, SLOTS);
  const part = load<usize>(task, PART) * load<usize>(output, PART_STEP);
  const begins = load<usize>(output, BEGIN) + part;
  const ends = load<usize>(output, END) + part;
  // Triply compressed results keep the SPA's numbering until the parts are joined (format-seal.ts).
  const real = load<usize>(output, MINOR_LIST) == 0;
  if (!real) memory.fill(load<usize>(task, FLAGS) + <usize>first, 0, <usize>(end - first));
  const results = fills ? load<u32>(input, NROWS) : slots;
  const place = load<u32>(task, PLACE);
  let at = place;
  let edges: u64 = 0;
  let next: u32 = 0;
  for (let r: u32 = 0; r < results; r++) {
    if (!fills || list == 0) edges += addRow<I>(task, r, expand);
    else if (next < slots && word(list, next) == r) edges += addRow<I>(task, next++, expand);
    setWord(begins, r, at);
    at = takeEntries(task, at, first, end, true, 0, columns, real);
    setWord(ends, r, at);
  }
  store<u32>(task, results, LISTED);
  store<u32>(task, at - place, NNZ);
  store<u64>(task, edges, EDGES);
  return at - place;
}
