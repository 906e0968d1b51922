// Between stages: equal rows are joined under one of them, then dead and joined rows leave the group's list. Joining is
// shared: every worker looks at the rows whose hash falls to it, and equal rows have equal hashes. A hash only proposes:
// rows are joined after a comparison of every byte.

import { DEAD, FINISHED_SLOT } from "../task.ts";
import type { Group } from "./group.ts";
import { forBlocks } from "./row-blocks.ts";
import type { WorkerRun } from "./run.ts";

/** Values that each row has in the pool; null for rows that are still inputs. */
export type RowWidth = number | null;

/** Joins equal rows of the group's list before layer l; every worker of the group calls it. A row joined is led by the first like it. */
export function joinEqualRows(run: WorkerRun, group: Group, l: number, width: RowWidth): void {
  if (run.task.rowMode !== "distinct") return;
  const count = run.words[group.countWord];
  const met = makeRowSet(Math.ceil(count / group.size));
  forBlocks(run, l, 0, count, (first, end) => joinBlock(run, group, met, width, first, end));
}

function joinBlock(run: WorkerRun, group: Group, met: RowSet, width: RowWidth, first: number, end: number): void {
  const { words, leader, hash, slot } = run;
  const member = run.team.worker - group.leader;
  for (let k = first; k < end; k++) {
    const row = words[group.list + k];
    if ((hash[row] >>> 16) % group.size !== member) continue;
    if (leader[row] !== DEAD && slot[row] !== FINISHED_SLOT) joinRow(run, met, width, row);
  }
}

/** Takes rows that are dead, joined or finished off the list before layer l; the group's first worker alone calls it. */
export function shortenList(run: WorkerRun, group: Group, l: number): void {
  let kept = 0;
  forBlocks(run, l, 0, run.words[group.countWord], (first, end) => {
    kept = keepRows(run, group.list, first, end, kept);
  });
  run.words[group.countWord] = kept;
}

/** Moves what stays of first .. end-1 to the place `to` of the list and after. @returns where they end */
function keepRows({ words, leader, slot }: WorkerRun, list: number, first: number, end: number, to: number): number {
  let kept = to;
  for (let k = first; k < end; k++) {
    const row = words[list + k];
    if (leader[row] === row && slot[row] !== FINISHED_SLOT) words[list + kept++] = row;
  }
  return kept;
}

/** Whether two rows hold the same, compared in full. */
function isSame(run: WorkerRun, width: RowWidth, a: number, b: number): boolean {
  return width === null ? isSameInput(run, a, b) : isSameInPool(run, width, a, b);
}

function isSameInPool({ kernels, slot, task }: WorkerRun, width: number, a: number, b: number): boolean {
  const { pool, slotBytes } = task;
  return kernels.rowsEqual(pool + slot[a] * slotBytes, pool + slot[b] * slotBytes, width * 4) === 1;
}

function isSameInput({ kernels, words, inputs }: WorkerRun, a: number, b: number): boolean {
  const { rowPtr, colIdx, idxBytes, values, valueStep } = inputs;
  const fromA = words[(rowPtr >>> 2) + a];
  const fromB = words[(rowPtr >>> 2) + b];
  const nnz = words[(rowPtr >>> 2) + a + 1] - fromA;
  if (words[(rowPtr >>> 2) + b + 1] - fromB !== nnz) return false;
  return (
    kernels.rowsEqual(colIdx + fromA * idxBytes, colIdx + fromB * idxBytes, nnz * idxBytes) === 1 &&
    kernels.rowsEqual(values + fromA * valueStep, values + fromB * valueStep, nnz * valueStep) === 1
  );
}

/** Rows that were met, no two of them equal: a hash table of open addressing, at most half full. */
interface RowSet {
  /** Row numbers, or NO_ROW; a power of two of them. */
  table: Int32Array;
  used: number;
}

const NO_ROW = -1;

/** @param expected rows that it will hold, about */
function makeRowSet(expected: number): RowSet {
  return { table: new Int32Array(2 ** Math.ceil(Math.log2(3 * expected + 16))).fill(NO_ROW), used: 0 };
}

/** Joins a row to the one that equals it among those met before, or notes it as met. */
function joinRow(run: WorkerRun, met: RowSet, width: RowWidth, row: number): void {
  const { hash, leader, weight } = run;
  const { table } = met;
  const mask = table.length - 1;
  let at = hash[row] & mask;
  for (; table[at] !== NO_ROW; at = (at + 1) & mask) {
    const seen = table[at];
    if (hash[seen] !== hash[row] || !isSame(run, width, seen, row)) continue;
    leader[row] = seen;
    weight[seen] += weight[row];
    return;
  }
  table[at] = row;
  if (++met.used * 2 > table.length) grow(run, met);
}

function grow({ hash }: WorkerRun, met: RowSet): void {
  const { table } = met;
  const mask = 2 * table.length - 1;
  met.table = new Int32Array(2 * table.length).fill(NO_ROW);
  for (const row of table) {
    if (row === NO_ROW) continue;
    let at = hash[row] & mask;
    while (met.table[at] !== NO_ROW) at = (at + 1) & mask;
    met.table[at] = row;
  }
}
