// What is done to one tile: the same code in the workers and, where there is too little work to share, on the main thread.

import { assignWeights, book, countProducts, type Tally } from "../../engine/worker/tally.ts";
import type { Kernels } from "../../kernels/kernels.ts";
import { SECOND_PASS } from "../../kernels/layer-record.ts";
import { FIELD, FLAG, type GridPlace, maskBytes, type SlotPlace, TASK } from "./grid-task.ts";
import { cutTiles } from "../../engine/tiles.ts";
import { TILE_LANES } from "../../kernels/kernels.ts";

const WIDEST = TILE_LANES[TILE_LANES.length - 1];

/** Weights x lanes of a call, about: signs of life must keep coming. */
const MAX_CALL_EDGES = 2 ** 26;

export interface TileWork {
  readonly place: GridPlace;
  readonly kernels: Kernels;
  /** The whole memory as 32-bit words. */
  readonly words: Uint32Array;
  /** This thread's of the place. */
  readonly list: number;
  readonly tally: Tally;
  readonly beat: (layer: number) => void;
}

/** Does one task, `stop` excepted. */
export function doTask(work: TileWork, task: Int32Array): void {
  switch (task[FIELD.kind]) {
    case TASK.loadInputs:
      loadInputs(work, task);
      computeLayers(work, task);
      return;
    case TASK.loadRows:
      loadRows(work, task);
      return;
    case TASK.compute:
      computeLayers(work, task);
      return;
    case TASK.pack:
      packBatch(work, task);
      return;
    case TASK.store:
      storeRows(work, task);
  }
}

function tileAt(work: TileWork, buffer: number, laneOffset: number): number {
  return buffer + laneOffset * work.place.stride * 4;
}

/** Copies what was received for layer l into the tile. */
function unpackTile(
  work: TileWork,
  slot: SlotPlace,
  address: number,
  l: number,
  lanes: number,
  laneOffset: number,
  skip: number,
): void {
  for (const { peer, count, line } of work.place.layers[l].receives) {
    const from = slot.receives[peer] + skip + laneOffset * count * 4;
    work.kernels.copyBytes(address + line * lanes * 4, from, count * lanes * 4);
  }
}

/** Gathers the lines of a tile that others read before layer l. */
function gatherTile(work: TileWork, task: Int32Array, slot: SlotPlace, address: number, l: number): void {
  const lanes = task[FIELD.lanes];
  const skip = (task[FIELD.flags] & FLAG.look) === 0 ? 0 : maskBytes(task[FIELD.tiles]);
  for (const { peer, count, list } of work.place.layers[l].sends) {
    const out = slot.sends[peer] + skip + task[FIELD.laneOffset] * count * 4;
    work.kernels.gatherLines(out, address, lanes, list, count);
  }
}

function loadInputs(work: TileWork, task: Int32Array): void {
  const started = performance.now();
  const { place, kernels, words } = work;
  const slot = place.slots[task[FIELD.slot]];
  const { rowPtr, colIdx, idxBytes, values, valueStep } = place.inputs;
  const list = slot.addresses + task[FIELD.laneOffset] * 4;
  const count = task[FIELD.count];
  for (let r = 0; r < count; r++) {
    const row = words[(list >>> 2) + r];
    work.tally.inputNonzeros += words[(rowPtr >>> 2) + row + 1] - words[(rowPtr >>> 2) + row];
  }
  const address = tileAt(work, slot.buffers[0], task[FIELD.laneOffset]);
  const width = place.layers[0].inWidth;
  kernels.loadCsr(address, task[FIELD.lanes], width, list, count, rowPtr, colIdx, idxBytes, values, valueStep);
  book(work.tally, "load", 0, count, started);
}

function loadRows(work: TileWork, task: Int32Array): void {
  const started = performance.now();
  const { place, kernels } = work;
  const slot = place.slots[task[FIELD.slot]];
  const l = task[FIELD.first];
  const address = tileAt(work, slot.buffers[0], task[FIELD.laneOffset]);
  const list = slot.addresses + task[FIELD.laneOffset] * 4;
  kernels.loadRows(address, task[FIELD.lanes], place.layers[l - 1].width, list, task[FIELD.count]);
  gatherTile(work, task, slot, address, l);
  book(work.tally, "load", l, task[FIELD.count], started);
}

function computeLayers(work: TileWork, task: Int32Array): void {
  const { place, kernels, words, list, tally } = work;
  const slot = place.slots[task[FIELD.slot]];
  const lanes = task[FIELD.lanes];
  const count = task[FIELD.count];
  const flags = task[FIELD.flags];
  const end = task[FIELD.end];
  let from = (flags & FLAG.second) === 0 ? 0 : 1;
  for (let l = task[FIELD.first]; l < end; l++) {
    let started = performance.now();
    const { placed, width } = place.layers[l];
    const input = tileAt(work, slot.buffers[from], task[FIELD.laneOffset]);
    from = 1 - from;
    const out = tileAt(work, slot.buffers[from], task[FIELD.laneOffset]);
    if (l === task[FIELD.first] && (flags & FLAG.unpack) !== 0) {
      const skip = (flags & FLAG.receivedMasks) === 0 ? 0 : maskBytes(task[FIELD.tiles]);
      unpackTile(work, slot, input, l, lanes, task[FIELD.laneOffset], skip);
      started = book(tally, "load", l, count, started);
    }
    const columns = Math.max(1, Math.floor((MAX_CALL_EDGES / (placed.nnz * lanes)) * width));
    for (let j = 0; j < width; j += columns) {
      work.beat(l);
      kernels.spmm(placed.address, lanes, out, input, j, Math.min(width, j + columns), list, place.passZeros);
    }
    if (placed.secondPass !== SECOND_PASS.none) kernels.activate(placed.address, lanes, out, 0, width);
    countProducts(tally, l, count * placed.nnz);
    assignWeights(tally, l, placed.nnz);
    started = book(tally, "compute", l, count, started);
    if (l + 1 < end) continue;
    if ((flags & FLAG.look) !== 0) words[(slot.masks >>> 2) + task[FIELD.tile]] = kernels.liveMask(out, lanes, width);
    if ((flags & FLAG.send) !== 0) gatherTile(work, task, slot, out, end);
    book(tally, "pack", l, count, started);
  }
}

/**
 * The group's masks say which rows of the batch are alive: they are packed into as few tiles as they need. The other
 * buffer holds them as dense rows meanwhile.
 */
function packBatch(work: TileWork, task: Int32Array): void {
  const started = performance.now();
  const { place, kernels, words } = work;
  const slot = place.slots[task[FIELD.slot]];
  const l = task[FIELD.first];
  const second = (task[FIELD.flags] & FLAG.second) !== 0;
  const current = slot.buffers[second ? 1 : 0];
  const other = slot.buffers[second ? 0 : 1];
  const width = place.layers[l].inWidth;
  const list = slot.addresses >>> 2;
  const skip = (task[FIELD.flags] & FLAG.receivedMasks) === 0 ? 0 : maskBytes(task[FIELD.tiles]);
  let kept = 0;
  const tiles = cutTiles(task[FIELD.count], WIDEST);
  for (const [t, tile] of tiles.entries()) {
    work.beat(l);
    const address = tileAt(work, current, tile.laneOffset);
    unpackTile(work, slot, address, l, tile.lanes, tile.laneOffset, skip);
    const mask = words[(slot.masks >>> 2) + t];
    for (let lane = 0; lane < tile.count; lane++) {
      words[list + lane] = ((mask >>> lane) & 1) === 1 ? other + kept++ * width * 4 : slot.unwanted;
    }
    kernels.storeRows(address, tile.lanes, width, slot.addresses, tile.count, slot.unwanted);
  }
  for (const tile of cutTiles(kept, WIDEST)) {
    for (let r = 0; r < tile.count; r++) words[list + r] = other + (tile.firstRow + r) * width * 4;
    kernels.loadRows(tileAt(work, current, tile.laneOffset), tile.lanes, width, slot.addresses, tile.count);
  }
  book(work.tally, "pack", l, task[FIELD.count], started);
}

function storeRows(work: TileWork, task: Int32Array): void {
  const started = performance.now();
  const { place, kernels, words } = work;
  const slot = place.slots[task[FIELD.slot]];
  const end = task[FIELD.end];
  work.beat(end - 1);
  const { width } = place.layers[end - 1];
  const address = tileAt(work, slot.buffers[(task[FIELD.flags] & FLAG.second) === 0 ? 0 : 1], task[FIELD.laneOffset]);
  const list = slot.addresses + task[FIELD.laneOffset] * 4;
  const count = task[FIELD.count];
  kernels.storeRows(address, task[FIELD.lanes], width, list, count, slot.unwanted);
  if (place.hashesRows) {
    for (let r = 0; r < count; r++) {
      const row = words[(list >>> 2) + r];
      if (row === slot.unwanted) continue;
      words[(slot.hashes >>> 2) + task[FIELD.laneOffset] + r] = kernels.hashRow(row, width);
    }
  }
  book(work.tally, "store", end - 1, count, started);
}
