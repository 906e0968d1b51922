// Inputs as binary triples, read by ranges of rows where the file is in order. Whether it is, and where rows begin, only
// the file itself tells: it is gone through once when it is opened, which checks every entry on the way.

import { type FileHandle, open } from "node:fs/promises";
import { FormatError } from "../core/errors.ts";
import { assembleCsr } from "./assemble.ts";
import { checkNotAborted, toFileError } from "./file-errors.ts";
import { makeGrowingU32 } from "./growing-array.ts";
import { checkRowRange, type InputSource } from "./input-source.ts";
import type { ReadOptions } from "./read-options.ts";
import { ENTRY_BYTES, makeBinaryParser } from "./triples-binary.ts";
import { TriplesCollector } from "./triples-collector.ts";
import { MAX_INPUT_ROWS, type TripleLimits, type TripleSink } from "./triples.ts";

const CHANGED = "the file has changed since it was opened";
const CHUNK_BYTES = 8192 * ENTRY_BYTES * 16;

export interface BinaryInputsOptions extends Pick<ReadOptions, "signal" | "onProgress"> {
  readonly ncols: number;
  readonly nrows?: number | undefined;
}

/**
 * Opens a plain (not gzipped) file of `bytes` bytes; null when its entries are not in strictly rising order of row and
 * column, so that only reading it whole gives its rows. Holds the row pointers. Cost: one reading of the file.
 * @throws FormatError naming the entry that is wrong.
 */
export async function openBinaryInputs(
  path: string,
  bytes: number,
  options: BinaryInputsOptions,
): Promise<InputSource | null> {
  let file: FileHandle | null = null;
  try {
    file = await open(path, "r");
    const found = await findRows(file, path, bytes, options);
    if (found === null) {
      await file.close();
      return null;
    }
    return makeSource(file, path, found, options);
  } catch (error) {
    await file?.close();
    throw toFileError(error, path, "read");
  }
}

interface FoundRows {
  readonly rowPtr: Uint32Array;
  /** Of every entry, or null. */
  readonly value: number | null;
}

/** What the file holds, or null when it is out of order. */
async function findRows(
  file: FileHandle,
  path: string,
  bytes: number,
  { ncols, nrows, signal, onProgress }: BinaryInputsOptions,
): Promise<FoundRows | null> {
  const limits: TripleLimits = { path, maxRow: nrows ?? MAX_INPUT_ROWS, maxCol: ncols, pattern: false };
  const finder = makeRowFinder();
  const parser = makeBinaryParser(limits, finder.look, 0);
  const buffer = new Uint8Array(CHUNK_BYTES);
  for (let position = 0; position < bytes; ) {
    checkNotAborted(signal);
    const { bytesRead } = await file.read(buffer, 0, CHUNK_BYTES, position);
    if (bytesRead === 0) break;
    parser.push(buffer.subarray(0, bytesRead));
    if (!finder.isOrdered()) return null;
    position += bytesRead;
    onProgress?.({ filesDone: position === bytes ? 1 : 0, filesTotal: 1, bytesDone: position, bytesTotal: bytes });
  }
  parser.finish();
  return finder.finish(nrows);
}

interface RowFinder {
  readonly look: TripleSink;
  isOrdered(): boolean;
  /** Of `nrows` rows, or of those that there are. */
  finish(nrows: number | undefined): FoundRows;
}

/** Finds where rows begin, as long as entries come in strictly rising order. */
function makeRowFinder(): RowFinder {
  const ptr = makeGrowingU32();
  let isOrdered = true;
  let entries = 0;
  let lastRow = -1;
  let lastCol = -1;
  let value: number | null = null;
  return {
    look(rows, cols, values, count) {
      if (entries === 0) value = values[0]!;
      for (let k = 0; k < count && value !== null; k++) if (values[k] !== value) value = null;
      for (let k = 0; k < count && isOrdered; k++) {
        const row = rows[k]!;
        if (row < lastRow || (row === lastRow && cols[k]! <= lastCol)) isOrdered = false;
        for (; lastRow < row; lastRow++) ptr.push(entries + k);
        lastCol = cols[k]!;
      }
      entries += count;
    },
    isOrdered: () => isOrdered,
    finish(nrows = lastRow + 1) {
      for (let row = lastRow; row < nrows; row++) ptr.push(entries);
      return { rowPtr: ptr.join(), value };
    },
  };
}

function makeSource(
  file: FileHandle,
  path: string,
  { rowPtr, value }: FoundRows,
  { ncols }: BinaryInputsOptions,
): InputSource {
  const nrows = rowPtr.length - 1;
  const close = (): Promise<void> => file.close();
  return {
    path,
    access: "ranges",
    nrows,
    ncols,
    nnz: rowPtr[nrows]!,
    value,
    rowPtr,
    async readRows(first, last) {
      checkRowRange(first, last, nrows);
      const collector = new TriplesCollector("rows", ncols);
      const limits: TripleLimits = { path, maxRow: nrows, maxCol: ncols, pattern: false };
      const sink: TripleSink = (rows, cols, values, count) => {
        for (let k = 0; k < count; k++) {
          const row = rows[k]!;
          if (row < first || row >= last) throw new FormatError(path, null, CHANGED);
          rows[k] = row - first;
        }
        collector.add(rows, cols, values, count);
      };
      const parser = makeBinaryParser(limits, sink, rowPtr[first]!);
      const end = ENTRY_BYTES * rowPtr[last]!;
      const buffer = new Uint8Array(Math.min(CHUNK_BYTES, end - ENTRY_BYTES * rowPtr[first]!));
      for (let position = ENTRY_BYTES * rowPtr[first]!; position < end; ) {
        const { bytesRead } = await file.read(buffer, 0, Math.min(buffer.length, end - position), position);
        if (bytesRead === 0) throw new FormatError(path, null, CHANGED);
        parser.push(buffer.subarray(0, bytesRead));
        position += bytesRead;
      }
      return assembleCsr([collector.finish()], last - first, ncols, path);
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}
