// The words that a team shares beside its memory: the abort flag, one barrier a group, counters for work queues, and one
// line a worker that says how far it is. Everything is Atomics on one Int32Array; no node: module is needed.

import { InterruptedError } from "../core/errors.ts";

/** 32-bit words a cache line: words that different workers write lie on different lines. */
const LINE = 16;
const ABORT = 0;
/** Lines 1 .. MAX_WORKERS: a barrier (arrivals, generation) a group; a group is named by its first worker. */
const BARRIERS = 1;

export const MAX_WORKERS = 1024;

/** Queue counters a group has, each on a line of its own. */
export const QUEUES_PER_GROUP = 4;
const COUNTERS = BARRIERS + MAX_WORKERS;
const WORKERS = COUNTERS + MAX_WORKERS * QUEUES_PER_GROUP;

/** Words of a worker's line. */
const BEATS = 0;
const WAITING = 1;
const PROGRESS = 2;

/** How long a waiter spins before it sleeps, when every worker can have a core of its own. Reason: a layer of few rows takes 5-10 us. */
const SPINS = 4_000;
/** A sleeper looks at the abort flag this often, should a wake-up be lost. */
const SLEEP_MS = 100;

export type Control = Int32Array<SharedArrayBuffer>;

export function makeControl(): Control {
  return new Int32Array(new SharedArrayBuffer((WORKERS + MAX_WORKERS) * LINE * 4));
}

/** Tells every worker to stop at its next beat or barrier. */
export function abortTeam(control: Control): void {
  Atomics.store(control, ABORT, 1);
  for (let group = 0; group < MAX_WORKERS; group++) Atomics.notify(control, (BARRIERS + group) * LINE + 1);
}

/** @throws InterruptedError once the team is to stop. */
export function throwIfAborted(control: Control): void {
  if (Atomics.load(control, ABORT) !== 0) throw new InterruptedError("the team was told to stop");
}

/**
 * Waits until `parties` workers have arrived at the barrier of `group`.
 * @throws InterruptedError when the team is told to stop meanwhile.
 */
export function waitAtBarrier(control: Control, group: number, parties: number, worker: number, spin: boolean): void {
  throwIfAborted(control);
  if (parties === 1) return;
  const arrivals = (BARRIERS + group) * LINE;
  const generation = arrivals + 1;
  const mine = Atomics.load(control, generation);
  if (Atomics.add(control, arrivals, 1) === parties - 1) {
    Atomics.store(control, arrivals, 0);
    Atomics.add(control, generation, 1);
    Atomics.notify(control, generation);
    return;
  }
  if (spin && spinWhile(control, generation, mine)) return;
  sleepWhile(control, generation, mine, worker);
}

/** Looks often at word `at`, for a while. @returns whether it changed from `value` */
function spinWhile(control: Control, at: number, value: number): boolean {
  for (let s = 0; s < SPINS; s++) {
    if (Atomics.load(control, at) !== value) return true;
  }
  return false;
}

/** Sleeps until word `at` is no longer `value`. */
function sleepWhile(control: Control, at: number, value: number, worker: number): void {
  const waiting = (WORKERS + worker) * LINE + WAITING;
  Atomics.store(control, waiting, 1);
  while (Atomics.load(control, at) === value) {
    throwIfAborted(control);
    Atomics.wait(control, at, value, SLEEP_MS);
  }
  Atomics.store(control, waiting, 0);
}

/** Adds 1 to a queue counter of a group and returns its value before. */
export function takeFromQueue(control: Control, group: number, queue: number): number {
  return Atomics.add(control, (COUNTERS + group * QUEUES_PER_GROUP + queue) * LINE, 1);
}

export function readQueue(control: Control, group: number, queue: number): number {
  return Atomics.load(control, (COUNTERS + group * QUEUES_PER_GROUP + queue) * LINE);
}

export function setQueue(control: Control, group: number, queue: number, value: number): void {
  Atomics.store(control, (COUNTERS + group * QUEUES_PER_GROUP + queue) * LINE, value);
}

/** A worker's sign of life; `progress` is the layer that it works on. Returns the number of beats so far. */
export function beat(control: Control, worker: number, progress: number): number {
  const line = (WORKERS + worker) * LINE;
  Atomics.store(control, line + PROGRESS, progress);
  return Atomics.add(control, line + BEATS, 1) + 1;
}

export interface WorkerSign {
  readonly beats: number;
  readonly waiting: boolean;
  readonly progress: number;
}

export function readSign(control: Control, worker: number): WorkerSign {
  const line = (WORKERS + worker) * LINE;
  return {
    beats: Atomics.load(control, line + BEATS),
    waiting: Atomics.load(control, line + WAITING) !== 0,
    progress: Atomics.load(control, line + PROGRESS),
  };
}
