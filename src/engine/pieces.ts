// The rows of a run are cut into pieces, each of which one group of workers owns at a time: the whole list, one piece a
// worker, or one a row tile. The words of a piece say which rows are still on its list and which slots of the pool are
// its own. They outlive a task, so that a run can be cut into segments of layers: the main thread writes them before the
// first segment, may read and rewrite them between two, and workers keep them up to date in between.

import { pieceStart } from "../partition/hashing.ts";
import type { Settings, Strategy } from "./options.ts";
import type { Pool } from "./layout.ts";
import type { RowTables } from "./task.ts";

/** 32-bit words of a piece. */
export const PIECE_WORDS = 16;

export const PIECE = {
  /** First word of the piece's list in memory, and rows on it. */
  list: 0,
  count: 1,
  /** Slots of the pool: the next free one and the end; `reserved` of them are promised or taken, of `capacity`. */
  nextSlot: 2,
  endSlot: 3,
  reserved: 4,
  capacity: 5,
  /** 1 when every row on the list could have a slot when the segment began, so that none need be reserved. */
  hasRoom: 11,
  /** End of the first stage, as the pilot found it. */
  pilotEnd: 6,
  /** Rows on the list that the first stage left for another pass, and where they begin (positions on the list). */
  pendingFirst: 7,
  pendingEnd: 8,
  /** Length of the last stage and the share of rows that it removed (in 2^16ths). */
  stageLayers: 9,
  stageRemoved: 10,
} as const;

/** How many pieces the rows are cut into. */
export function pieceCount(
  settings: Pick<Settings, "strategy" | "workers" | "tilesPerWorker">,
  isTiled: boolean,
): number {
  const { strategy, workers, tilesPerWorker } = settings;
  const counts: Record<Strategy, number> = {
    // Formats have no stages for `auto` to choose from: it deals out tiles.
    auto: isTiled ? 1 : workers * tilesPerWorker,
    data: workers,
    model: 1,
    "data-then-model": workers,
    "manager-worker": workers * tilesPerWorker,
    "work-stealing": workers * tilesPerWorker,
  };
  return counts[strategy];
}

/** The pieces of a run, seen from the main thread. */
export interface Pieces {
  readonly count: number;
  /** Cuts the first `nrows` positions of the list into contiguous pieces, and the pool's slots likewise, all free. */
  deal(nrows: number): void;
  /** The rows still on the list of a piece. */
  rowsOf(piece: number): Uint32Array;
  /** Rows on all lists. */
  readonly rowCount: number;
  /** The rows that wait for another pass; they are taken off the pieces, whose lists may be rewritten then. */
  takePending(): Uint32Array;
  /** Puts rows at the start of the list, for `deal`. @returns how many */
  relist(rows: readonly Uint32Array[]): number;
  /** Replaces all lists: the rows are shared out evenly, in contiguous runs; slots stay as they are. */
  assign(rows: Uint32Array): void;
  /** Takes free slots of the pool, at most `count`. */
  takeSlots(count: number): Uint32Array;
  readonly freeSlotCount: number;
}

/** @param address PIECE_WORDS u32 a piece. */
export function openPieces(
  memory: WebAssembly.Memory,
  address: number,
  count: number,
  rows: RowTables,
  pool: Pool,
): Pieces {
  const words = (): Uint32Array => new Uint32Array(memory.buffer);
  const fieldOf = (piece: number, field: number): number => (address >>> 2) + piece * PIECE_WORDS + field;
  return {
    count,
    deal(nrows) {
      const all = words();
      for (let piece = 0; piece < count; piece++) {
        const set = (field: number, value: number): void => {
          all[fieldOf(piece, field)] = value;
        };
        const first = pieceStart(nrows, piece, count);
        const firstSlot = pieceStart(pool.slots, piece, count);
        const endSlot = pieceStart(pool.slots, piece + 1, count);
        set(PIECE.list, (rows.list >>> 2) + first);
        set(PIECE.count, pieceStart(nrows, piece + 1, count) - first);
        set(PIECE.nextSlot, firstSlot);
        set(PIECE.endSlot, endSlot);
        set(PIECE.reserved, 0);
        set(PIECE.capacity, endSlot - firstSlot);
        for (const field of [PIECE.pilotEnd, PIECE.pendingFirst, PIECE.pendingEnd, PIECE.stageLayers]) set(field, 0);
      }
    },
    rowsOf(piece) {
      const all = words();
      const first = all[fieldOf(piece, PIECE.list)];
      return all.subarray(first, first + all[fieldOf(piece, PIECE.count)]);
    },
    get rowCount() {
      const all = words();
      let sum = 0;
      for (let piece = 0; piece < count; piece++) sum += all[fieldOf(piece, PIECE.count)];
      return sum;
    },
    takePending() {
      const all = words();
      const taken: number[] = [];
      for (let piece = 0; piece < count; piece++) {
        const list = all[fieldOf(piece, PIECE.list)];
        const end = all[fieldOf(piece, PIECE.pendingEnd)];
        for (let k = all[fieldOf(piece, PIECE.pendingFirst)]; k < end; k++) taken.push(all[list + k]);
        all[fieldOf(piece, PIECE.pendingFirst)] = all[fieldOf(piece, PIECE.pendingEnd)] = 0;
      }
      return Uint32Array.from(taken);
    },
    relist(lists) {
      const all = words();
      let end = rows.list >>> 2;
      for (const list of lists) {
        all.set(list, end);
        end += list.length;
      }
      return end - (rows.list >>> 2);
    },
    assign(list) {
      const all = words();
      const start = rows.list >>> 2;
      all.set(list, start);
      for (let piece = 0; piece < count; piece++) {
        const first = pieceStart(list.length, piece, count);
        all[fieldOf(piece, PIECE.list)] = start + first;
        all[fieldOf(piece, PIECE.count)] = pieceStart(list.length, piece + 1, count) - first;
      }
    },
    takeSlots(wanted) {
      const all = words();
      const taken: number[] = [];
      for (let piece = 0; piece < count && taken.length < wanted; piece++) {
        const [next, end] = [fieldOf(piece, PIECE.nextSlot), all[fieldOf(piece, PIECE.endSlot)]];
        while (all[next] < end && taken.length < wanted) taken.push(all[next]++);
      }
      return Uint32Array.from(taken);
    },
    get freeSlotCount() {
      const all = words();
      let free = 0;
      for (let piece = 0; piece < count; piece++) {
        free += Math.max(0, all[fieldOf(piece, PIECE.endSlot)] - all[fieldOf(piece, PIECE.nextSlot)]);
      }
      return free;
    },
  };
}
