// The memory of one run: its inputs, the tables of its rows, the pool, and the task that tells the workers where all of
// it lies.

import { type HashOptions, hashesRows, hashOrder, type Order } from "../partition/hashing.ts";
import type { CsrMatrix } from "../sparse/matrix.ts";
import { type InputFeed, wholeFeed } from "./input-feed.ts";
import { allocatePool, allocateRowTables, type InputRoom, placeInputs } from "./layout.ts";
import type { LoadedNetwork } from "./loaded-network.ts";
import type { Settings } from "./options.ts";
import { openPieces, PIECE_WORDS, type Pieces, pieceCount } from "./pieces.ts";
import type { RunTask } from "./task.ts";
import type { Workplace } from "./workplace.ts";

export interface LaidOutRun {
  readonly task: RunTask;
  readonly pieces: Pieces;
  readonly feed: InputFeed;
  /** Behind the inputs in memory. */
  readonly inputRoom: InputRoom;
  /** All rows, in the order that hashing gave them. */
  readonly order: Uint32Array;
}

/** Rows that come to a run from elsewhere. */
export interface ExtraRows {
  /** At most, over the whole run. */
  readonly rows: number;
  /** Some of them before layer 0, with the entries of inputs. */
  readonly areInputs: boolean;
}

export const NO_EXTRA_ROWS: ExtraRows = { rows: 0, areInputs: false };

/** Room for inputs from elsewhere: this share of the entries, ... */
const INPUT_ROOM_SHARE = 1 / 4;
/** ... and so many at least, for runs of few rows. */
const MIN_ROOM_ENTRIES = 1 << 16;

/**
 * Puts the inputs and the tables of one run into memory.
 * @throws ResourceError
 */
export function layOut(
  place: Workplace,
  settings: Settings,
  loaded: LoadedNetwork,
  inputs: CsrMatrix,
  extra: ExtraRows,
): LaidOutRun {
  place.arena.release(place.base);
  const entries = Math.max(MIN_ROOM_ENTRIES, Math.ceil(inputs.colIdx.length * INPUT_ROOM_SHARE));
  const room = extra.areInputs ? { rows: extra.rows, entries } : { rows: 0, entries: 0 };
  const feed = wholeFeed(placeInputs(place.arena, inputs, loaded.featureOrder, room));
  return { ...layOutRows(place, settings, loaded, inputs, feed, extra.rows), inputRoom: room };
}

/**
 * Puts the tables of one run into memory, after what `feed` has there.
 * @param extraRows room in the tables for rows that come from elsewhere. @throws ResourceError
 */
export function layOutRows(
  place: Workplace,
  settings: Settings,
  loaded: LoadedNetwork,
  inputs: Pick<CsrMatrix, "nrows" | "rowPtr">,
  feed: InputFeed,
  extraRows: number,
): LaidOutRun {
  const { arena, buffers } = place;
  const { nrows } = inputs;
  const rows = allocateRowTables(arena, nrows, extraRows, rowOrder(inputs, settings));
  // More tiles than rows would only be empty ones.
  const tilesPerWorker = Math.max(1, Math.min(settings.tilesPerWorker, Math.ceil(nrows / settings.workers)));
  const count = pieceCount({ ...settings, tilesPerWorker }, loaded.formats === null);
  const pieceWords = arena.allocate(count * PIECE_WORDS * 4, "pieces of the rows");
  const wanted = settings.keepActivations ? (loaded.formats === null ? "all" : "all-or-none") : "some";
  // Every block is cut anew: a piece may get a row more than its share of each.
  const uneven = feed.blocks.length > 1 ? count * feed.blocks.length : 0;
  const pool = allocatePool(
    arena,
    Math.max(1, nrows + extraRows + uneven),
    loaded.widths.widestOutput,
    place.limitBytes,
    wanted,
  );
  const pieces = openPieces(arena.memory, pieceWords, count, rows, pool);
  const task: RunTask = {
    rowMode: settings.rows,
    strategy: settings.strategy,
    pickOrder: settings.pickOrder,
    trace: settings.trace,
    layers: loaded.layers,
    firstByRows: loaded.firstByRows,
    formats: loaded.formats === null ? null : place.formats,
    nrows,
    rows,
    rowCount: nrows + extraRows,
    buffers: buffers.workers,
    shared: buffers.shared,
    batchLanes: buffers.batchLanes,
    sharedLanes: buffers.sharedLanes,
    pool: pool.address,
    slotBytes: pool.slotBytes,
    slots: pool.slots,
    pieceWords,
    pieces: count,
    zeroSafeFrom: loaded.zeroSafeFrom,
    keepActivations: settings.keepActivations,
    lanes: buffers.tileLanes,
    hasCores: place.hasCores,
  };
  const order = new Uint32Array(arena.memory.buffer, rows.list, nrows).slice();
  return { task, pieces, feed, inputRoom: { rows: 0, entries: 0 }, order };
}

/** Where hashing puts each input row; null where it leaves them alone. */
function rowOrder(inputs: Pick<CsrMatrix, "nrows" | "rowPtr">, settings: Settings): Order | null {
  if (!hashesRows(settings.hash)) return null;
  const nnz = Uint32Array.from({ length: inputs.nrows }, (_, row) => inputs.rowPtr[row + 1] - inputs.rowPtr[row]);
  return hashOrder(nnz, hashOptions(settings));
}

export function hashOptions(settings: Settings): HashOptions {
  return { method: settings.hashMethod, pieces: settings.workers, seed: settings.seed };
}
