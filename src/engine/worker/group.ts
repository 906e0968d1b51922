// A group: workers that share one list of rows, deal its batches out among themselves and meet at one barrier. Which
// groups there are is what the strategies differ in: one of the whole team, one a worker, or one a row tile.

import { ResourceError } from "../../core/errors.ts";
import { readQueue, setQueue, takeFromQueue } from "../../threads/control.ts";
import { PIECE, PIECE_WORDS } from "../pieces.ts";
import type { WorkerRun } from "./run.ts";
import { book } from "./tally.ts";

export interface Group {
  /** The group's first worker: it names the barrier and merges. */
  readonly leader: number;
  readonly size: number;
  /** First word of the group's list of rows. */
  readonly list: number;
  /** Rows on the list when the group was formed. */
  readonly rows: number;
  /** First word of its piece (pieces.ts), and the one of them that holds the number of listed rows. */
  readonly words: number;
  readonly countWord: number;
}

const BATCH_QUEUE = 0;
/** In the words of worker 0: 1 once workers are to begin with no further rows. */
export const STOP_WORD = 1;
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

/** The group that takes piece `piece` through this segment, for workers leader .. leader+size-1. */
export function groupOfPiece(run: WorkerRun, piece: number, leader: number, size: number): Group {
  const words = (run.task.pieceWords >>> 2) + piece * PIECE_WORDS;
  return {
    leader,
    size,
    list: run.words[words + PIECE.list],
    rows: run.words[words + PIECE.count],
    words,
    countWord: words + PIECE.count,
  };
}

export function resetBatches(run: WorkerRun, group: Group): void {
  setQueue(run.team.control, group.leader, BATCH_QUEUE, 0);
}

/** Rows that nobody has begun with before layer `first` are to wait: in the first stage of a segment alone. */
export function isStopped(run: WorkerRun, first: number): boolean {
  return first === run.task.firstLayer && readQueue(run.team.control, 0, STOP_WORD) !== 0;
}

/** Number of the next batch that nobody has taken. */
export function takeBatch(run: WorkerRun, group: Group): number {
  return takeFromQueue(run.team.control, group.leader, BATCH_QUEUE);
}

/** Batches that were taken, those beyond the end of the list included. */
export function batchesTaken(run: WorkerRun, group: Group): number {
  return readQueue(run.team.control, group.leader, BATCH_QUEUE);
}

/** Promises `count` slots of the group's share to the caller; false when there are fewer. */
export function reserveSlots(run: WorkerRun, group: Group, count: number): boolean {
  const at = group.words + PIECE.reserved;
  if (Atomics.add(run.words, at, count) + count <= run.words[group.words + PIECE.capacity]) return true;
  Atomics.sub(run.words, at, count);
  return false;
}

/** Gives back slots that were promised and not taken. */
export function returnSlots(run: WorkerRun, group: Group, count: number): void {
  Atomics.sub(run.words, group.words + PIECE.reserved, count);
}

/** Slots of the group's share that were free when the segment began. */
export function freeAtStart(run: WorkerRun, group: Group): number {
  return run.words[group.words + PIECE.freeAtStart];
}

/** Slots that nobody has taken; only between batches does it say what can be reserved. */
export function freeSlots(run: WorkerRun, group: Group): number {
  return run.words[group.words + PIECE.endSlot] - Atomics.load(run.words, group.words + PIECE.nextSlot);
}

/** The next free slot of the group's share. @throws ResourceError when there is none. */
export function takeSlot(run: WorkerRun, group: Group): number {
  const slot = Atomics.add(run.words, group.words + PIECE.nextSlot, 1);
  if (slot < run.words[group.words + PIECE.endSlot]) return slot;
  throw new ResourceError(`no memory for the activations between layers: the pool holds ${run.task.slots} rows`);
}
