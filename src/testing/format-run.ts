// Runs layers through the format kernels as an engine does: place, load, then for each layer the phases with the
// columns split into parts, each part its own task, parts taking turns instead of running at once. Every promise that the
// interface makes on the way is asserted.

import assert from "node:assert/strict";
import type { FormatKernels } from "../kernels/format-kernels.ts";
import { type FormatPair, isByRows, isDense } from "../kernels/format-pairs.ts";
import {
  fillsZeros,
  MATRIX_FIELD,
  placeActivations,
  type PlacedMatrix,
  placeRule,
  placeTask,
  placeWeights,
  readTask,
  resetActivations,
  setPlace,
  setTask,
  TASK_FIELD,
} from "../kernels/format-records.ts";
import { activate } from "../network/layer-rule.ts";
import type { Layer } from "../network/network.ts";
import { denseToCsr } from "../sparse/convert.ts";
import { checkThinning } from "./format-thinning.ts";
import { assertWritesOnly, type KernelMemory } from "./kernel-memory.ts";

export interface FormatRun {
  readonly space: KernelMemory;
  readonly kernels: FormatKernels;
  readonly pair: FormatPair;
  readonly what: string;
}

/** Ends of the parts as shares of the columns, rising to 1. */
export type Split = readonly number[];

export interface FormatResult {
  /** nrows x last layer's ncols, row-major. */
  readonly rows: Float32Array;
  /** Entries stored by the last layer; rows x columns when dense. */
  readonly nnz: number;
  /** Products computed, all layers. */
  readonly edges: number;
}

/** Shapes: `rows`: nrows x layers[0].weights.nrows, row-major. */
export function runFormats(
  run: FormatRun,
  layers: readonly Layer[],
  rows: Float64Array,
  nrows: number,
  split: Split,
): FormatResult {
  const { space, kernels, pair } = run;
  const { memory } = space;
  const inner = Math.max(...layers.map(({ weights }) => weights.nrows));
  const width = Math.max(inner, ...layers.map(({ weights }) => weights.ncols));
  const written: [number, number][] = [];
  const allocate = (bytes: number, what: string): number => {
    const address = space.allocate(bytes, what);
    written.push([address, address + bytes]);
    return address;
  };
  const room = { maxRows: nrows, maxCols: width, maxEntries: nrows * width, maxParts: split.length };
  let input = placeActivations(pair.activations, room, memory, allocate, "input");
  let output = placeActivations(pair.activations, room, memory, allocate, "output");
  const tasks = split.map((_, t) =>
    placeTask(pair.activations, { maxRows: nrows, maxCols: width, maxInner: inner }, memory, allocate, `task ${t}`),
  );
  const taskList = allocate(tasks.length * 4, "tasks");
  new Uint32Array(memory.buffer, taskList, tasks.length).set(tasks.map((task) => task.address));
  const guard = (what: string, call: () => void): void => assertWritesOnly(space, written, `${run.what} ${what}`, call);

  loadInput(run, input, layers[0].weights.nrows, rows, nrows, guard);
  let edges = 0;
  let nnz = 0;
  for (const [l, layer] of layers.entries()) {
    const { weights } = layer;
    const placed = placeWeights(weights, pair.weights, memory, space.allocate, `layer ${l}`);
    const rule = placeRule(layer, memory, space.allocate, `layer ${l}`);
    assert.equal(rule.fills, fillsZeros(layer.rule, layer.bias));
    resetActivations(output, nrows, weights.ncols, memory);
    const ends = split.map((share) => Math.round(share * weights.ncols));
    const structure = isDense(pair.activations)
      ? null
      : countStructure(layer, readMatrixRows(run, input, nrows), nrows, isDense(pair.weights));
    let place = 0;
    const counts = tasks.map((task, part) => {
      const firstColumn = part === 0 ? 0 : ends[part - 1];
      const endColumn = ends[part];
      const cuts =
        isByRows(pair.weights) && !isDense(pair.weights)
          ? { begin: allocate(placed.slots * 4, "cut"), end: allocate(placed.slots * 4, "cut") }
          : null;
      const setting = { input, weights: placed, output, rule, part, firstColumn, endColumn, cuts, place: 0 };
      setTask(task, setting, memory);
      let total = 0;
      guard("before numeric", () => {
        if (cuts !== null) {
          kernels.cut(placed.address, firstColumn, cuts.begin);
          kernels.cut(placed.address, endColumn, cuts.end);
        }
        kernels.join(task.address);
        total = kernels.symbolic(task.address);
      });
      if (structure !== null) {
        const expected = structure(firstColumn, endColumn);
        assert.equal(total, expected.total, `${run.what}: symbolic total of part ${part} of layer ${l}`);
        checkCounts(run, task.address, expected, isByRows(pair.activations), input);
      }
      return total;
    });
    nnz = 0;
    for (const [part, task] of tasks.entries()) {
      setPlace(task, place, memory);
      place += counts[part];
      let stored = 0;
      guard("numeric", () => {
        stored = kernels.numeric(task.address);
      });
      assert.ok(stored <= counts[part], `${run.what}: part ${part} stores ${stored} of ${counts[part]}`);
      const result = readTask(task, memory);
      assert.equal(result.nnz, stored);
      edges += result.edges;
      nnz += stored;
    }
    guard("seal", () => {
      if (kernels.seal(taskList, tasks.length) === 1) for (const task of tasks) kernels.relabel(task.address);
    });
    if (rule.isSoftmax) {
      const middle = Math.floor(nrows / 2);
      guard("softmax", () => {
        kernels.softmaxMatrix(output.address, middle, nrows);
        kernels.softmaxMatrix(output.address, 0, middle);
      });
    }
    checkSealed(run, output, nrows, weights.ncols);
    [input, output] = [output, input];
  }
  for (const task of tasks)
    checkSpaIsZero(run, task.address, isDense(pair.activations) ? 0 : isByRows(pair.activations) ? width : nrows);
  const dense = readMatrixRows(run, input, nrows);
  checkLiveRows(run, input, dense, nrows, allocate);
  checkThinning(run, input, dense, nrows, allocate);
  return { rows: dense, nnz, edges };
}

function loadInput(
  { space, kernels }: FormatRun,
  input: PlacedMatrix,
  ncols: number,
  rows: Float64Array,
  nrows: number,
  guard: (what: string, call: () => void) => void,
): void {
  const csr = denseToCsr(Float32Array.from(rows), nrows, ncols);
  const put = (array: Uint16Array | Uint32Array | Float32Array): number => {
    const address = space.allocate(array.byteLength, "rows");
    new Uint8Array(space.memory.buffer, address, array.byteLength).set(
      new Uint8Array(array.buffer, array.byteOffset, array.byteLength),
    );
    return address;
  };
  const rowList = put(Uint32Array.from({ length: nrows }, (_, r) => r));
  const addresses = [put(csr.rowPtr), put(csr.colIdx)] as const;
  const values = put(csr.values);
  resetActivations(input, nrows, ncols, space.memory);
  const valueStep = csr.values.length === 1 && csr.colIdx.length !== 1 ? 0 : 4;
  guard("load", () =>
    kernels.loadMatrix(input.address, rowList, ...addresses, csr.colIdx.BYTES_PER_ELEMENT, values, valueStep),
  );
}

/** Dense rows of a matrix, by the kernel. */
function readMatrixRows({ space, kernels }: FormatRun, matrix: PlacedMatrix, nrows: number): Float32Array {
  const ncols = new Uint32Array(space.memory.buffer, matrix.address)[MATRIX_FIELD.ncols];
  const step = ncols * 4 + 8;
  const out = space.allocate(nrows * step, "dense rows");
  kernels.storeMatrix(matrix.address, out, step);
  const rows = new Float32Array(nrows * ncols);
  for (let i = 0; i < nrows; i++) rows.set(new Float32Array(space.memory.buffer, out + i * step, ncols), i * ncols);
  return rows;
}

interface Structure {
  readonly total: number;
  /** Entries of column j (by its number), and of row i, within the part. */
  readonly columns: ReadonlyMap<number, number>;
  readonly rows: readonly number[];
}

/** Entries that Z has a product for, or that bias and activation fill: by sets, without kernels. Dense weights store every entry. */
function countStructure(
  layer: Layer,
  rows: Float32Array,
  nrows: number,
  isDenseWeights: boolean,
): (first: number, end: number) => Structure {
  const { weights, bias, rule } = layer;
  const reads: Set<number>[] = Array.from({ length: nrows }, (_, i) => {
    const live = new Set<number>();
    for (let k = 0; k < weights.nrows; k++) if (rows[i * weights.nrows + k] !== 0) live.add(k);
    return live;
  });
  const isFull = (j: number): boolean => {
    const b = rule.biasRule === "all" ? (bias.length === 1 ? bias[0] : bias[j]) : 0;
    return rule.activation.kind === "softmax" || activate(rule.activation, b) !== 0;
  };
  return (first, end) => {
    const columns = new Map<number, number>();
    const byRow = Array.from({ length: nrows }, () => 0);
    for (let j = first; j < end; j++) {
      let count = 0;
      const column = weights.rowIdx.subarray(weights.colPtr[j], weights.colPtr[j + 1]);
      for (let i = 0; i < nrows; i++) {
        const isRead = isDenseWeights ? reads[i].size > 0 : column.some((k) => reads[i].has(k));
        if (!isFull(j) && !isRead) continue;
        count++;
        byRow[i]++;
      }
      columns.set(j, count);
    }
    return { total: byRow.reduce((sum, count) => sum + count, 0), columns, rows: byRow };
  };
}

function checkCounts(
  { space, what }: FormatRun,
  task: number,
  expected: Structure,
  byRows: boolean,
  input: PlacedMatrix,
): void {
  const words = new Uint32Array(space.memory.buffer);
  const field = (name: keyof typeof TASK_FIELD): number => words[(task >>> 2) + TASK_FIELD[name]];
  const counts = words.subarray(field("counts") >>> 2);
  if (!byRows) {
    const first = field("firstColumn");
    for (const [j, count] of expected.columns) assert.equal(counts[j - first], count, `${what}: column ${j}`);
    return;
  }
  const record = input.address >>> 2;
  const list = words[record + MATRIX_FIELD.majorList] >>> 2;
  const isListed = list !== 0 && field("fills") === 0;
  const slots = isListed ? words[record + MATRIX_FIELD.slots] : expected.rows.length;
  for (let s = 0; s < slots; s++) {
    const i = isListed ? words[list + s] : s;
    assert.equal(counts[s], expected.rows[i], `${what}: row ${i}`);
  }
}

/** The sealed matrix keeps the promises of its format: lists rise and hold what is used only, indices rise. */
function checkSealed(
  { space, what }: FormatRun,
  { address, format }: PlacedMatrix,
  nrows: number,
  ncols: number,
): void {
  const words = new Uint32Array(space.memory.buffer);
  const shorts = new Uint16Array(space.memory.buffer);
  const floats = new Float32Array(space.memory.buffer);
  const field = (name: keyof typeof MATRIX_FIELD): number => words[(address >>> 2) + MATRIX_FIELD[name]];
  assert.equal(field("nrows"), nrows);
  assert.equal(field("ncols"), ncols);
  if (isDense(format)) return;
  const slots = field("slots");
  const majorList = field("majorList") >>> 2;
  const minorList = field("minorList") >>> 2;
  const used = new Set<number>();
  for (let s = 0; s < slots; s++) {
    let previous = -1;
    let count = 0;
    for (let part = 0; part < field("parts"); part++) {
      const at = (part * field("partStep")) >>> 2;
      for (let p = words[(field("begin") >>> 2) + at + s]; p < words[(field("end") >>> 2) + at + s]; p++) {
        const m = field("idxBytes") === 2 ? shorts[(field("idx") >>> 1) + p] : words[(field("idx") >>> 2) + p];
        assert.ok(m > previous && m < field("minorCount"), `${what}: slot ${s} has index ${m} after ${previous}`);
        assert.ok(!Number.isNaN(floats[(field("values") >>> 2) + p]), what);
        previous = m;
        used.add(m);
        count++;
      }
    }
    if (majorList === 0) continue;
    assert.ok(count > 0, `${what}: listed slot ${s} is empty`);
    if (s > 0) assert.ok(words[majorList + s] > words[majorList + s - 1], `${what}: list falls at ${s}`);
  }
  if (minorList === 0) return;
  assert.equal(used.size, field("minorCount"), `${what}: every listed index is used`);
  for (let m = 1; m < used.size; m++) assert.ok(words[minorList + m] > words[minorList + m - 1], what);
}

function checkSpaIsZero({ space, what }: FormatRun, task: number, length: number): void {
  const words = new Uint32Array(space.memory.buffer);
  const spa = words[(task >>> 2) + TASK_FIELD.spa];
  assert.ok(
    words.subarray(spa >>> 2, (spa >>> 2) + length).every((bits) => bits === 0),
    `${what}: the SPA is not zero`,
  );
}

function checkLiveRows(
  { space, kernels, what }: FormatRun,
  matrix: PlacedMatrix,
  dense: Float32Array,
  nrows: number,
  allocate: (bytes: number, what: string) => number,
): void {
  const flags = allocate(nrows, "live rows");
  const count = kernels.liveRows(matrix.address, flags);
  const ncols = nrows === 0 ? 0 : dense.length / nrows;
  const expected = Array.from({ length: nrows }, (_, i) =>
    dense.subarray(i * ncols, (i + 1) * ncols).some((value) => value !== 0) ? 1 : 0,
  );
  assert.deepEqual([...new Uint8Array(space.memory.buffer, flags, nrows)], expected, what);
  assert.equal(count, expected.filter((flag) => flag === 1).length, what);
}
