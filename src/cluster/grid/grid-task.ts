// What the main thread and the workers of a rank share: the queue of tasks, and where everything of a run lies.

import type { CompiledKernels } from "../../kernels/catalog.ts";
import type { PlacedInputs } from "../../engine/task.ts";
import type { GridLayer } from "./routes.ts";

export const TASK = {
  /** Fills a tile of layer 0 from the inputs, then as `compute`. */
  loadInputs: 0,
  /** Fills the own lines of the input tile of layer `first` from dense rows, and gathers what others read of them. */
  loadRows: 1,
  /** Computes layers first .. end-1, and gathers what others read of the last. */
  compute: 2,
  /** Takes received lines into all tiles of a batch, and packs the rows that are alive into fewer tiles. */
  pack: 3,
  /** Copies rows of a tile, own neurons of layer end-1, to their places, and hashes them. */
  store: 4,
  /** The worker is done. */
  stop: 5,
} as const;

/** Flags of a task. */
export const FLAG = {
  /** Lines that were received go into the tile first. */
  unpack: 1,
  /** What was received has masks before the lines. */
  receivedMasks: 2,
  /** Which rows are alive is to be found out, and sent along. */
  look: 4,
  /** Others read of the result. */
  send: 8,
  /** The input is in the batch's second buffer. */
  second: 16,
} as const;

/** Words of a task. */
export const FIELD = {
  kind: 0,
  slot: 1,
  first: 2,
  end: 3,
  flags: 4,
  /** The tile: its number in the batch, its lanes, rows in it, lanes before it. */
  tile: 5,
  lanes: 6,
  count: 7,
  laneOffset: 8,
  /** Tiles of the batch, which say how long masks are. */
  tiles: 9,
} as const;
const TASK_WORDS = 16;

/** Words of the queue before the tasks, each on a line of its own. */
const HEAD = 0;
const TAIL = 16;
const SIGNAL = 32;
const COUNTERS = 48;

export type QueueWords = Int32Array<SharedArrayBuffer>;

export interface TaskQueue {
  readonly words: QueueWords;
  /** Tasks that it holds; a power of two. */
  readonly size: number;
  /** Word where the tasks begin. */
  readonly tasks: number;
}

/** A queue for `size` tasks of `slots` batches. */
export function makeTaskQueue(size: number, slots: number): TaskQueue {
  const tasks = COUNTERS + Math.ceil(slots / 16) * 16;
  return { words: new Int32Array(new SharedArrayBuffer((tasks + size * TASK_WORDS) * 4)), size, tasks };
}

/** Appends a task (fields in the order of FIELD); one thread only. Nothing wakes up before `wakeWorkers`. */
export function putTask({ words, size, tasks }: TaskQueue, fields: readonly number[]): void {
  const tail = words[TAIL];
  const at = tasks + (tail & (size - 1)) * TASK_WORDS;
  for (let k = 0; k < fields.length; k++) words[at + k] = fields[k];
  Atomics.store(words, TAIL, (tail + 1) | 0);
}

export function wakeWorkers({ words }: TaskQueue): void {
  Atomics.notify(words, TAIL);
}

/** Takes the next task into `task`; false when there is none. */
export function takeTask({ words, size, tasks }: TaskQueue, task: Int32Array): boolean {
  for (;;) {
    const head = Atomics.load(words, HEAD);
    if (head === Atomics.load(words, TAIL)) return false;
    const at = tasks + (head & (size - 1)) * TASK_WORDS;
    task.set(words.subarray(at, at + TASK_WORDS));
    if (Atomics.compareExchange(words, HEAD, head, (head + 1) | 0) === head) return true;
  }
}

/** Sleeps until there may be a task, or `milliseconds` have passed. */
export function waitForTask({ words }: TaskQueue, milliseconds: number): void {
  const tail = Atomics.load(words, TAIL);
  if (tail === Atomics.load(words, HEAD)) Atomics.wait(words, TAIL, tail, milliseconds);
}

/** Says how many tasks a batch is about to put. */
export function expectTasks({ words }: TaskQueue, slot: number, count: number): void {
  Atomics.store(words, COUNTERS + slot, count);
}

export function tasksLeft({ words }: TaskQueue, slot: number): number {
  return Atomics.load(words, COUNTERS + slot);
}

/** One task of the batch is done; the last one wakes the main thread. */
export function finishTask({ words }: TaskQueue, slot: number): void {
  if (Atomics.sub(words, COUNTERS + slot, 1) > 1) return;
  Atomics.add(words, SIGNAL, 1);
  Atomics.notify(words, SIGNAL);
}

export function readSignal({ words }: TaskQueue): number {
  return Atomics.load(words, SIGNAL);
}

/** Sleeps until a batch's tasks are done, unless one was since `seen`, or the time has passed. */
export function waitForSignal({ words }: TaskQueue, seen: number, milliseconds: number): void {
  Atomics.wait(words, SIGNAL, seen, milliseconds);
}

/** Memory of one batch on its way. */
export interface SlotPlace {
  /** Two buffers for its tiles. */
  readonly buffers: readonly [number, number];
  /** u32 a lane: row numbers or addresses. */
  readonly addresses: number;
  /** u32 a lane: hashes of rows stored. */
  readonly hashes: number;
  /** u32 a tile: own rows alive. */
  readonly masks: number;
  /** A row that is written and never read. */
  readonly unwanted: number;
  /** By rank of the group: masks and lines for it and from it; 0 for none. */
  readonly sends: readonly number[];
  readonly receives: readonly number[];
}

/** Data of the team: the same for the whole run. */
export interface GridTeamData {
  readonly memory: WebAssembly.Memory;
  readonly kernels: CompiledKernels;
  readonly place: GridPlace;
}

export interface GridPlace {
  readonly layers: readonly GridLayer[];
  readonly inputs: PlacedInputs;
  readonly slots: readonly SlotPlace[];
  /**
   * Lines set aside for every tile, those of the widest layer: tiles of one batch may be at different layers, and must not
   * get in each other's way.
   */
  readonly stride: number;
  readonly queue: TaskQueue;
  /** Scratch of `spmm` by worker; LIST_ENTRIES u32 each. */
  readonly lists: readonly number[];
  /** Whether neurons that are zero in all rows of a tile may be passed over. */
  readonly passZeros: boolean;
  /** Whether stored rows are to be hashed. */
  readonly hashesRows: boolean;
}

/** Lines begin this many bytes after the masks' start. */
export function maskBytes(tiles: number): number {
  return Math.ceil((tiles * 4) / 64) * 64;
}
