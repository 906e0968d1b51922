// A group: workers that share one list of rows, deal its batches out among themselves and meet at one barrier. Which
// groups there are is what the strategies differ in: one of the whole team, one a worker, or one a row tile.

import { readQueue, setQueue, takeFromQueue } from "../../threads/control.ts";
import { pieceStart } from "../../partition/hashing.ts";
import type { WorkerRun } from "./run.ts";
import { book } from "./tally.ts";

export interface Group {
  /** The group's first worker: it names the barrier and merges. */
  readonly leader: number;
  readonly size: number;
  /** Position of the group's first row in the list of all rows (words). */
  readonly list: number;
  /** Rows on the list at first. */
  readonly rows: number;
  /** Slots of the pool that belong to the group: first and end. */
  readonly firstSlot: number;
  readonly endSlot: number;
  /** Word that holds the number of listed rows; the word after it says what the pilot found. */
  readonly countWord: number;
}

/** Words that a group has in memory. */
export const GROUP_WORDS = 2;

const BATCH_QUEUE = 0;
const SLOT_QUEUE = 1;
/** Counter of the row tiles that a team shares, in the words of worker 0. */
export const TILE_QUEUE = 2;
/** Counter that locks the team's activation buffers, in the words of worker 0. */
export const SHARED_LOCK = 3;

export function isLeader(run: WorkerRun, group: Group): boolean {
  return run.team.worker === group.leader;
}

/** Waits for the whole group; the time spent is counted as waiting before layer l. */
export function meet(run: WorkerRun, group: Group, l: number): void {
  const started = performance.now();
  run.team.wait(group.leader, group.size);
  if (group.size > 1) book(run.tally, "wait", Math.min(l, run.layers.length - 1), 0, started);
}

/** The group of a contiguous piece of the rows, for workers leader .. leader+size-1; the pool is cut like the rows. */
export function groupOfPiece(run: WorkerRun, piece: number, pieces: number, leader: number, size: number): Group {
  const { task } = run;
  const { nrows } = task.inputs;
  const start = pieceStart(nrows, piece, pieces);
  return {
    leader,
    size,
    list: (task.rows.list >>> 2) + start,
    rows: pieceStart(nrows, piece + 1, pieces) - start,
    firstSlot: pieceStart(task.slots, piece, pieces),
    endSlot: pieceStart(task.slots, piece + 1, pieces),
    countWord: (task.groupWords >>> 2) + leader * GROUP_WORDS,
  };
}

export function resetBatches(run: WorkerRun, group: Group): void {
  setQueue(run.team.control, group.leader, BATCH_QUEUE, 0);
}

/** Number of the next batch that nobody has taken. */
export function takeBatch(run: WorkerRun, group: Group): number {
  return takeFromQueue(run.team.control, group.leader, BATCH_QUEUE);
}

export function resetSlots(run: WorkerRun, group: Group): void {
  setQueue(run.team.control, group.leader, SLOT_QUEUE, group.firstSlot);
}

/** The next free slot of the group's share, or its end when there is none. */
export function takeSlot(run: WorkerRun, group: Group): number {
  return takeFromQueue(run.team.control, group.leader, SLOT_QUEUE);
}

export function slotsLeft(run: WorkerRun, group: Group): number {
  return group.endSlot - readQueue(run.team.control, group.leader, SLOT_QUEUE);
}
