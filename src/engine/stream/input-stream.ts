// Inputs for the workers: all rows in memory where they fit, else blocks of rows, of which the next is read while the
// workers compute the one before it.

import { InterruptedError } from "../../core/errors.ts";
import type { NeuronOrder } from "../../partition/neuron-order.ts";
import { MAX_U16_DIMENSION } from "../../sparse/matrix.ts";
import type { Arena } from "../../threads/arena.ts";
import type { InputFeed, RowBlock } from "../input-feed.ts";
import { renumberRows } from "../layout.ts";
import type { PlacedInputs } from "../task.ts";
import type { StreamedRows } from "./sources.ts";

/** Entries that are read at a time, into memory of the runtime's before they are copied. */
const PIECE_ENTRIES = 1 << 20;

export interface InputStreamFigures {
  /** Seconds of reading inputs, and of those the ones in which the workers waited. */
  seconds: number;
  waitSeconds: number;
}

export interface InputStream extends InputFeed {
  readonly figures: InputStreamFigures;
  /** Reads the first block, which is all where all fits. */
  readFirst(): Promise<void>;
  /** Ends reading after the piece at hand. @returns when no read is under way */
  stop(): Promise<void>;
}

/** @param mostBytes of the entries in memory; at least one row is. @throws ResourceError */
export function openInputStream(
  source: StreamedRows,
  arena: Arena,
  order: NeuronOrder | null,
  mostBytes: number,
): InputStream {
  const { nrows, ncols, rowPtr, value } = source;
  const idxBytes = ncols <= MAX_U16_DIMENSION ? 2 : 4;
  const entryBytes = idxBytes + (value === null ? 4 : 0);
  const isWhole = source.nnz * entryBytes <= mostBytes;
  const blocks = isWhole ? [{ first: 0, end: nrows }] : cutBlocks(rowPtr, Math.floor(mostBytes / 2 / entryBytes));
  const entriesOf = ({ first, end }: RowBlock): number => rowPtr[end] - rowPtr[first];
  const room = blocks.reduce((most, block) => Math.max(most, entriesOf(block)), 0);
  const pointers = arena.allocate((nrows + 1) * 4, "row pointers of the inputs");
  const areas = Array.from({ length: isWhole ? 1 : 2 }, () => ({
    colIdx: arena.allocate(room * idxBytes, "column indices of the inputs"),
    values: arena.allocate(value === null ? room * 4 : 4, "values of the inputs"),
  }));
  const isSorted = order === null || value !== null;
  const figures: InputStreamFigures = { seconds: 0, waitSeconds: 0 };
  const { memory } = arena;
  const state = { isStopped: false };

  const read = async (block: number): Promise<void> => {
    const started = performance.now();
    const { first, end } = blocks[block];
    const { colIdx, values } = areas[block % areas.length];
    const count = entriesOf(blocks[block]);
    const indices =
      idxBytes === 2 ? new Uint16Array(memory.buffer, colIdx, count) : new Uint32Array(memory.buffer, colIdx, count);
    const numbers = new Float32Array(memory.buffer, values, value === null ? count : 1);
    if (value !== null) numbers[0] = value;
    for (let row = first; row < end; ) {
      if (state.isStopped) throw new InterruptedError("interrupted");
      const last = lastRow(rowPtr, row, end, PIECE_ENTRIES);
      const piece = await source.readRows(row, last);
      const at = rowPtr[row] - rowPtr[first];
      indices.set(piece.colIdx, at);
      if (order !== null) {
        const own = indices.subarray(at, at + piece.colIdx.length);
        renumberRows(own, rowPtr.subarray(row, last + 1), rowPtr[row], order, value !== null);
      }
      if (value === null) {
        if (piece.values.length === piece.colIdx.length) numbers.set(piece.values, at);
        else numbers.fill(piece.values[0], at, at + piece.colIdx.length);
      }
      row = last;
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
      const { first, end } = blocks[block];
      const table = new Uint32Array(memory.buffer, pointers, nrows + 1);
      for (let row = first; row <= end; row++) table[row] = rowPtr[row] - rowPtr[first];
      const { colIdx, values } = areas[block % areas.length];
      return { nrows, ncols, rowPtr: pointers, colIdx, idxBytes, values, valueStep: value === null ? 4 : 0, isSorted };
    },
    async stop() {
      state.isStopped = true;
      await Promise.allSettled(inMemory.values());
    },
  };
}

/** Blocks of at most `most` entries, or one row. */
function cutBlocks(rowPtr: Uint32Array, most: number): RowBlock[] {
  const blocks: RowBlock[] = [];
  const nrows = rowPtr.length - 1;
  for (let first = 0; first < nrows; ) {
    const end = lastRow(rowPtr, first, nrows, most);
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
