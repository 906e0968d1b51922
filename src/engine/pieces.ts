// The rows of a run are cut into pieces, each of which one group of workers owns at a time: the whole list, one piece a
// worker, or one a row tile. The words of a piece say which rows are still on its list and which slots of the pool are
// its own. They outlive a task, so that a run can be cut into segments of layers and blocks of rows: the main thread
// writes them before a segment and reads them after it, and workers keep them up to date in between.

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
  /** Free slots when the segment began; where they are as many as rows on the list, none need be reserved. */
  freeAtStart: 6,
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

/** The pieces of a run, seen from the main thread, while the workers rest. */
export interface Pieces {
  readonly count: number;
  /** Rows on all lists. */
  readonly rowCount: number;
  readonly freeSlotCount: number;
  /** Cuts these rows into contiguous pieces of about one length; slots stay as they are. */
  deal(rows: ArrayLike<number>): void;
  /** The same for rows that have gone through layers: what is known of their last stage stays. */
  assign(rows: ArrayLike<number>): void;
  /** Writes the list of each piece, whose rows have slots of that piece. */
  setLists(lists: readonly ArrayLike<number>[]): void;
  /** The rows still on the list of a piece: a view. */
  rowsOf(piece: number): Uint32Array;
  /** The rows on all lists: a copy. */
  listedRows(): Uint32Array;
  /** Takes the rows that found no room off the pieces, in the order of the lists. */
  takePending(): Uint32Array;
  /** Takes free slots of the pool, at most `count`. */
  takeSlots(count: number): Uint32Array;
  /** Makes all slots free. */
  freeSlots(): void;
  /** Free slots of one piece. */
  freeSlotsOf(piece: number): number;
  /** Moves the activations of these rows of a piece to the start of its slots, and makes its other slots free. */
  compact(piece: number, rows: ArrayLike<number>): void;
}

/** @param address PIECE_WORDS u32 a piece. */
export function openPieces(
  memory: WebAssembly.Memory,
  address: number,
  count: number,
  { list, slot }: RowTables,
  pool: Pool,
): Pieces {
  const words = new Uint32Array(memory.buffer);
  const bytes = new Uint8Array(memory.buffer);
  const fieldOf = (piece: number, field: number): number => (address >>> 2) + piece * PIECE_WORDS + field;
  const get = (piece: number, field: number): number => words[fieldOf(piece, field)];
  const set = (piece: number, field: number, value: number): void => {
    words[fieldOf(piece, field)] = value;
  };
  const sum = (field: number): number => {
    let total = 0;
    for (let piece = 0; piece < count; piece++) total += get(piece, field);
    return total;
  };
  const freeSlotsOf = (piece: number): number => Math.max(0, get(piece, PIECE.endSlot) - get(piece, PIECE.nextSlot));
  const firstSlot = (piece: number): number => pieceStart(pool.slots, piece, count);
  const take = (piece: number, slots: number): void => {
    set(piece, PIECE.nextSlot, firstSlot(piece) + slots);
    set(piece, PIECE.reserved, slots);
  };
  const relist = (piece: number, first: number, rows: number): void => {
    set(piece, PIECE.list, (list >>> 2) + first);
    set(piece, PIECE.count, rows);
  };
  const begin = (piece: number, first: number, rows: number): void => {
    relist(piece, first, rows);
    for (const field of [PIECE.pendingFirst, PIECE.pendingEnd, PIECE.stageLayers]) set(piece, field, 0);
  };
  const cut = (rows: ArrayLike<number>, put: typeof begin): void => {
    words.set(rows, list >>> 2);
    for (let piece = 0; piece < count; piece++) {
      const first = pieceStart(rows.length, piece, count);
      put(piece, first, pieceStart(rows.length, piece + 1, count) - first);
    }
  };
  for (let piece = 0; piece < count; piece++) {
    set(piece, PIECE.endSlot, firstSlot(piece + 1));
    set(piece, PIECE.capacity, firstSlot(piece + 1) - firstSlot(piece));
    take(piece, 0);
    begin(piece, 0, 0);
  }
  return {
    count,
    get rowCount() {
      return sum(PIECE.count);
    },
    get freeSlotCount() {
      let free = 0;
      for (let piece = 0; piece < count; piece++) free += freeSlotsOf(piece);
      return free;
    },
    freeSlotsOf,
    deal: (rows) => cut(rows, begin),
    assign: (rows) => cut(rows, relist),
    setLists(lists) {
      let first = 0;
      for (const [piece, rows] of lists.entries()) {
        words.set(rows, (list >>> 2) + first);
        begin(piece, first, rows.length);
        first += rows.length;
      }
    },
    rowsOf(piece) {
      const first = get(piece, PIECE.list);
      return words.subarray(first, first + get(piece, PIECE.count));
    },
    listedRows() {
      const all = new Uint32Array(sum(PIECE.count));
      let at = 0;
      for (let piece = 0; piece < count; piece++) {
        const first = get(piece, PIECE.list);
        const rows = words.subarray(first, first + get(piece, PIECE.count));
        all.set(rows, at);
        at += rows.length;
      }
      return all;
    },
    takePending() {
      const found: number[] = [];
      for (let piece = 0; piece < count; piece++) {
        const first = get(piece, PIECE.list);
        const end = first + get(piece, PIECE.pendingEnd);
        for (let at = first + get(piece, PIECE.pendingFirst); at < end; at++) found.push(words[at]);
        set(piece, PIECE.pendingFirst, 0);
        set(piece, PIECE.pendingEnd, 0);
      }
      return Uint32Array.from(found);
    },
    takeSlots(wanted) {
      const taken: number[] = [];
      for (let piece = 0; piece < count && taken.length < wanted; piece++) {
        let next = get(piece, PIECE.nextSlot);
        while (next < get(piece, PIECE.endSlot) && taken.length < wanted) taken.push(next++);
        set(piece, PIECE.nextSlot, next);
      }
      return Uint32Array.from(taken);
    },
    freeSlots() {
      for (let piece = 0; piece < count; piece++) take(piece, 0);
    },
    compact(piece, rows) {
      const first = firstSlot(piece);
      const slots = words.subarray(slot >>> 2);
      const isTaken = new Uint8Array(rows.length);
      const isPlaced = (row: number): boolean => slots[row] < first + rows.length;
      for (let k = 0; k < rows.length; k++) if (isPlaced(rows[k])) isTaken[slots[rows[k]] - first] = 1;
      let hole = 0;
      for (let k = 0; k < rows.length; k++) {
        if (isPlaced(rows[k])) continue;
        while (isTaken[hole] === 1) hole++;
        const from = pool.address + slots[rows[k]] * pool.slotBytes;
        bytes.copyWithin(pool.address + (first + hole) * pool.slotBytes, from, from + pool.slotBytes);
        slots[rows[k]] = first + hole++;
      }
      take(piece, rows.length);
    },
  };
}
