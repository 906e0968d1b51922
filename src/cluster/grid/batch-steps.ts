// The steps of a batch: tasks for the workers, an exchange with the other ranks, and what follows from what came.

import { cutTiles } from "../../engine/tiles.ts";
import { TILE_LANES } from "../../kernels/kernels.ts";
import { type Batch, type BatchRun, put, type StagePart } from "./batch.ts";
import { finish, keepLive, look, mayDrop, pack, takeHashes } from "./batch-rows.ts";
import { combineMasks, startExchange } from "./exchange.ts";
import { FLAG, TASK, tasksLeft } from "./grid-task.ts";

const WIDEST = TILE_LANES[TILE_LANES.length - 1];
/** As in the engine: a batch is packed when this share of its rows has died. */
const PACK_SHARE = 0.25;
/**
 * Layers between which nothing is exchanged are computed in one go, up to about this much of a batch. Reason: some 10 ms,
 * after which the main thread should look up.
 */
const MAX_TASK_EDGES = 2e8;

/** A batch of the part's next rows, its first tasks given out. */
export function beginBatch(run: BatchRun, part: StagePart, slot: number, number: number): Batch {
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

/** Does what can be done with the batch now; false when it must wait. A batch without rows is done. */
export function advance(run: BatchRun, part: StagePart, batch: Batch): boolean {
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
