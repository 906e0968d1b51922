// The batches of one stage on their way: while the workers compute some, the messages of others travel. This is the main
// thread's loop: it gives out tasks, starts messages, and sleeps when neither a task nor a message is done.

import { setImmediate } from "node:timers/promises";
import type { RowMode } from "../../engine/options.ts";
import { DEAD } from "../../engine/task.ts";
import { cutTiles, type Tile } from "../../engine/tiles.ts";
import { TILE_LANES } from "../../kernels/kernels.ts";
import type { Request } from "../../mpi/request.ts";
import { combineMasks, type SentByLayer, startExchange } from "./exchange.ts";
import { type GridRows, NO_PLACE } from "./grid-rows.ts";
import { expectTasks, FLAG, putTask, readSignal, TASK, tasksLeft, waitForSignal, wakeWorkers } from "./grid-task.ts";
import type { GroupLink } from "./group-link.ts";
import type { PoolPlace } from "./join-rows.ts";
import { doTask, type TileWork } from "./tile-work.ts";

const WIDEST = TILE_LANES[TILE_LANES.length - 1];
/** As in the engine: a batch is packed when this share of its rows has died. */
const PACK_SHARE = 0.25;
/** How long the main thread asks without a pause, then how long it sleeps between questions while there are only messages. */
const SPIN_MS = 0.02;
const PAUSE_MS = 0.05;
/** A worker that has done its part wakes the main thread: while some have work it need not ask often. */
const LONG_PAUSE_MS = 1;
/**
 * Layers between which nothing is exchanged are computed in one go, up to about this much of a batch. Reason: some 10 ms,
 * after which the main thread should look up.
 */
const MAX_TASK_EDGES = 2e8;
/** The event loop turns at least this often, so that signals, timers and the team's failures are heard. */
const TURN_MS = 2;

/** Counts of the whole group's rows, the same on every rank. */
export interface RowCounts {
  readonly rows: Float64Array;
  readonly live: Float64Array;
  readonly looked: Float64Array;
}

export interface BatchRun {
  readonly link: GroupLink;
  readonly work: TileWork;
  readonly memory: WebAssembly.Memory;
  readonly rows: GridRows;
  readonly pool: PoolPlace;
  readonly rowMode: RowMode;
  readonly keepsActivations: boolean;
  /** Rows may be dropped after layer l when l + 1 >= this. */
  readonly zeroSafeFrom: number;
  /** Whether any rank sends lines before layer l. */
  readonly isExchanged: readonly boolean[];
  readonly sent: SentByLayer;
  readonly counts: RowCounts;
  /** Places of the pool that are taken. */
  nextPlace: number;
  /** Seconds of the main thread in the library, and asleep. */
  communicationSeconds: number;
  sleepSeconds: number;
  /** Called often, with the share of the part's batches that are through. */
  readonly onProgress: (part: StagePart, share: number) => void;
  /** Throws what has gone wrong elsewhere: in a worker, on another rank, by the signal. */
  readonly check: () => void;
}

export interface StagePart {
  readonly list: Uint32Array;
  readonly first: number;
  readonly end: number;
  /** Rows of a batch. */
  readonly size: number;
  /** The main thread computes itself: it is the only worker, or handing over a single small batch would cost more. */
  readonly isInline: boolean;
}

type State = "working" | "exchanging" | "packing" | "storing";

interface Batch {
  readonly slot: number;
  readonly tag: number;
  rows: Uint32Array;
  tiles: readonly Tile[];
  state: State;
  /** Layer whose inputs are being made. */
  layer: number;
  /** They lie in the second buffer. */
  isSecond: boolean;
  /** Which rows are alive is being found out. */
  looks: boolean;
  requests: Request<unknown>[];
  /** As in the engine's data stage. */
  lookedAt: number;
  gap: number;
  dead: number;
}

/** Takes the listed rows through the layers of the part. Collective: all ranks pass the same. */
export async function runBatches(run: BatchRun, part: StagePart): Promise<void> {
  const { slots } = run.work.place;
  const total = Math.ceil(part.list.length / part.size);
  const active: (Batch | null)[] = slots.map(() => null);
  let next = 0;
  let left = total;
  let turned = performance.now();
  let idleSince = 0;
  while (left > 0) {
    const seen = readSignal(run.work.place.queue);
    let hasMoved = false;
    for (let s = 0; s < active.length; s++) {
      const batch = active[s];
      if (batch === null) {
        if (next === total) continue;
        active[s] = beginBatch(run, part, s, next++);
        hasMoved = true;
      } else if (advance(run, part, batch)) {
        hasMoved = true;
        if (batch.rows.length > 0) continue;
        active[s] = null;
        left--;
      }
    }
    const now = performance.now();
    if (hasMoved) idleSince = 0;
    else if (idleSince === 0) idleSince = now;
    else if (now - idleSince > SPIN_MS) {
      const isWorking = active.some((batch) => batch !== null && batch.state !== "exchanging");
      waitForSignal(run.work.place.queue, seen, isWorking ? LONG_PAUSE_MS : PAUSE_MS);
      run.sleepSeconds += (performance.now() - now) / 1000;
    }
    if (now - turned < TURN_MS) continue;
    await setImmediate();
    run.check();
    run.onProgress(part, 1 - left / total);
    turned = performance.now();
  }
}

function beginBatch(run: BatchRun, part: StagePart, slot: number, number: number): Batch {
  const rows = part.list.slice(number * part.size, (number + 1) * part.size);
  const batch: Batch = {
    slot,
    tag: 1 + (number % (2 ** 14 - 1)),
    rows,
    tiles: cutTiles(rows.length, WIDEST),
    state: "working",
    layer: part.first,
    isSecond: false,
    looks: false,
    requests: [],
    lookedAt: part.first - 1,
    gap: 1,
    dead: 0,
  };
  const { words, place } = run.work;
  const list = place.slots[slot].addresses >>> 2;
  if (part.first === 0) {
    words.set(rows, list);
    compute(run, part, batch, TASK.loadInputs, 0);
    return batch;
  }
  for (let k = 0; k < rows.length; k++)
    words[list + k] = run.pool.address + run.rows.place[rows[k]] * run.pool.rowBytes;
  put(run, part, batch, TASK.loadRows, part.first, part.first, FLAG.send);
  return batch;
}

/** Gives out one task a tile (or does them). */
function put(
  run: BatchRun,
  part: StagePart,
  batch: Batch,
  kind: number,
  first: number,
  end: number,
  flags: number,
): void {
  const { queue } = run.work.place;
  const all = flags | (batch.isSecond ? FLAG.second : 0);
  const { length } = batch.tiles;
  const fields = (tile: Tile, t: number): number[] => {
    return [kind, batch.slot, first, end, all, t, tile.lanes, tile.count, tile.laneOffset, length];
  };
  if (part.isInline) {
    batch.tiles.forEach((tile, t) => doTask(run.work, Int32Array.from(fields(tile, t))));
    return;
  }
  expectTasks(queue, batch.slot, length);
  batch.tiles.forEach((tile, t) => putTask(queue, fields(tile, t)));
  wakeWorkers(queue);
}

/** Does what can be done with the batch now; false when it must wait. A batch without rows is done. */
function advance(run: BatchRun, part: StagePart, batch: Batch): boolean {
  if (batch.state === "exchanging") {
    const started = performance.now();
    const isComplete = batch.requests.every((request) => request.test());
    run.communicationSeconds += (performance.now() - started) / 1000;
    if (!isComplete) return false;
    batch.requests = [];
    goOn(run, part, batch);
    return true;
  }
  if (tasksLeft(run.work.place.queue, batch.slot) > 0) return false;
  switch (batch.state) {
    case "working":
      exchange(run, part, batch);
      return true;
    case "packing":
      keepLive(run, batch);
      compute(run, part, batch, TASK.compute, 0);
      return true;
    case "storing":
      takeHashes(run, batch);
      return true;
  }
}

/** Whether the rows are looked at after layer `after`. */
function isLookDue({ rowMode, work }: BatchRun, part: StagePart, batch: Batch, after: number): boolean {
  if (after + 1 === part.end) return rowMode !== "all" || part.end === work.place.layers.length;
  return rowMode !== "all" && after >= batch.lookedAt + batch.gap;
}

/** Computes layers from the batch's on, up to the next exchange. */
function compute(run: BatchRun, part: StagePart, batch: Batch, kind: number, flags: number): void {
  const first = batch.layer;
  let end = first + 1;
  let edges = layerEdges(run, batch, first);
  while (end < part.end && !run.isExchanged[end] && !isLookDue(run, part, batch, end - 1)) {
    edges += layerEdges(run, batch, end);
    if (edges > MAX_TASK_EDGES) break;
    end++;
  }
  batch.looks = isLookDue(run, part, batch, end - 1);
  for (let l = first; l < end; l++) run.counts.rows[l] += batch.rows.length;
  put(run, part, batch, kind, first, end, flags | (batch.looks ? FLAG.look : 0) | (end < part.end ? FLAG.send : 0));
  if ((end - first) % 2 === 1) batch.isSecond = !batch.isSecond;
  batch.layer = end;
  batch.state = "working";
}

function layerEdges(run: BatchRun, batch: Batch, l: number): number {
  return run.work.place.layers[l].placed.nnz * batch.rows.length;
}

function exchange(run: BatchRun, part: StagePart, batch: Batch): void {
  const started = performance.now();
  const { place } = run.work;
  const last = batch.tiles[batch.tiles.length - 1];
  batch.requests = startExchange(
    run.link,
    run.memory,
    {
      slot: place.slots[batch.slot],
      tag: batch.tag,
      lanes: last.laneOffset + last.lanes,
      tiles: batch.tiles.length,
      reader: batch.layer < part.end ? place.layers[batch.layer] : null,
      hasMasks: batch.looks,
      after: batch.layer - 1,
    },
    run.sent,
  );
  batch.state = "exchanging";
  run.communicationSeconds += (performance.now() - started) / 1000;
}

/** After an exchange: rows that died leave, the others go on or are stored. */
function goOn(run: BatchRun, part: StagePart, batch: Batch): void {
  const slot = run.work.place.slots[batch.slot];
  const after = batch.layer - 1;
  const masks = batch.looks ? combineMasks(run.memory, run.link, slot, batch.tiles.length) : null;
  if (masks !== null && run.rowMode !== "all") look(run, batch, masks, after);
  if (batch.layer === part.end) {
    finish(run, part, batch, masks);
    return;
  }
  if (masks !== null && mayDrop(run, after)) {
    if (batch.dead === batch.rows.length) {
      batch.rows = new Uint32Array();
      return;
    }
    if (batch.dead >= batch.rows.length * PACK_SHARE) {
      pack(run, part, batch);
      return;
    }
  }
  compute(run, part, batch, TASK.compute, FLAG.unpack | (batch.looks ? FLAG.receivedMasks : 0));
}

function mayDrop({ rowMode, zeroSafeFrom }: BatchRun, l: number): boolean {
  return rowMode !== "all" && l + 1 >= zeroSafeFrom;
}

function isLive(masks: Uint32Array, k: number): boolean {
  return ((masks[Math.floor(k / WIDEST)] >>> (k % WIDEST)) & 1) === 1;
}

/** Marks rows that died, counts the live; as the engine's data stage does. */
function look(run: BatchRun, batch: Batch, masks: Uint32Array, l: number): void {
  const { rows, counts } = run;
  const drop = mayDrop(run, l) && l + 1 < run.work.place.layers.length;
  let dead = 0;
  let liveInputs = 0;
  for (let k = 0; k < batch.rows.length; k++) {
    if (isLive(masks, k)) liveInputs += rows.weight[batch.rows[k]];
    else {
      dead++;
      if (drop) rows.leader[batch.rows[k]] = DEAD;
    }
  }
  const isSteady = dead === batch.dead && mayDrop(run, batch.lookedAt);
  for (let k = isSteady ? batch.lookedAt + 1 : l; k <= l; k++) {
    counts.live[k] += liveInputs;
    counts.looked[k] += batch.rows.length;
  }
  batch.gap = isSteady ? batch.gap * 2 : 1;
  batch.lookedAt = l;
  batch.dead = dead;
}

function pack(run: BatchRun, part: StagePart, batch: Batch): void {
  const { queue } = run.work.place;
  const flags = FLAG.unpack | FLAG.receivedMasks | (batch.isSecond ? FLAG.second : 0);
  const fields = [TASK.pack, batch.slot, batch.layer, batch.layer, flags, 0, WIDEST, batch.rows.length, 0];
  fields.push(batch.tiles.length);
  batch.state = "packing";
  if (part.isInline) {
    doTask(run.work, Int32Array.from(fields));
    return;
  }
  expectTasks(queue, batch.slot, 1);
  putTask(queue, fields);
  wakeWorkers(queue);
}

/** The rows that `pack` kept. */
function keepLive(run: BatchRun, batch: Batch): void {
  const masks = new Uint32Array(run.memory.buffer, run.work.place.slots[batch.slot].masks, batch.tiles.length);
  batch.rows = batch.rows.filter((_, k) => isLive(masks, k));
  batch.tiles = cutTiles(batch.rows.length, WIDEST);
  batch.dead = 0;
}

/** The rows have passed the last layer of the part: those that are needed go to the pool. */
function finish(run: BatchRun, part: StagePart, batch: Batch, masks: Uint32Array | null): void {
  const { rows, work, pool } = run;
  const isLast = part.end === work.place.layers.length;
  const slot = work.place.slots[batch.slot];
  const list = slot.addresses >>> 2;
  let stored = 0;
  for (let k = 0; k < batch.rows.length; k++) {
    const row = batch.rows[k];
    const live = masks === null || isLive(masks, k);
    if (isLast) rows.alive[row] = live ? 1 : 0;
    const isKept = isLast ? run.keepsActivations && rows.leader[row] !== DEAD : live || !mayDrop(run, part.end - 1);
    if (isKept && rows.place[row] === NO_PLACE) rows.place[row] = run.nextPlace++;
    work.words[list + k] = isKept ? pool.address + rows.place[row] * pool.rowBytes : slot.unwanted;
    if (isKept) stored++;
  }
  if (stored === 0) {
    batch.rows = new Uint32Array();
    return;
  }
  batch.state = "storing";
  put(run, part, batch, TASK.store, part.end, part.end, 0);
}

function takeHashes(run: BatchRun, batch: Batch): void {
  const first = run.work.place.slots[batch.slot].hashes >>> 2;
  for (let k = 0; k < batch.rows.length; k++) run.rows.hash[batch.rows[k]] = run.work.words[first + k];
  batch.rows = new Uint32Array();
}
