// One stage by data parallelism: workers of the group take batches of rows from the list, each takes its batch through the
// layers of the stage alone, and puts the rows that are left into the pool.

import { DEAD, FINISHED_SLOT } from "../task.ts";
import { cutTiles, tileAddress } from "../tiles.ts";
import {
  advanceBatch,
  type Batch,
  ensureSlot,
  forEachRow,
  liveMasks,
  loadBatch,
  markDead,
  packBatch,
  storeToSlots,
} from "./batch.ts";
import type { Crew } from "./crew.ts";
import { type Group, isStopped, returnSlots, takeBatch } from "./group.ts";
import { findRoom, type Room, stageBatchRows } from "./room.ts";
import { mayDrop, type WorkerRun } from "./run.ts";
import { PIECE } from "../pieces.ts";
import { book } from "./tally.ts";

/** A batch is packed when that frees at least this share of its lanes: packing a row costs about a fourth of computing it. */
const PACK_SHARE = 0.25;

export function runDataStage(run: WorkerRun, group: Group, batch: Batch, first: number, end: number): void {
  if (run.crew !== null) {
    runCrewStage(run, run.crew, group, batch, first, end);
    return;
  }
  const count = run.words[group.countWord];
  const size = stageBatchRows(run, group, first, end);
  for (;;) {
    if (isStopped(run, first)) return;
    const room = findRoom(run, group, size, first, end);
    if (room === "none") return;
    const k = takeBatch(run, group);
    if (k * size >= count) {
      if (room === "reserved") returnSlots(run, group, size);
      return;
    }
    loadBatch(run, batch, group.list + k * size, Math.min(size, count - k * size), first);
    runRoomyBatch(run, group, batch, { first, end, room, reserved: size });
  }
}

interface BatchPlan {
  readonly first: number;
  readonly end: number;
  readonly room: Room;
  readonly reserved: number;
}

function runRoomyBatch(run: WorkerRun, group: Group, batch: Batch, { first, end, room, reserved }: BatchPlan): void {
  if (room === "to-the-end") {
    for (let k = 0; k < batch.count; k++) run.slot[batch.rows[k]] = FINISHED_SLOT;
    runBatch(run, group, batch, first, run.layers.length);
    return;
  }
  const taken = runBatch(run, group, batch, first, end);
  if (room === "reserved") returnSlots(run, group, reserved - taken);
}

/**
 * The same for a worker that others may help: once somebody does, batches are as large as the team's buffers hold. Small
 * ones would be fetched line by line from the other worker's cache: measured slower than no help at all.
 */
function runCrewStage(run: WorkerRun, crew: Crew, group: Group, own: Batch, first: number, end: number): void {
  const count = run.words[group.countWord];
  const size = stageBatchRows(run, group, first, end);
  let k = 0;
  while (k < count && !isStopped(run, first)) {
    crew.report(count - k, run.layers.length - first);
    let shared = crew.takeSharedBatch(run);
    let rows = Math.min(shared === null ? size : shared.room, count - k);
    let room = findRoom(run, group, rows, first, end);
    if (shared !== null && room !== "not-needed" && room !== "reserved") {
      crew.releaseSharedBatch(run);
      shared = null;
      rows = Math.min(size, count - k);
      room = findRoom(run, group, rows, first, end);
    }
    if (room === "none") break;
    const batch = shared ?? own;
    loadBatch(run, batch, group.list + k, rows, first);
    runRoomyBatch(run, group, batch, { first, end, room, reserved: rows });
    if (shared !== null) crew.releaseSharedBatch(run);
    k += rows;
  }
  if (first === run.task.firstLayer) run.words[group.words + PIECE.pendingFirst] = k;
}

/** When a batch was last looked at, and when it will be next: rows that die no more need no looks. */
interface Watch {
  /** The last layer after which the rows were looked at. */
  looked: number;
  /** Layers to the next look: doubled by every look that finds no new death. */
  gap: number;
  /** Rows of the batch that were dead then. */
  dead: number;
}

/** Whether the rows left would need clearly fewer lanes: in one wide tile nothing is gained until a narrower one will do. */
function isWorthPacking({ tiles, lanes }: Batch, left: number): boolean {
  const before = tiles.reduce((sum, tile) => sum + tile.lanes, 0);
  const after = cutTiles(left, lanes).reduce((sum, tile) => sum + tile.lanes, 0);
  return after <= before * (1 - PACK_SHARE);
}

/** @returns slots that its rows took */
function runBatch(run: WorkerRun, group: Group, batch: Batch, first: number, end: number): number {
  const { task, tally } = run;
  const watch: Watch = { looked: first - 1, gap: 1, dead: 0 };
  for (let l = first; l < end; l++) {
    advanceBatch(run, batch, l);
    if (task.rowMode === "all" || l + 1 === end || l < watch.looked + watch.gap) continue;
    const rows = batch.count;
    const masks = look(run, batch, l, watch);
    const started = performance.now();
    if (mayDrop(task, l)) {
      if (watch.dead === rows) return 0;
      if (isWorthPacking(batch, rows - watch.dead)) {
        packBatch(run, batch, masks);
        watch.dead = 0;
      }
    }
    book(tally, "pack", l, rows, started);
  }
  return finishBatch(run, group, batch, end, watch);
}

/** Which rows are alive after layer l; the dead are marked where they may be dropped, the live are counted. */
function look(run: WorkerRun, batch: Batch, l: number, watch: Watch): readonly number[] {
  const { task, tally } = run;
  const masks = liveMasks(run, batch, l);
  const started = performance.now();
  const drop = mayDrop(task, l) && l + 1 < run.layers.length;
  let dead = 0;
  let liveInputs = 0;
  forEachRow(batch, masks, (_tile, _lane, row, isLive) => {
    if (isLive) liveInputs += run.weight[row];
    else dead++;
    if (!isLive && drop) markDead(run, row);
  });
  // A row of zeros stays one, so where nothing died the layers between two looks had the same rows alive.
  const isSteady = dead === watch.dead && mayDrop(task, watch.looked);
  for (let k = isSteady ? watch.looked + 1 : l; k <= l; k++) {
    tally.liveByLayer[k] += liveInputs;
    tally.lookedByLayer[k] += batch.count;
  }
  watch.gap = isSteady ? watch.gap * 2 : 1;
  watch.looked = l;
  watch.dead = dead;
  book(tally, "pack", l, batch.count, started);
  return masks;
}

/** Stores what the next stage, or the caller, needs of the rows. @returns slots that they took */
function finishBatch(run: WorkerRun, group: Group, batch: Batch, end: number, watch: Watch): number {
  const { task, layers } = run;
  const masks = task.rowMode === "all" ? liveMasks(run, batch, end - 1) : look(run, batch, end - 1, watch);
  const isLast = end === layers.length;
  let started = performance.now();
  let taken = 0;
  forEachRow(batch, masks, (_tile, _lane, row, isLive) => {
    if (isLast) run.alive[row] = isLive ? 1 : 0;
    if (isLast ? task.keepActivations && run.leader[row] !== DEAD : isLive || !mayDrop(task, end - 1))
      taken += ensureSlot(run, group, row);
  });
  started = book(run.tally, "store", end - 1, batch.count, started);
  if (isLast && !task.keepActivations) return taken;
  if (batch.isShared && run.crew?.share(run, "store", batch, end - 1) === true) return taken;
  for (const tile of batch.tiles) {
    storeToSlots(run, tile, tileAddress(batch.current, tile, batch.width), batch.width, batch.rows, batch);
  }
  book(run.tally, "store", end - 1, batch.count, started);
  return taken;
}
