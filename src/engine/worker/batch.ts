// A batch: some rows in tiles, taken through layers by one worker, or by one and its crew. Two buffers change roles after every layer; when
// enough rows have died the others are packed into fewer tiles, through the buffer that is free at that moment.

import { type PlacedLayer, SECOND_PASS } from "../../kernels/layer-record.ts";
import { DEAD, NO_SLOT, type WorkerBuffers } from "../task.ts";
import { cutTiles, type Tile, tileAddress } from "../tiles.ts";
import { paysToPush, pushBatch } from "./first-layer.ts";
import { type Group, takeSlot } from "./group.ts";
import { entriesOf, type WorkerRun } from "./run.ts";
import { book, countEdges } from "./tally.ts";

export interface Batch {
  /** Row numbers, `count` of them valid, in the order of the tiles' lanes. */
  readonly rows: Uint32Array;
  /** Lanes that its buffers hold. */
  readonly room: number;
  /** In the team's buffers, where helpers can take part. */
  readonly isShared: boolean;
  count: number;
  tiles: readonly Tile[];
  /** Neurons a row has now. */
  width: number;
  /** The buffer that holds the activations, and the other. */
  current: number;
  other: number;
  /** Its rows were taken through layer 0 as they were loaded. */
  isPushed: boolean;
  readonly addresses: number;
  /** A row's room that is written and never read. */
  readonly unwanted: number;
  readonly lanes: number;
}

/** A batch in the worker's own buffers, which stay in its cache. */
export function makeBatch(run: WorkerRun): Batch {
  return emptyBatch(run.task.buffers[run.team.worker], run.task.batchLanes, run.task.lanes, false);
}

/** A large batch in the team's buffers; only one worker at a time may have it (crew.ts). */
export function makeSharedBatch(run: WorkerRun): Batch {
  return emptyBatch(run.task.shared, run.task.sharedLanes, run.task.lanes, true);
}

function emptyBatch(
  { a, b, addresses, unwanted }: WorkerBuffers,
  room: number,
  lanes: number,
  isShared: boolean,
): Batch {
  const rows = new Uint32Array(room);
  const empty = { count: 0, tiles: [], width: 0, current: a, other: b, isPushed: false };
  return { rows, room, isShared, ...empty, addresses, unwanted, lanes };
}

/**
 * Takes the `count` rows listed at `list` (words) into the batch; at layer 0 from the inputs, later from the pool.
 * What a crew shares (here and below) it books itself, so other spans begin after it.
 */
export function loadBatch(run: WorkerRun, batch: Batch, list: number, count: number, layer: number): void {
  for (let k = 0; k < count; k++) batch.rows[k] = run.words[list + k];
  batch.count = count;
  batch.tiles = cutTiles(count, batch.lanes);
  batch.width = run.layers[layer].nrows;
  // A crew shares layers by their columns.
  batch.isPushed = layer === 0 && !batch.isShared && paysToPush(run, batch);
  if (batch.isPushed) {
    pushBatch(run, batch);
    return;
  }
  if (batch.isShared && run.crew?.share(run, "load", batch, layer) === true) return;
  const started = performance.now();
  for (const tile of batch.tiles) {
    loadTile(run, tile, tileAddress(batch.current, tile, batch.width), batch.rows, layer, batch.addresses);
  }
  book(run.tally, "load", layer, count, started);
}

/** A tile of more f32 than this is filled block by block, where it can be. Reason: a second-level cache has 1 to 2 MiB. */
const CACHED_ELEMENTS = 1 << 17;

/** Fills one tile with its rows, from the inputs (layer 0) or the pool. */
export function loadTile(
  run: WorkerRun,
  tile: Tile,
  address: number,
  rows: Uint32Array,
  layer: number,
  scratch: number,
): void {
  const { task, kernels, words } = run;
  const width = run.layers[layer].nrows;
  const first = scratch >>> 2;
  if (layer === 0) {
    const { rowPtr, colIdx, idxBytes, values, valueStep, isSorted } = run.inputs;
    for (let r = 0; r < tile.count; r++) {
      const row = rows[tile.firstRow + r];
      words[first + r] = row;
      run.tally.inputNonzeros += entriesOf(run, row);
    }
    const place = [address, tile.lanes, width, scratch, tile.count] as const;
    const entries = [rowPtr, colIdx, idxBytes, values, valueStep] as const;
    if (isSorted && tile.lanes * width > CACHED_ELEMENTS) kernels.loadSortedCsr(...place, ...entries);
    else kernels.loadCsr(...place, ...entries);
    return;
  }
  for (let r = 0; r < tile.count; r++) {
    words[first + r] = task.pool + run.slot[rows[tile.firstRow + r]] * task.slotBytes;
  }
  kernels.loadRows(address, tile.lanes, width, scratch, tile.count);
}

/** Takes the batch through layer l, if it is not there yet, with the crew's help where it has any. */
export function advanceBatch(run: WorkerRun, batch: Batch, l: number): void {
  const { tally, crew } = run;
  const layer = run.layers[l];
  const { tiles, current, other } = batch;
  if (l === 0 && batch.isPushed) {
    tally.rowsByLayer[0] += batch.count;
    return;
  }
  if (!batch.isShared || crew?.share(run, "compute", batch, l) !== true) {
    const started = performance.now();
    computeTiles(run, tiles, l, current, other, 0, layer.ncols);
    countEdges(tally, l, batch.count, layer.nnz);
    book(tally, "compute", l, batch.count, started);
  }
  softmaxTiles(run, l, tiles, other);
  batch.current = other;
  batch.other = current;
  batch.width = layer.ncols;
  tally.rowsByLayer[l] += batch.count;
}

/** Weights x lanes of a call, about. Reason: the JavaScript kernels do 0.5e9 a second, and silence is an error after 1.5 s. */
const MAX_CALL_EDGES = 2 ** 26;

/** The piece first .. end-1 of layer l (`spmm`) for all tiles: from the buffer at `input` to the one at `out`. */
export function computeTiles(
  run: WorkerRun,
  tiles: readonly Tile[],
  l: number,
  input: number,
  out: number,
  first: number,
  end: number,
): void {
  const layer = run.layers[l];
  const { list } = run.task.buffers[run.team.worker];
  const passZeros = run.task.rowMode !== "all";
  // One tile a call, or less, keeps the signs of life coming on large layers; a call costs nothing beside its work.
  for (const tile of tiles) {
    const to = tileAddress(out, tile, layer.ncols);
    const from = tileAddress(input, tile, layer.nrows);
    const columns = Math.max(1, Math.floor((MAX_CALL_EDGES / (layer.nnz * tile.lanes)) * layer.ncols));
    for (let j = first; j < end; j += columns) {
      run.team.beat(l);
      run.kernels.spmm(layer.address, tile.lanes, to, from, j, Math.min(end, j + columns), list, passZeros);
    }
    secondPass(run, layer, tile, to, first, end);
  }
}

/** What follows the sums of columns first .. end-1 of one tile, softmax excepted. */
function secondPass(run: WorkerRun, layer: PlacedLayer, tile: Tile, address: number, first: number, end: number): void {
  if (layer.secondPass === SECOND_PASS.none || layer.secondPass === SECOND_PASS.softmax) return;
  run.kernels.activate(layer.address, tile.lanes, address, first, end);
}

/** Softmax of layer l, where it has it, on tiles whose columns are complete. */
export function softmaxTiles(run: WorkerRun, l: number, tiles: readonly Tile[], buffer: number): void {
  const layer = run.layers[l];
  if (layer.secondPass !== SECOND_PASS.softmax) return;
  const started = performance.now();
  for (const tile of tiles) {
    run.team.beat(l);
    run.kernels.softmax(layer.address, tile.lanes, tileAddress(buffer, tile, layer.ncols));
  }
  book(run.tally, "compute", l, 0, started);
}

/** One bit a row of every tile: not all zero. */
export function liveMasks(run: WorkerRun, batch: Batch, l: number): number[] {
  if (batch.isShared && run.crew?.share(run, "look", batch, l) === true) {
    const first = run.task.shared.masks >>> 2;
    return Array.from(run.words.subarray(first, first + batch.tiles.length));
  }
  const started = performance.now();
  const masks = batch.tiles.map((tile) =>
    run.kernels.liveMask(tileAddress(batch.current, tile, batch.width), tile.lanes, batch.width),
  );
  book(run.tally, "pack", l, batch.count, started);
  return masks;
}

/** Calls `visit` with tile, lane and row number of every row whose bit is set (`isLive`) or clear. */
export function forEachRow(
  batch: Batch,
  masks: readonly number[],
  visit: (tile: Tile, lane: number, row: number, isLive: boolean) => void,
): void {
  for (let t = 0; t < batch.tiles.length; t++) {
    const tile = batch.tiles[t];
    for (let lane = 0; lane < tile.count; lane++) {
      visit(tile, lane, batch.rows[tile.firstRow + lane], ((masks[t] >>> lane) & 1) === 1);
    }
  }
}

/** Packs the live rows into as few tiles as they need; the others leave the batch. */
export function packBatch(run: WorkerRun, batch: Batch, masks: readonly number[]): void {
  const { kernels, words } = run;
  const { width, current } = batch;
  const list = batch.addresses >>> 2;
  let count = 0;
  for (let t = 0; t < batch.tiles.length; t++) {
    const tile = batch.tiles[t];
    for (let lane = 0; lane < tile.count; lane++) {
      if (((masks[t] >>> lane) & 1) === 0) continue;
      words[list + 2 * count] = tileAddress(current, tile, width) + lane * 4;
      words[list + 2 * count + 1] = tile.lanes * 4;
      batch.rows[count++] = batch.rows[tile.firstRow + lane];
    }
  }
  batch.count = count;
  batch.tiles = cutTiles(count, batch.lanes);
  // Of the last tile: addresses 0 and 0, a lane of zeros.
  words.fill(0, list + 2 * count, list + 2 * batch.room);
  for (const tile of batch.tiles) {
    const sources = batch.addresses + tile.firstRow * 8;
    kernels.packLanes(tileAddress(batch.other, tile, width), tile.lanes, width, sources);
  }
  [batch.current, batch.other] = [batch.other, batch.current];
}

/** Marks a row as all zero from here on. */
export function markDead(run: WorkerRun, row: number): void {
  run.leader[row] = DEAD;
}

/** Gives a row its place in the group's share of the pool, if it has none yet. @returns 1 when a slot was taken, else 0. */
export function ensureSlot(run: WorkerRun, group: Group, row: number): number {
  if (run.slot[row] !== NO_SLOT) return 0;
  run.slot[row] = takeSlot(run, group);
  return 1;
}

/**
 * Copies those rows of a tile to their slots that have one; in `distinct` runs also hashes them while they are hot.
 * `rows` are the batch's row numbers; `buffers` give room for the tile's addresses and for rows that nobody wants.
 */
export function storeToSlots(
  run: WorkerRun,
  tile: Tile,
  address: number,
  width: number,
  rows: Uint32Array,
  buffers: { readonly addresses: number; readonly unwanted: number },
): void {
  const { task, kernels, words, slot, hash } = run;
  const list = buffers.addresses >>> 2;
  for (let lane = 0; lane < tile.count; lane++) {
    const place = slot[rows[tile.firstRow + lane]];
    words[list + lane] = place < task.slots ? task.pool + place * task.slotBytes : buffers.unwanted;
  }
  kernels.storeRows(address, tile.lanes, width, buffers.addresses, tile.count, buffers.unwanted);
  if (task.rowMode !== "distinct") return;
  for (let lane = 0; lane < tile.count; lane++) {
    if (words[list + lane] === buffers.unwanted) continue;
    hash[rows[tile.firstRow + lane]] = kernels.hashRow(words[list + lane], width);
  }
}
