// How much of everything a run of one row group gets, and where it lies.

import { ResourceError } from "../../core/errors.ts";
import { formatBytes } from "../../core/units.ts";
import { LIST_ENTRIES } from "../../kernels/layer-record.ts";
import { TILE_LANES } from "../../kernels/kernels.ts";
import type { Arena } from "../../threads/arena.ts";
import { maskBytes, type SlotPlace } from "./grid-task.ts";
import type { GridLayer } from "./routes.ts";

const WIDEST = TILE_LANES[TILE_LANES.length - 1];
/** A batch has about this many edges of one layer on each rank. Reason: an exchange costs some 50 us beside its bytes. */
const BATCH_EDGES = 4e6;
/** Batches on their way at once: some are computed while others are exchanged. */
const MIN_SLOTS = 3;
const MAX_SLOTS = 64;
const MAX_BATCH_TILES = 64;
/** The batches take at most this much. */
const MAX_SLOT_BYTES = 1024 * 1024 * 1024;
/** Dense rows between stages take at most this much. */
const MAX_POOL_BYTES = 1024 * 1024 * 1024;

/** Sizes that every rank of a group must choose alike. */
export interface BatchPlan {
  readonly slots: number;
  readonly lanes: number;
  readonly poolRows: number;
}

/** Bytes of one slot for `lanes` lanes. */
function slotBytes(layers: readonly GridLayer[], size: number, lanes: number): number {
  const lines = sum(peerWidths(layers, size, "sends")) + sum(peerWidths(layers, size, "receives"));
  return (2 * widest(layers) + lines) * lanes * 4;
}

/** What suits this rank; the group takes the least of what its ranks can. */
export function planBatches(arena: Arena, layers: readonly GridLayer[], size: number, o: PlanFacts): BatchPlan {
  const edges = Math.max(1, ...layers.map(({ placed }) => placed.nnz)) * WIDEST;
  const left = Math.max(0, o.limitBytes - arena.usedBytes);
  const fair = Math.min(MAX_BATCH_TILES, Math.max(1, Math.ceil((BATCH_EDGES * Math.max(1, o.workers / 2)) / edges)));
  // Tiles in all that there is room for, and enough of them that all workers have some while others travel.
  const room = Math.max(1, Math.floor(Math.min(MAX_SLOT_BYTES, left / 2) / slotBytes(layers, size, WIDEST)));
  const wanted = Math.max(MIN_SLOTS, Math.ceil((2 * o.workers) / fair) + 1);
  const slots = Math.min(MAX_SLOTS, wanted, room);
  const lanes = Math.max(1, Math.min(fair, Math.floor(room / slots))) * WIDEST;
  // Masks, addresses and what alignment takes come on top of the lines.
  const besides = lanes * 16 + widest(layers) * 4 + (2 * size + 8) * (64 + maskBytes(lanes / WIDEST));
  const afterSlots = left - slots * (slotBytes(layers, size, lanes) + besides);
  const most = o.keepsActivations ? afterSlots - 64 : Math.min(MAX_POOL_BYTES, afterSlots - 64);
  const poolRows = Math.min(o.rows, Math.floor(most / poolRowBytes(layers)));
  if (poolRows < Math.min(o.rows, WIDEST)) {
    const needed = formatBytes(slots * slotBytes(layers, size, lanes) + WIDEST * poolRowBytes(layers));
    throw new ResourceError(
      `no memory for the activations of a row group: ${needed} needed, ${formatBytes(left)} left`,
    );
  }
  return { slots, lanes, poolRows };
}

export interface PlanFacts {
  readonly workers: number;
  readonly rows: number;
  readonly limitBytes: number;
  readonly keepsActivations: boolean;
}

export function poolRowBytes(layers: readonly GridLayer[]): number {
  return Math.ceil((Math.max(1, ...layers.map(({ width }) => width)) * 4) / 64) * 64;
}

/** Lines of the widest tile. */
export function widest(layers: readonly GridLayer[]): number {
  return Math.max(1, ...layers.map(({ width, inWidth }) => Math.max(width, inWidth)));
}

/** The most lines that go to, or come from, each rank before any layer. */
function peerWidths(layers: readonly GridLayer[], size: number, way: "sends" | "receives"): number[] {
  const most = Array.from({ length: size }, () => 0);
  for (const layer of layers) for (const { peer, count } of layer[way]) most[peer] = Math.max(most[peer], count);
  return most;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, some) => total + some, 0);
}

/**
 * Scratch of `spmm`, one a worker; the main thread has the first where it computes, which it does while no worker has a
 * task. Before the batches are planned, which take what is left. @throws ResourceError
 */
export function allocateLists(arena: Arena, workers: number): number[] {
  return Array.from({ length: workers }, (_, w) => arena.allocate(LIST_ENTRIES * 4, `lines listed by worker ${w}`));
}

/** @throws ResourceError */
export function allocateSlots(
  arena: Arena,
  layers: readonly GridLayer[],
  size: number,
  { slots, lanes }: BatchPlan,
): SlotPlace[] {
  const width = widest(layers);
  const masks = maskBytes(lanes / WIDEST);
  const region = (lines: number, what: string): number => arena.allocate(masks + lines * lanes * 4, what);
  const sends = peerWidths(layers, size, "sends");
  const receives = peerWidths(layers, size, "receives");
  return Array.from({ length: slots }, (): SlotPlace => {
    return {
      buffers: [
        arena.allocate(width * lanes * 4, "activations of a batch"),
        arena.allocate(width * lanes * 4, "activations of a batch"),
      ],
      addresses: arena.allocate(lanes * 4, "row addresses of a batch"),
      hashes: arena.allocate(lanes * 4, "hashes of a batch"),
      masks: arena.allocate(masks, "masks of a batch"),
      unwanted: arena.allocate(width * 4, "unwanted rows of a batch"),
      sends: sends.map((lines) => region(lines, "lines to be sent")),
      receives: receives.map((lines) => region(lines, "lines to be received")),
    };
  });
}
