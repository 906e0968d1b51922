// Where everything of a run lies in shared memory, and how much of it there is.

import { LIST_ENTRIES, writeArray } from "../kernels/layer-record.ts";
import type { Order } from "../partition/hashing.ts";
import type { NeuronOrder } from "../partition/neuron-order.ts";
import { type CsrMatrix, type IndexArray, MAX_U16_DIMENSION } from "../sparse/matrix.ts";
import type { Arena } from "../threads/arena.ts";
import { ResourceError } from "../core/errors.ts";
import { formatBytes } from "../core/units.ts";

import type { NetworkWidths } from "./network-widths.ts";
import { NO_SLOT, type PlacedInputs, type RowTables, type WorkerBuffers } from "./task.ts";

/** A worker's two buffers together should stay in its L2 cache. Reason: L2 is 1 to 2 MiB on servers. */
const WORKER_BUFFER_BYTES = 1024 * 1024;
/** Where inputs or a few layers are wider than the others, the buffers may be this large for them. */
const MAX_WORKER_BUFFER_BYTES = 16 * 1024 * 1024;
/** Two tiles leave fewer lanes empty when rows have died; where one is larger than the cache, the next would push it out. */
const MIN_CACHED_TILES = 2;
const MAX_BATCH_LANES = 1024;
/** The buffers that all workers share stay in L3. */
const SHARED_BUFFER_BYTES = 16 * 1024 * 1024;
const MAX_SHARED_LANES = 4096;
/** Dense rows between stages take at most this much of the memory that is left. */
const MAX_POOL_BYTES = 1024 * 1024 * 1024;

export interface Buffers {
  /** Lanes of the widest tile that they hold. */
  readonly tileLanes: number;
  readonly workers: readonly WorkerBuffers[];
  readonly shared: WorkerBuffers;
  readonly batchLanes: number;
  readonly sharedLanes: number;
}

interface WideLayers {
  readonly layers: readonly { readonly weights: { readonly nrows: number; readonly ncols: number } }[];
}

/**
 * Refuses a layer for whose activations there cannot be room, before anything of its width is made for it: a file of a
 * few hundred bytes may announce 2^32 neurons. @throws ResourceError
 */
export function checkWidth({ layers }: WideLayers, workers: number, lanes: number, limitBytes: number): void {
  const widest = layers.reduce((most, { weights }) => Math.max(most, weights.nrows, weights.ncols), 1);
  const least = (workers + 1) * 2 * lanes * widest * 4;
  if (least <= limitBytes) return;
  const room = `${lanes} rows of ${widest} neurons take at least ${formatBytes(least)} in ${workers} workers`;
  throw new ResourceError(`no memory for the activations: ${room}, the limit is ${formatBytes(limitBytes)}`);
}

/** Activation buffers, for rows of a network of such `widths` in tiles of `lanes`. @throws ResourceError */
export function allocateBuffers(arena: Arena, workers: number, widths: NetworkWidths, lanes: number): Buffers {
  const { widest, typical } = widths;
  const tilesIn = (bytes: number, width: number): number => Math.floor(bytes / 2 / (width * 4 * lanes));
  const cached = Math.min(tilesIn(WORKER_BUFFER_BYTES, typical), tilesIn(MAX_WORKER_BUFFER_BYTES, widest));
  const batchLanes =
    cached === 0 ? lanes : Math.max(Math.min(cached * lanes, MAX_BATCH_LANES), MIN_CACHED_TILES * lanes);
  const sharedLanes = Math.min(Math.max(1, tilesIn(SHARED_BUFFER_BYTES, widest)) * lanes, MAX_SHARED_LANES);
  const take = (count: number, what: string): WorkerBuffers => ({
    a: arena.allocate(count * widest * 4, `activations of ${what}`),
    b: arena.allocate(count * widest * 4, `activations of ${what}`),
    addresses: arena.allocate(count * 8, `row addresses of ${what}`),
    list: arena.allocate(LIST_ENTRIES * 4, `lines listed by ${what}`),
    unwanted: arena.allocate(widest * 4, `unwanted rows of ${what}`),
    rowList: arena.allocate(count * 4, `row numbers of ${what}`),
    masks: arena.allocate(count * 4, `masks of ${what}`),
  });
  return {
    workers: Array.from({ length: workers }, (_, worker) => take(batchLanes, `worker ${worker}`)),
    shared: take(sharedLanes, "the team"),
    tileLanes: lanes,
    batchLanes,
    sharedLanes,
  };
}

/** Room behind the inputs for rows that come from elsewhere. */
export interface InputRoom {
  readonly rows: number;
  readonly entries: number;
}

/**
 * Copies the inputs into memory, features renumbered by `order` where it is given, with room behind them.
 * @throws ResourceError
 */
export function placeInputs(
  arena: Arena,
  inputs: CsrMatrix,
  order: NeuronOrder | null,
  room: InputRoom = { rows: 0, entries: 0 },
): PlacedInputs {
  const put = (array: Uint32Array | Uint16Array | Float32Array, what: string, extra: number): number => {
    const bytes = array.byteLength + extra * array.BYTES_PER_ELEMENT;
    const address = arena.allocate(bytes, `${what} of the inputs`);
    writeArray(arena.memory, address, array);
    return address;
  };
  const rowPtr = put(inputs.rowPtr, "row pointers", room.rows);
  // Small indices may be 16-bit even of many features; renumbered they may not.
  const indices = order === null || inputs.ncols <= MAX_U16_DIMENSION ? inputs.colIdx : Uint32Array.from(inputs.colIdx);
  const colIdx = put(indices, "column indices", room.entries);
  const isOneValue = inputs.values.length === 1;
  if (order !== null) renumberRows(viewLike(arena.memory, colIdx, indices), inputs.rowPtr, 0, order, isOneValue);
  return {
    nrows: inputs.nrows,
    ncols: inputs.ncols,
    rowPtr,
    colIdx,
    idxBytes: indices.BYTES_PER_ELEMENT,
    values: put(inputs.values, "values", isOneValue ? 0 : room.entries),
    valueStep: isOneValue ? 0 : 4,
    isSorted: order === null || isOneValue,
  };
}

function viewLike(memory: WebAssembly.Memory, address: number, like: IndexArray): IndexArray {
  return like.BYTES_PER_ELEMENT === 2
    ? new Uint16Array(memory.buffer, address, like.length)
    : new Uint32Array(memory.buffer, address, like.length);
}

/**
 * Renumbers the indices of rows; with `sort` they rise in every row afterwards, whatever became of their values. Entry
 * rowPtr[i] - first is the first of row i. Cost: O(nnz), and for sorting O(ncols / 32) a row.
 */
export function renumberRows(
  indices: IndexArray,
  rowPtr: Uint32Array,
  first: number,
  order: NeuronOrder,
  sort: boolean,
): void {
  for (let p = 0; p < indices.length; p++) indices[p] = order[indices[p]];
  if (!sort) return;
  const bits = new Uint32Array(Math.ceil(order.length / 32));
  for (let row = 0; row + 1 < rowPtr.length; row++)
    sortRow(indices, rowPtr[row] - first, rowPtr[row + 1] - first, bits);
}

/** @param bits all 0, and again when it returns; one for every possible index */
function sortRow(indices: IndexArray, begin: number, end: number, bits: Uint32Array): void {
  if ((end - begin) * 8 < bits.length) {
    indices.subarray(begin, end).sort();
    return;
  }
  for (let p = begin; p < end; p++) bits[indices[p] >>> 5] |= 1 << (indices[p] & 31);
  let at = begin;
  for (let k = 0; k < bits.length; k++) {
    for (let word = bits[k]; word !== 0; word &= word - 1) indices[at++] = k * 32 + 31 - Math.clz32(word & -word);
    bits[k] = 0;
  }
}

/**
 * The tables of one run, at their starting values: every row stands for itself; the first `nrows` are listed by `order`,
 * `extraRows` more have room. @throws ResourceError
 */
export function allocateRowTables(arena: Arena, nrows: number, extraRows: number, order: Order | null): RowTables {
  const count = nrows + extraRows;
  const words = (what: string): number => arena.allocate(count * 4, `${what} of the rows`);
  const tables = {
    leader: words("leaders"),
    weight: words("weights"),
    hash: words("hashes"),
    slot: words("slots"),
    list: words("list"),
    alive: arena.allocate(count, "categories of the rows"),
  };
  const { buffer } = arena.memory;
  const leader = new Uint32Array(buffer, tables.leader, count);
  const list = new Uint32Array(buffer, tables.list, nrows);
  for (let row = 0; row < count; row++) leader[row] = row;
  for (let row = 0; row < nrows; row++) {
    list[order === null ? row : order[row]] = row;
  }
  new Uint32Array(buffer, tables.weight, count).fill(1);
  new Uint32Array(buffer, tables.slot, count).fill(NO_SLOT);
  new Uint8Array(buffer, tables.alive, count).fill(0);
  return tables;
}

export interface Pool {
  readonly address: number;
  readonly slotBytes: number;
  readonly slots: number;
}

/**
 * Room for dense rows between stages: for all rows where that fits, else for as many as may.
 * Untouched pages cost nothing, so a large pool is free until rows survive.
 * @param wanted `some`: as long as rows die on the way. `all`: of all rows, as far as memory goes.
 * @throws ResourceError when not even one slot is left, or when all rows are needed and do not fit.
 */
export function allocatePool(
  arena: Arena,
  nrows: number,
  width: number,
  limitBytes: number,
  wanted: "some" | "all" | "all-or-none",
): Pool {
  const slotBytes = Math.ceil((width * 4) / 64) * 64;
  const left = limitBytes - arena.usedBytes - 64;
  const most = Math.floor(Math.min(wanted === "some" ? MAX_POOL_BYTES : left, left) / slotBytes);
  if (most < 1 || (wanted === "all-or-none" && most < nrows)) {
    throw new ResourceError(`no memory for the activations of ${nrows} rows: room for ${Math.max(0, most)} is left`);
  }
  const slots = Math.min(nrows, most);
  const address = arena.allocate(slots * slotBytes, "rows between layers");
  touchPages(arena.memory, address, Math.ceil((slots * slotBytes) / TOUCHED_SHARE));
  return { address, slotBytes, slots };
}

/** One slot in this many is expected to be used, and gets its pages before the run instead of in it. */
const TOUCHED_SHARE = 4;
const SYSTEM_PAGE_BYTES = 4096;

/** Makes the system back a range with memory; workers that do so together wait for each other in the kernel. */
function touchPages(memory: WebAssembly.Memory, address: number, bytes: number): void {
  const view = new Uint8Array(memory.buffer, address, bytes);
  for (let at = 0; at < bytes; at += SYSTEM_PAGE_BYTES) view[at] = 0;
}
