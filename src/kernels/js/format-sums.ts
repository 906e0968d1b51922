// Sums of the plain format kernels: what one column (row) of the result adds up, one product and one addition in f32 a
// step, by rising inner index. Accumulators are f32 words of the memory: the SPA, or the dense result itself.

import { type FormatViews, indexAt, type MatrixView, NONE, type TaskView } from "./format-memory.ts";

const { fround } = Math;

/** Calls `visit` for each weight of column slot `slot` that meets a slot of the input: that slot, and the weight's word. */
export function eachWeight(
  v: FormatViews,
  { weights, join }: TaskView,
  slot: number,
  visit: (inputSlot: number, weight: number) => void,
): void {
  const { u32 } = v;
  const first = weights.dense ? 0 : u32[weights.begin + slot];
  const end = weights.dense ? weights.nrows : u32[weights.end + slot];
  const values = weights.values + (weights.dense ? slot * weights.denseStep : 0);
  for (let p = first; p < end; p++) {
    const k = weights.dense ? p : indexAt(v, weights, p);
    const s = join === 0 ? k : u32[join + k];
    if (s !== NONE) visit(s, values + p * weights.valueStep);
  }
}

/** Calls `visit` for each entry of row slot `s` of the input, through all parts, that meets a slot of the weights. */
export function eachActivation(
  v: FormatViews,
  { input, join }: TaskView,
  s: number,
  visit: (weightSlot: number, y: number) => void,
): void {
  const { u32, f32 } = v;
  for (let part = 0; part < input.parts; part++) {
    const at = part * input.partStep + s;
    for (let q = u32[input.begin + at]; q < u32[input.end + at]; q++) {
      const k = indexAt(v, input, q);
      const slot = join === 0 ? k : u32[join + k];
      if (slot !== NONE) visit(slot, f32[input.values + q]);
    }
  }
}

/** sums[i] += factor x value for the entries first .. end-1 of a matrix; with `expand`, i = list[index]. */
export function addEntries(
  v: FormatViews,
  matrix: MatrixView,
  first: number,
  end: number,
  factor: number,
  sums: number,
  expand: number,
): void {
  const { u32, f32 } = v;
  for (let p = first; p < end; p++) {
    const index = indexAt(v, matrix, p);
    const at = sums + (expand === 0 ? index : u32[expand + index]);
    f32[at] += fround(factor * f32[matrix.values + p * matrix.valueStep]);
  }
}

/** The products of one activation with the part's columns of a row of the weights; returns their number. */
export function addWeightRow(
  v: FormatViews,
  { weights, firstColumn, endColumn, cutBegin, cutEnd }: TaskView,
  slot: number,
  y: number,
  sums: number,
  expand: number,
): number {
  const { u32, f32 } = v;
  if (weights.dense) {
    const row = weights.values + slot * weights.denseStep;
    for (let j = firstColumn; j < endColumn; j++) f32[sums + j] += fround(y * f32[row + j]);
    return endColumn - firstColumn;
  }
  const first = u32[cutBegin + slot];
  const end = u32[cutEnd + slot];
  addEntries(v, weights, first, end, y, sums, expand);
  return end - first;
}

/** For every column of the part, its slot in the weights or -1. */
export function eachColumn(v: FormatViews, task: TaskView, visit: (j: number, slot: number) => void): void {
  const { weights, firstColumn, endColumn } = task;
  let slot = 0;
  if (weights.majorList !== 0) while (slot < weights.slots && v.u32[weights.majorList + slot] < firstColumn) slot++;
  for (let j = firstColumn; j < endColumn; j++) {
    if (weights.majorList === 0) visit(j, j);
    else if (slot < weights.slots && v.u32[weights.majorList + slot] === j) visit(j, slot++);
    else visit(j, -1);
  }
}

/** For every row of the result, its slot in the input or -1; returns the number of rows. */
export function eachRow(v: FormatViews, { input, fills }: TaskView, visit: (r: number, slot: number) => void): number {
  if (!fills || input.majorList === 0) {
    for (let s = 0; s < input.slots; s++) visit(s, s);
    return input.slots;
  }
  let slot = 0;
  for (let r = 0; r < input.nrows; r++) {
    const isListed = slot < input.slots && v.u32[input.majorList + slot] === r;
    visit(r, isListed ? slot++ : -1);
  }
  return input.nrows;
}
