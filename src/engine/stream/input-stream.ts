// Inputs for the workers: all rows in memory where they fit, else blocks of rows, of which the next is read while the
// workers compute the one before it.

import { FormatError, InterruptedError } from "../../core/errors.ts";
import type { Kernels } from "../../kernels/kernels.ts";
import type { NeuronOrder } from "../../partition/neuron-order.ts";
import { MAX_U16_DIMENSION } from "../../sparse/matrix.ts";
import type { Arena } from "../../threads/arena.ts";
import type { InputFeed, RowBlock } from "../input-feed.ts";
import { renumberRows } from "../layout.ts";
import type { PlacedInputs } from "../task.ts";
import type { StreamedRows } from "./sources.ts";

/** Entries that are read by one call. */
const PIECE_ENTRIES = 1 << 20;
/** Pieces that are read while another is checked and renumbered; rows that have to be parsed wait for their turn. */
const PIECES_AHEAD = 3;

export interface InputStreamFigures {
  /** Seconds of reading inputs, and of those the ones in which the workers waited. */
  seconds: number;
  waitSeconds: number;
}

export interface InputStream extends InputFeed {
  readonly figures: InputStreamFigures;
  /** Reads the first block, which is all where all fits. */
  readFirst(): Promise<void>;
  /** Ends reading after the pieces at hand. @returns when no read is under way */
  stop(): Promise<void>;
}

/** Where a block of rows goes: pointers from 0 on, indices, values. */
interface BlockArea {
  readonly pointers: number;
  readonly colIdx: number;
  readonly values: number;
}

/** @param mostBytes of the entries in memory; at least one row is. @throws ResourceError */
export function openInputStream(
  source: StreamedRows,
  arena: Arena,
  kernels: Kernels,
  order: NeuronOrder | null,
  mostBytes: number,
  pieceEntries: number = PIECE_ENTRIES,
): InputStream {
  const { nrows, ncols, rowPtr, value } = source;
  const idxBytes = ncols <= MAX_U16_DIMENSION ? 2 : 4;
  const entryBytes = idxBytes + (value === null ? 4 : 0);
  const isWhole = source.nnz * entryBytes <= mostBytes;
  const blocks = isWhole ? [{ first: 0, end: nrows }] : cutBlocks(rowPtr, Math.floor(mostBytes / 2 / entryBytes));
  const room = blocks.reduce((most, { first, end }) => Math.max(most, rowPtr[end] - rowPtr[first]), 0);
  const areas = Array.from(
    { length: isWhole ? 1 : 2 },
    (): BlockArea => ({
      pointers: arena.allocate((nrows + 1) * 4, "row pointers of the inputs"),
      colIdx: arena.allocate(room * idxBytes, "column indices of the inputs"),
      values: arena.allocate(value === null ? room * 4 : 4, "values of the inputs"),
    }),
  );
  const isSorted = order === null || value !== null;
  const figures: InputStreamFigures = { seconds: 0, waitSeconds: 0 };
  const { memory } = arena;
  const state = { isStopped: false };

  const read = async (block: number): Promise<void> => {
    const started = performance.now();
    const { first, end } = blocks[block];
    const area = areas[block % areas.length];
    const base = rowPtr[first];
    const count = rowPtr[end] - base;
    const pointers = new Uint32Array(memory.buffer, area.pointers, nrows + 1);
    for (let row = first; row <= end; row++) pointers[row] = rowPtr[row] - base;
    const indices = new (idxBytes === 2 ? Uint16Array : Uint32Array)(memory.buffer, area.colIdx, count);
    const numbers = new Float32Array(memory.buffer, area.values, value === null ? count : 1);
    if (value !== null) numbers[0] = value;

    const fetch = async ({ first: row, end: last }: RowBlock): Promise<void> => {
      const [at, to] = [pointers[row], pointers[last]];
      const own = value === null ? numbers.subarray(at, to) : null;
      if (source.readEntriesInto !== undefined) {
        await source.readEntriesInto(row, last, indices.subarray(at, to), own);
        return;
      }
      const piece = await source.readRows(row, last);
      indices.set(piece.colIdx, at);
      if (own === null) return;
      if (piece.values.length === own.length) own.set(piece.values);
      else own.fill(piece.values[0]);
    };
    const take = async ({ first: row, end: last }: RowBlock): Promise<void> => {
      const [at, to] = [pointers[row], pointers[last]];
      if (source.readEntriesInto !== undefined) {
        const isSound =
          kernels.areSlicesSound(area.pointers + row * 4, last - row, at, to, area.colIdx, idxBytes, ncols) === 1 &&
          (value !== null || kernels.areFinite(area.values + at * 4, to - at) === 1);
        if (!isSound) await refuse(source, row, last);
      }
      if (order === null) return;
      renumberRows(indices.subarray(at, to), pointers.subarray(row, last + 1), at, order, value !== null);
    };

    const pieces = cutBlocks(rowPtr, pieceEntries, first, end);
    const ahead = source.readEntriesInto === undefined ? 0 : PIECES_AHEAD;
    const underWay: Promise<void>[] = [];
    try {
      for (const [k, piece] of pieces.entries()) {
        if (state.isStopped) throw new InterruptedError("interrupted");
        while (underWay.length < Math.min(pieces.length, k + 1 + ahead)) {
          const reading = fetch(pieces[underWay.length]);
          // Its turn to be waited for, and to be heard of, comes.
          reading.catch(() => {});
          underWay.push(reading);
        }
        await underWay[k];
        await take(piece);
      }
    } finally {
      await Promise.allSettled(underWay);
    }
    figures.seconds += (performance.now() - started) / 1000;
  };

  let inMemory = new Map<number, Promise<void>>();
  const begin = (block: number): Promise<void> => {
    const reading = inMemory.get(block) ?? read(block);
    // The block before the one before has had its turn.
    inMemory = new Map(
      [...inMemory].filter(([other]) => other !== block && other % areas.length !== block % areas.length),
    );
    inMemory.set(block, reading);
    // Who opens the block hears of a failure; nobody may until then.
    reading.catch(() => {});
    return reading;
  };

  return {
    blocks,
    figures,
    readFirst: async () => {
      if (blocks.length > 0) await begin(0);
    },
    async open(block): Promise<PlacedInputs> {
      const started = performance.now();
      await begin(block);
      figures.waitSeconds += (performance.now() - started) / 1000;
      if (block + 1 < blocks.length) void begin(block + 1);
      const { pointers, colIdx, values } = areas[block % areas.length];
      return { nrows, ncols, rowPtr: pointers, colIdx, idxBytes, values, valueStep: value === null ? 4 : 0, isSorted };
    },
    async stop() {
      state.isStopped = true;
      await Promise.allSettled(inMemory.values());
    },
  };
}

/** Reads rows once more to say what is wrong with them. @throws FormatError */
async function refuse(source: StreamedRows, first: number, end: number): Promise<never> {
  await source.readRows(first, end);
  throw new FormatError(source.path, null, `rows ${first + 1} to ${end} changed while they were being read`);
}

/** Rows `from` .. `until` - 1 in blocks of at most `most` entries, or one row. */
function cutBlocks(rowPtr: Uint32Array, most: number, from = 0, until = rowPtr.length - 1): RowBlock[] {
  const blocks: RowBlock[] = [];
  for (let first = from; first < until; ) {
    const end = lastRow(rowPtr, first, until, most);
    blocks.push({ first, end });
    first = end;
  }
  return blocks;
}

/** The end of the rows from `first` on that have at most `most` entries; at least one row. */
function lastRow(rowPtr: Uint32Array, first: number, end: number, most: number): number {
  let last = first + 1;
  while (last < end && rowPtr[last + 1] - rowPtr[first] <= most) last++;
  return last;
}
