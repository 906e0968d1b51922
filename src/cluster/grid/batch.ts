// A batch on its way through a stage, what all batches of a run share, and how its tasks are given out.

import type { RowMode } from "../../engine/options.ts";
import type { Tile } from "../../engine/tiles.ts";
import type { Request } from "../../mpi/request.ts";
import type { SentByLayer } from "./exchange.ts";
import type { GridRows } from "./grid-rows.ts";
import { expectTasks, FLAG, putTask, wakeWorkers } from "./grid-task.ts";
import type { GroupLink } from "./group-link.ts";
import { doTask, type TileWork } from "./tile-work.ts";

/** Where rows are between stages: places of own neurons. */
export interface PoolPlace {
  readonly address: number;
  readonly rowBytes: number;
}

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
  /** Of this pass: seconds of its parts, and rows x layers. */
  readonly done: { seconds: number; rowLayers: number };
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

export type State = "working" | "exchanging" | "packing" | "storing";

export interface Batch {
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

/** Gives out one task a tile (or does them). */
export function put(
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
