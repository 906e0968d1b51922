// The plain JavaScript format kernels: the same interface on the same records, without WebAssembly. The phases are in
// format-phases.ts; here is what surrounds them.

import type { FormatKernels } from "../format-kernels.ts";
import { MATRIX_FIELD, TASK_FIELD } from "../format-records.ts";
import { eachEntry, fillMatrix, type RowEntry } from "./format-entries.ts";
import {
  type FormatViews,
  indexAt,
  type MatrixView,
  NONE,
  positionOf,
  readMatrix,
  readTaskRecord,
  setIndex,
  type TaskView,
  viewsOfMemory,
} from "./format-memory.ts";
import { numericPhase, symbolicPhase } from "./format-phases.ts";
import { compareRows, hashRows, keepRows } from "./format-thin.ts";

/** Format kernels on `memory`; views follow its growth. */
export function makeJsFormatKernels(memory: WebAssembly.Memory): FormatKernels {
  let views = viewsOfMemory(memory);
  const current = (): FormatViews => {
    if (views.u8.byteLength !== memory.buffer.byteLength) views = viewsOfMemory(memory);
    return views;
  };
  const withTask = <T>(address: number, run: (v: FormatViews, task: TaskView) => T): T => {
    const v = current();
    return run(v, readTaskRecord(v, address));
  };
  return {
    join: (task) => withTask(task, fillJoin),
    cut(weights, j, target) {
      const v = current();
      cutRows(v, readMatrix(v, weights), j, target >>> 2);
    },
    symbolic: (task) => withTask(task, symbolicPhase),
    numeric: (task) => withTask(task, numericPhase),
    seal(tasks, count) {
      const v = current();
      const list = Array.from(v.u32.subarray(tasks >>> 2, (tasks >>> 2) + count), (task) => readTaskRecord(v, task));
      return joinParts(v, list) ? 1 : 0;
    },
    relabel: (task) =>
      withTask(task, (v, { record, output, place }) => {
        const end = place + v.u32[record + TASK_FIELD.nnz];
        for (let p = place; p < end; p++) setIndex(v, output, p, v.u32[output.renumber + indexAt(v, output, p)]);
      }),
    softmaxMatrix(matrix, firstRow, endRow) {
      const v = current();
      const view = readMatrix(v, matrix);
      for (let i = firstRow; i < endRow; i++) softmaxWords(v, wordsOfFullRow(v, view, i));
    },
    loadMatrix(matrix, rowList, rowPtr, colIdx, colIdxBytes, values, valueStep) {
      const v = current();
      const view = readMatrix(v, matrix);
      const entries: RowEntry[] = [];
      for (let r = 0; r < view.nrows; r++) {
        const row = (rowPtr >>> 2) + v.u32[(rowList >>> 2) + r];
        for (let p = v.u32[row]; p < v.u32[row + 1]; p++) {
          const column = colIdxBytes === 2 ? v.u16[(colIdx >>> 1) + p] : v.u32[(colIdx >>> 2) + p];
          entries.push([r, column, v.f32[(values + p * valueStep) >>> 2]]);
        }
      }
      fillMatrix(v, matrix, entries);
    },
    storeMatrix(matrix, out, rowStep) {
      const v = current();
      const view = readMatrix(v, matrix);
      for (let i = 0; i < view.nrows; i++) {
        const row = (out + i * rowStep) >>> 2;
        v.f32.fill(0, row, row + view.ncols);
      }
      eachEntry(v, view, (i, j, value) => {
        v.f32[((out + i * rowStep) >>> 2) + j] = value;
      });
    },
    liveRows(matrix, flags) {
      const v = current();
      const view = readMatrix(v, matrix);
      v.u8.fill(0, flags, flags + view.nrows);
      eachEntry(v, view, (i, _, value) => {
        if (value !== 0) v.u8[flags + i] = 1;
      });
      let count = 0;
      for (let i = 0; i < view.nrows; i++) count += v.u8[flags + i];
      return count;
    },
    hashRows(matrix, hashes) {
      const v = current();
      hashRows(v, readMatrix(v, matrix), hashes >>> 2);
    },
    compareRows(matrix, twins) {
      const v = current();
      compareRows(v, readMatrix(v, matrix), twins >>> 2);
    },
    keepRows(matrix, rows, count) {
      keepRows(current(), matrix, rows >>> 2, count);
    },
  };
}

function fillJoin(v: FormatViews, { input, weights, join }: TaskView): void {
  if (join === 0) return;
  const { u32 } = v;
  const from = weights.byRows ? input : weights;
  const to = weights.byRows ? weights : input;
  for (let x = 0; x < from.minorCount; x++) {
    const k = from.minorList === 0 ? x : u32[from.minorList + x];
    const slot = positionOf(v, to.majorList, to.slots, k);
    const isFound = to.majorList === 0 || (slot < to.slots && u32[to.majorList + slot] === k);
    u32[join + x] = isFound ? slot : NONE;
  }
}

function cutRows(v: FormatViews, weights: MatrixView, j: number, target: number): void {
  const m = positionOf(v, weights.minorList, weights.minorCount, j);
  for (let s = 0; s < weights.slots; s++) {
    let p = v.u32[weights.begin + s];
    while (p < v.u32[weights.end + s] && indexAt(v, weights, p) < m) p++;
    v.u32[target + s] = p;
  }
}

/** See wasm/assembly/format-seal.ts; true when the parts must be relabelled. */
function joinParts(v: FormatViews, tasks: readonly TaskView[]): boolean {
  const { u32 } = v;
  const { output } = tasks[0];
  if (output.dense) return false;
  if (output.byRows) u32[output.record + MATRIX_FIELD.parts] = tasks.length;
  if (output.majorList === 0) return false;
  u32[output.record + MATRIX_FIELD.slots] = output.byRows ? joinRows(v, tasks) : joinColumns(v, tasks);
  return output.minorList !== 0 && joinMinors(v, tasks);
}

function joinColumns({ u32 }: FormatViews, tasks: readonly TaskView[]): number {
  const { output } = tasks[0];
  let to = 0;
  for (const { record, firstColumn } of tasks) {
    const end = firstColumn + u32[record + TASK_FIELD.listed];
    for (let from = firstColumn; from < end; from++, to++) {
      for (const array of [output.majorList, output.begin, output.end]) u32[array + to] = u32[array + from];
    }
  }
  return to;
}

function joinRows({ u32 }: FormatViews, tasks: readonly TaskView[]): number {
  const { record, input, output, fills } = tasks[0];
  const results = u32[record + TASK_FIELD.listed];
  let to = 0;
  for (let r = 0; r < results; r++) {
    let isUsed = false;
    for (let part = 0; part < tasks.length; part++) {
      const at = part * output.partStep;
      if (u32[output.begin + at + r] !== u32[output.end + at + r]) isUsed = true;
      for (const array of [output.begin, output.end]) u32[array + at + to] = u32[array + at + r];
    }
    if (isUsed) u32[output.majorList + to++] = fills || input.majorList === 0 ? r : u32[input.majorList + r];
  }
  return to;
}

function joinMinors(v: FormatViews, tasks: readonly TaskView[]): boolean {
  const { u8, u32 } = v;
  const { input, weights, output, fills } = tasks[0];
  const source = output.byRows ? weights : input;
  const sourceList = fills ? 0 : source.minorList;
  const length = sourceList === 0 ? (output.byRows ? output.ncols : output.nrows) : source.minorCount;
  let used = 0;
  for (let m = 0; m < length; m++) {
    const index = sourceList === 0 ? m : u32[sourceList + m];
    // By rows a part has flags for its own columns only.
    const isUsed = tasks.some(
      (t) => (!output.byRows || (index >= t.firstColumn && index < t.endColumn)) && u8[t.flags + m] !== 0,
    );
    if (!isUsed) continue;
    u32[output.renumber + m] = used;
    u32[output.minorList + used++] = index;
  }
  u32[output.record + MATRIX_FIELD.minorCount] = used;
  return used !== length;
}

/** Words of the values of row i in order of columns, of a matrix of which every entry is stored. */
function wordsOfFullRow({ u32 }: FormatViews, matrix: MatrixView, i: number): number[] {
  const { byRows, dense, values, denseStep, ncols } = matrix;
  const columns = Array.from({ length: ncols }, (_, j) => j);
  if (dense) return columns.map((j) => values + (byRows ? i * denseStep + j : j * denseStep + i));
  if (!byRows) return columns.map((j) => values + u32[matrix.begin + j] + i);
  const words: number[] = [];
  for (let part = 0; part < matrix.parts; part++) {
    const at = part * matrix.partStep + i;
    for (let p = u32[matrix.begin + at]; p < u32[matrix.end + at]; p++) words.push(values + p);
  }
  return words;
}

function softmaxWords({ f32 }: FormatViews, words: readonly number[]): void {
  let largest = -Infinity;
  for (const word of words) largest = Math.max(largest, f32[word]);
  let sum = 0;
  for (const word of words) {
    f32[word] = Math.exp(f32[word] - largest);
    sum += f32[word];
  }
  for (const word of words) f32[word] /= sum;
}
