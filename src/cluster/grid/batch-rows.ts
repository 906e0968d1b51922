// What becomes of the rows of a batch: who is alive, who is packed, who goes to the pool. Every rank decides alike, from
// the masks of the whole group.

import { DEAD } from "../../engine/task.ts";
import { cutTiles } from "../../engine/tiles.ts";
import { TILE_LANES } from "../../kernels/kernels.ts";
import { type Batch, type BatchRun, put, type StagePart } from "./batch.ts";
import { NO_PLACE } from "./grid-rows.ts";
import { expectTasks, FLAG, putTask, TASK, wakeWorkers } from "./grid-task.ts";
import { doTask } from "./tile-work.ts";

const WIDEST = TILE_LANES[TILE_LANES.length - 1];

/** Whether rows of zeros may be dropped once layer l is computed. */
export function mayDrop({ rowMode, zeroSafeFrom }: BatchRun, l: number): boolean {
  return rowMode !== "all" && l + 1 >= zeroSafeFrom;
}

function isLive(masks: Uint32Array, k: number): boolean {
  return ((masks[Math.floor(k / WIDEST)] >>> (k % WIDEST)) & 1) === 1;
}

/** Marks rows that died, counts the live; as the engine's data stage does. */
export function look(run: BatchRun, batch: Batch, masks: Uint32Array, l: number): void {
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

export function pack(run: BatchRun, part: StagePart, batch: Batch): void {
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
export function keepLive(run: BatchRun, batch: Batch): void {
  const masks = new Uint32Array(run.memory.buffer, run.work.place.slots[batch.slot].masks, batch.tiles.length);
  batch.rows = batch.rows.filter((_, k) => isLive(masks, k));
  batch.tiles = cutTiles(batch.rows.length, WIDEST);
  batch.dead = 0;
}

/** The rows have passed the last layer of the part: those that are needed go to the pool. */
export function finish(run: BatchRun, part: StagePart, batch: Batch, masks: Uint32Array | null): void {
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

export function takeHashes(run: BatchRun, batch: Batch): void {
  const first = run.work.place.slots[batch.slot].hashes >>> 2;
  for (let k = 0; k < batch.rows.length; k++) run.rows.hash[batch.rows[k]] = run.work.words[first + k];
  batch.rows = new Uint32Array();
}
