// Where the groups of a grid meet, and what they do there: share rows, and save what is done.

import type { RowMode } from "../engine/options.ts";
import { type CheckpointOptions, findState, type FoundState, MAX_CHECKPOINT_LAYERS } from "./checkpointer.ts";
import { type GridBalance, openGridBalance } from "./grid-balance.ts";
import { GridCheckpointer } from "./grid-checkpointer.ts";
import { GridNumbers } from "./grid-numbers.ts";
import type { GridShape } from "./grid-shape.ts";
import type { GridCuts } from "./grid/grid-cuts.ts";
import { type CutRecord, nextCut, type RedealMode } from "./rank-driver.ts";
import { allgatherValues, type World } from "./world.ts";

export interface GridDriverOptions {
  readonly world: World;
  /** The ranks of this rank's group. */
  readonly group: World;
  readonly grid: GridShape;
  readonly redeal: RedealMode;
  readonly rows: RowMode;
  /** Neurons after each layer. */
  readonly widths: readonly number[];
  /** For every output its neuron of the last layer; null where they are the same. */
  readonly outputMap: Uint32Array | null;
  /** Numbers of the group's rows among all. */
  readonly own: Uint32Array;
  readonly checkpoint: Omit<CheckpointOptions, "orderAfter"> | null;
  readonly signal: AbortSignal;
}

/** The fewest guests that a group has room for, where rows may come. */
const MIN_GUESTS = 1024;

export interface GridDriver extends GridCuts, Disposable {
  readonly numbers: GridNumbers;
  /** What happened where rows were shared. */
  readonly records: readonly CutRecord[];
  /** What this rank sent there. */
  readonly traffic: GridBalance["traffic"];
  /** Of what a run that is saved went on from. */
  readonly state: FoundState | null;
  /** Removes the saved state. Collective. */
  clear(): Promise<void>;
}

/** null where groups have no reason to meet. Collective over all groups. */
export async function openGridDriver(options: GridDriverOptions): Promise<GridDriver | null> {
  const { world, group, grid, redeal, rows, widths, own, checkpoint, signal } = options;
  const sharesRows = grid.rowGroups > 1 && (redeal === "always" || (redeal === "auto" && rows !== "all"));
  if (!sharesRows && checkpoint === null) return null;
  const place = { group: Math.floor(world.rank / grid.columns), member: world.rank % grid.columns };
  const state = checkpoint === null ? null : await findState(world, checkpoint, [place.group, grid.rowGroups]);
  const guestRoom = (state?.waiting.length ?? 0) + (sharesRows ? Math.max(MIN_GUESTS, own.length) : 0);
  const numbers = new GridNumbers(own, guestRoom);
  const checkpointer = checkpoint === null ? null : new GridCheckpointer({ ...options, ...checkpoint }, numbers, state);
  const comm = sharesRows ? (world.comm?.split(place.member, place.group) ?? null) : null;
  const sharing = { world, group, redeal, rows, widths, numbers };
  const balance = comm === null ? null : await openGridBalance(comm, sharing, signal);
  return {
    layers: cutLayers(widths.length),
    found: checkpointer?.found ?? null,
    guestRoom,
    numbers,
    records: balance?.cuts ?? [],
    traffic: balance?.traffic ?? [],
    state,
    resumes: async () => (await checkpointer?.resumes()) ?? false,
    async goesOn(waiting) {
      const all = await allgatherValues(world, waiting);
      return all.some((count) => count > 0) || ((await checkpointer?.isAnyGuestWaiting()) ?? false);
    },
    async meet(cut) {
      const list = (await balance?.meet(cut)) ?? cut.list;
      const all = await allgatherValues(world, list.length);
      if (all.every((count) => count === 0)) return null;
      await checkpointer?.save({ ...cut, list });
      return list;
    },
    clear: async () => checkpointer?.clear(),
    [Symbol.dispose]: () => comm?.[Symbol.dispose](),
  };
}

/** The cuts of a run whose ranks split rows alone, so that each goes on from the other's states. */
function cutLayers(layers: number): number[] {
  const cuts: number[] = [];
  let next = 0;
  while ((next = Math.min(nextCut(next, layers, "auto"), next + MAX_CHECKPOINT_LAYERS)) < layers) cuts.push(next);
  return cuts;
}
