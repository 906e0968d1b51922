// Whether the pool has room for a batch. Slots are reserved before a batch begins, for as many rows as could survive, so
// that no batch is computed in vain: one that finds no room is not begun, and its rows wait for another pass, unless the
// pool is so small that it goes on alone to the last layer.

import { batchRows } from "../stage-plan.ts";
import { PIECE } from "../pieces.ts";
import { freeAtStart, freeSlots, type Group, reserveSlots } from "./group.ts";
import type { WorkerRun } from "./run.ts";

/** Rows of a batch of the stage; no more than there are free slots where each row may need one. */
export function stageBatchRows(run: WorkerRun, group: Group, first: number, end: number): number {
  const { lanes, batchLanes } = run.task;
  const size = batchRows(run.words[group.countWord], group.size, lanes, batchLanes);
  if (!needsSlots(run, group, first, end) || mayFinishAlone(run, group)) return size;
  return Math.max(1, Math.min(size, freeAtStart(run, group)));
}

/**
 * What a batch finds: nothing that it needs, slots reserved for all its rows, no slots and that it goes on alone to the last
 * layer, or none: its rows wait for another pass.
 */
export type Room = "not-needed" | "reserved" | "to-the-end" | "none";

export function findRoom(run: WorkerRun, group: Group, rows: number, first: number, end: number): Room {
  if (!needsSlots(run, group, first, end)) return "not-needed";
  if (reserveSlots(run, group, rows)) return "reserved";
  return mayFinishAlone(run, group) ? "to-the-end" : "none";
}

/**
 * Whether slots must be reserved: rows come without them from the inputs only, need them at the end only where their
 * activations are kept, and have no need to ask where there is one for each.
 */
export function needsSlots(run: WorkerRun, group: Group, first: number, end: number): boolean {
  const { task, layers } = run;
  return first === 0 && (end < layers.length || task.keepActivations) && freeAtStart(run, group) < group.rows;
}

/** Noted by the leader before the group sets out. */
export function noteRoom(run: WorkerRun, group: Group): void {
  run.words[group.words + PIECE.freeAtStart] = freeSlots(run, group);
}

/**
 * All layers are in memory, nothing is kept of rows that have passed the last, and the pool has no room for a batch of
 * each worker: so few rows a pass would cost more than batches that thin out on their way alone.
 */
export function mayFinishAlone(run: WorkerRun, group: Group): boolean {
  const { task, layers } = run;
  const isWhole = task.firstLayer === 0 && task.endLayer === layers.length;
  return isWhole && !task.keepActivations && freeAtStart(run, group) < group.size * task.batchLanes;
}
