// The symbolic and numeric phases in plain JavaScript: what wasm/assembly/format-symbolic.ts, format-numeric.ts and
// format-dense.ts do, written for reading rather than speed.

import {
  fillsColumn,
  finishSum,
  type FormatViews,
  indexAt,
  positionOf,
  setIndex,
  type TaskView,
  writeResult,
} from "./format-memory.ts";
import { addEntries, addWeightRow, eachActivation, eachColumn, eachRow, eachWeight } from "./format-sums.ts";

export function symbolicPhase(v: FormatViews, task: TaskView): number {
  const { input, weights, firstColumn, endColumn } = task;
  if (input.dense) return input.nrows * (endColumn - firstColumn);
  return weights.byRows ? countRows(v, task) : countColumns(v, task);
}

function countColumns(v: FormatViews, task: TaskView): number {
  const { u32 } = v;
  const { input, rule, fills, marks, counts, firstColumn } = task;
  const expand = fills ? input.minorList : 0;
  u32.fill(0, marks, marks + input.nrows);
  let total = 0;
  eachColumn(v, task, (j, slot) => {
    let count = 0;
    if (fills && fillsColumn(v, rule, j)) count = input.nrows;
    else if (slot >= 0) {
      eachWeight(v, task, slot, (s) => {
        for (let q = u32[input.begin + s]; q < u32[input.end + s]; q++) {
          const index = indexAt(v, input, q);
          const mark = marks + (expand === 0 ? index : u32[expand + index]);
          if (u32[mark] !== slot + 1) count++;
          u32[mark] = slot + 1;
        }
      });
    }
    u32[counts + j - firstColumn] = count;
    total += count;
  });
  return total;
}

function countRows(v: FormatViews, task: TaskView): number {
  const { u32 } = v;
  const { weights, rule, fills, marks, counts, firstColumn, endColumn, cutBegin, cutEnd } = task;
  const expand = fills ? weights.minorList : 0;
  u32.fill(0, marks, marks + weights.ncols);
  let full = 0;
  for (let j = firstColumn; j < endColumn; j++) if (fills && fillsColumn(v, rule, j)) full++;
  let total = 0;
  eachRow(v, task, (r, row) => {
    let count = full;
    const mark = (j: number): void => {
      if (u32[marks + j] !== r + 1 && !(fills && fillsColumn(v, rule, j))) count++;
      u32[marks + j] = r + 1;
    };
    if (row >= 0) {
      eachActivation(v, task, row, (slot) => {
        if (weights.dense) for (let j = firstColumn; j < endColumn; j++) mark(j);
        else {
          for (let p = u32[cutBegin + slot]; p < u32[cutEnd + slot]; p++) {
            const index = indexAt(v, weights, p);
            mark(expand === 0 ? index : u32[expand + index]);
          }
        }
      });
    }
    u32[counts + r] = count;
    total += count;
  });
  return total;
}

export function numericPhase(v: FormatViews, task: TaskView): number {
  const { input, weights } = task;
  if (input.dense) return weights.byRows ? denseByRows(v, task) : denseByColumns(v, task);
  return weights.byRows ? sparseByRows(v, task) : sparseByColumns(v, task);
}

function sparseByColumns(v: FormatViews, task: TaskView): number {
  const { u8, u32, f32 } = v;
  const { input, output, fills, spa, place, flags, firstColumn } = task;
  const expand = fills ? input.minorList : 0;
  const spaLength = fills ? input.nrows : input.minorCount;
  if (output.minorList !== 0) u8.fill(0, flags, flags + spaLength);
  let at = place;
  let edges = 0;
  let listed = firstColumn;
  eachColumn(v, task, (j, slot) => {
    const begin = at;
    if (slot >= 0) {
      eachWeight(v, task, slot, (s, w) => {
        addEntries(v, input, u32[input.begin + s], u32[input.end + s], f32[w], spa, expand);
        edges += u32[input.end + s] - u32[input.begin + s];
      });
    }
    if (slot >= 0 || fills) {
      for (let m = 0; m < spaLength; m++) {
        if (takeEntry(v, task, spa + m, at, m, j)) at++;
      }
    }
    const to = output.majorList === 0 ? j : listed;
    if (output.majorList !== 0) {
      if (at === begin) return;
      u32[output.majorList + listed++] = j;
    }
    u32[output.begin + to] = begin;
    u32[output.end + to] = at;
  });
  writeResult(v, task, listed - firstColumn, at - place, edges);
  return at - place;
}

function sparseByRows(v: FormatViews, task: TaskView): number {
  const { u8, u32 } = v;
  const { weights, output, fills, spa, place, flags, part } = task;
  const columns = fills ? 0 : weights.minorList;
  const expand = fills ? weights.minorList : 0;
  const first = positionOf(v, columns, weights.minorCount, task.firstColumn);
  const end = positionOf(v, columns, weights.minorCount, task.endColumn);
  const isReal = output.minorList === 0;
  if (!isReal) u8.fill(0, flags + first, flags + end);
  let at = place;
  let edges = 0;
  const results = eachRow(v, task, (r, row) => {
    if (row >= 0) {
      eachActivation(v, task, row, (slot, y) => {
        edges += addWeightRow(v, task, slot, y, spa, expand);
      });
    }
    u32[output.begin + part * output.partStep + r] = at;
    for (let m = first; m < end; m++) {
      const j = columns === 0 ? m : u32[columns + m];
      if (takeEntry(v, task, spa + m, at, isReal ? j : m, j)) at++;
    }
    u32[output.end + part * output.partStep + r] = at;
  });
  writeResult(v, task, results, at - place, edges);
  return at - place;
}

/** Empties one word of the SPA into entry `at` with `index`; false when there is nothing to store. */
function takeEntry(v: FormatViews, task: TaskView, word: number, at: number, index: number, j: number): boolean {
  const { u8, f32 } = v;
  const { output, rule, fills } = task;
  const z = f32[word];
  if (z === 0 && !fills) return false;
  f32[word] = 0;
  const value = finishSum(v, rule, z, j);
  if (value === 0 && !rule.isSoftmax) return false;
  setIndex(v, output, at, index);
  f32[output.values + at] = value;
  if (output.minorList !== 0) u8[task.flags + index] = 1;
  return true;
}

/** Dense columns or rows x weights by columns. */
function denseByColumns(v: FormatViews, task: TaskView): number {
  const { f32 } = v;
  const { input, output, rule, firstColumn, endColumn } = task;
  const [rowStep, colStep] = input.byRows ? [input.denseStep, 1] : [1, input.denseStep];
  const [outRowStep, outColStep] = output.byRows ? [output.denseStep, 1] : [1, output.denseStep];
  let edges = 0;
  eachColumn(v, task, (j, slot) => {
    const out = output.values + j * outColStep;
    for (let i = 0; i < input.nrows; i++) f32[out + i * outRowStep] = 0;
    if (slot >= 0) {
      eachWeight(v, task, slot, (k, w) => {
        const column = input.values + k * colStep;
        const weight = f32[w];
        for (let i = 0; i < input.nrows; i++) {
          f32[out + i * outRowStep] += Math.fround(weight * f32[column + i * rowStep]);
        }
        edges += input.nrows;
      });
    }
    for (let i = 0; i < input.nrows; i++) f32[out + i * outRowStep] = finishSum(v, rule, f32[out + i * outRowStep], j);
  });
  const nnz = input.nrows * (endColumn - firstColumn);
  writeResult(v, task, endColumn - firstColumn, nnz, edges);
  return nnz;
}

function denseByRows(v: FormatViews, task: TaskView): number {
  const { u32, f32 } = v;
  const { input, weights, output, rule, join, firstColumn, endColumn } = task;
  let edges = 0;
  for (let i = 0; i < input.nrows; i++) {
    const row = input.values + i * input.denseStep;
    const out = output.values + i * output.denseStep;
    f32.fill(0, out + firstColumn, out + endColumn);
    for (let k = 0; k < input.ncols; k++) {
      const slot = join === 0 ? k : u32[join + k];
      if (slot < weights.slots) edges += addWeightRow(v, task, slot, f32[row + k], out, weights.minorList);
    }
    for (let j = firstColumn; j < endColumn; j++) f32[out + j] = finishSum(v, rule, f32[out + j], j);
  }
  const nnz = input.nrows * (endColumn - firstColumn);
  writeResult(v, task, endColumn - firstColumn, nnz, edges);
  return nnz;
}
