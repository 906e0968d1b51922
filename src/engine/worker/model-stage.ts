// One stage by model parallelism: all workers of the group compute the same rows together, each some neurons of every
// layer, and meet after each layer. Tiles are loaded, looked at and stored by turns: tile t by worker t mod size.

import { SECOND_PASS } from "../../kernels/layer-record.ts";
import { FINISHED_SLOT } from "../task.ts";
import { cutTiles, type Tile, tileAddress } from "../tiles.ts";
import { computeTiles, ensureSlot, loadTile, markDead, softmaxTiles, storeToSlots } from "./batch.ts";
import { type ColumnSplit, columnShare, weightsOf } from "./column-share.ts";
import { PIECE } from "../pieces.ts";
import { freeAtStart, freeSlots, type Group, isLeader, meet } from "./group.ts";
import { mayFinishAlone, needsSlots } from "./room.ts";
import { mayDrop, type WorkerRun } from "./run.ts";
import { book, countEdges } from "./tally.ts";

interface SharedBatch {
  readonly rows: Uint32Array;
  readonly tiles: readonly Tile[];
  /** The tiles that this worker loads and stores. */
  readonly own: readonly Tile[];
  current: number;
  other: number;
}

export function runModelStage(run: WorkerRun, group: Group, first: number, end: number, split: ColumnSplit): void {
  const { task, words, team } = run;
  const count = words[group.countWord];
  const needsRoom = needsSlots(run, group, first, end);
  const size =
    needsRoom && !mayFinishAlone(run, group) ? Math.min(task.sharedLanes, freeAtStart(run, group)) : task.sharedLanes;
  let k = 0;
  for (; k < count; k += size) {
    const rows = words.slice(group.list + k, group.list + Math.min(count, k + size));
    // All workers decide alike: they have met, and none takes a slot before they meet again.
    const hasRoom = !needsRoom || (rows.length > 0 && rows.length <= freeSlots(run, group));
    if (!hasRoom && !mayFinishAlone(run, group)) break;
    const tiles = cutTiles(rows.length, task.lanes);
    const own = tiles.filter((_, t) => t % group.size === team.worker - group.leader);
    const batch = { rows, tiles, own, current: task.shared.a, other: task.shared.b };
    runShared(run, group, batch, first, hasRoom ? end : run.layers.length, split);
  }
  if (first === task.firstLayer && isLeader(run, group)) words[group.words + PIECE.pendingFirst] = Math.min(k, count);
}

function runShared(
  run: WorkerRun,
  group: Group,
  batch: SharedBatch,
  first: number,
  end: number,
  split: ColumnSplit,
): void {
  const { task, layers, tally } = run;
  const { rows, own } = batch;
  const member = run.team.worker - group.leader;
  const scratch = task.buffers[run.team.worker].addresses;
  let started = performance.now();
  for (const tile of own) {
    loadTile(run, tile, tileAddress(batch.current, tile, layers[first].nrows), rows, first, scratch);
  }
  book(tally, "load", first, rows.length, started);
  for (let l = first; l < end; l++) {
    meet(run, group, l);
    started = performance.now();
    const layer = layers[l];
    const [from, to] = columnShare(run, layer, member, group.size, split);
    computeTiles(run, batch.tiles, l, batch.current, batch.other, from, to);
    countEdges(tally, l, rows.length, weightsOf(run, layer, from, to));
    book(tally, "compute", l, rows.length, started);
    [batch.current, batch.other] = [batch.other, batch.current];
    if (layer.secondPass === SECOND_PASS.softmax) {
      meet(run, group, l);
      softmaxTiles(run, l, own, batch.current);
    }
    if (member === 0) tally.rowsByLayer[l] += rows.length;
  }
  meet(run, group, end - 1);
  started = performance.now();
  storeTiles(run, group, batch, end);
  book(tally, "store", end - 1, rows.length, started);
  // The next batch, or stage, writes the buffers that the others may still be reading.
  meet(run, group, end - 1);
}

function storeTiles(run: WorkerRun, group: Group, batch: SharedBatch, end: number): void {
  const { task, layers, kernels, tally } = run;
  const width = layers[end - 1].ncols;
  const isLast = end === layers.length;
  for (const tile of batch.own) {
    tally.lookedByLayer[end - 1] += tile.count;
    const address = tileAddress(batch.current, tile, width);
    const mask = kernels.liveMask(address, tile.lanes, width);
    for (let lane = 0; lane < tile.count; lane++) {
      const row = batch.rows[tile.firstRow + lane];
      const isLive = ((mask >>> lane) & 1) === 1;
      if (isLive) tally.liveByLayer[end - 1] += run.weight[row];
      if (isLast) run.alive[row] = isLive ? 1 : 0;
      else if (!isLive && mayDrop(task, end - 1)) markDead(run, row);
      if (isLast && !task.keepActivations) run.slot[row] = FINISHED_SLOT;
      if (isLast ? !task.keepActivations : !isLive && mayDrop(task, end - 1)) continue;
      ensureSlot(run, group, row);
    }
    if (!isLast || task.keepActivations) {
      storeToSlots(run, tile, address, width, batch.rows, task.buffers[run.team.worker]);
    }
  }
}
