// The inputs of one rank: every rank reads a share of the file, whatever its format allows, and rows travel to the ranks
// that own them. No rank ever holds all inputs.

import { FormatError } from "../core/errors.ts";
import { openInputSource } from "../data/open-input-source.ts";
import type { InputSource } from "../data/input-source.ts";
import { detectKind } from "../data/file-kind.ts";
import { emptyFileError } from "../data/read-job.ts";
import { readInputsShare } from "../data/read-inputs-share.ts";
import { type HashOptions, pieceStart } from "../partition/hashing.ts";
import type { CsrMatrix } from "../sparse/matrix.ts";
import { agree } from "./agree.ts";
import { exchangeRows, type NumberedRows, numberedFrom } from "./exchange-rows.ts";
import { dealRows } from "./rank-rows.ts";
import { allgatherValues, bytesOf, type World, wordsOf } from "./world.ts";

export interface RankInputsOptions {
  readonly ncols: number;
  /** How rows are renumbered before they are cut into one piece a rank; null: not at all. */
  readonly hash: Omit<HashOptions, "pieces"> | null;
  readonly signal: AbortSignal;
  readonly onProgress?: ((share: number) => void) | undefined;
}

export interface RankInputs {
  /** Rows of all ranks. */
  readonly nrows: number;
  /** The rows of this rank, and their numbers among all. */
  readonly rows: NumberedRows;
  /** How this rank read: its byte ranges, or a share of entries that were exchanged. */
  readonly access: "ranges" | "exchange";
}

/** Collective. @throws FormatError, RankError and the others that reading throws */
export async function readRankInputs(world: World, path: string, options: RankInputsOptions): Promise<RankInputs> {
  const { ncols, signal, hash } = options;
  const source = await agree(world, () => openRanges(path, ncols, signal));
  if (source !== null) {
    await using ranges = source;
    const counts = countsOf(ranges.rowPtr);
    const deal = dealRows(counts, world.size, hash);
    const first = pieceStart(ranges.nrows, world.rank, world.size);
    const end = pieceStart(ranges.nrows, world.rank + 1, world.size);
    const matrix = await agree(world, () => ranges.readRows(first, end));
    options.onProgress?.(1);
    const held = numberedFrom(first, matrix);
    if (hash === null) return { nrows: ranges.nrows, rows: held, access: "ranges" };
    const mine = deal.rowsOf(world.rank);
    const own = await exchangeRows(world, held, deal.owner, mine);
    return { nrows: ranges.nrows, rows: { numbers: mine, matrix: own }, access: "exchange" };
  }
  return readShares(world, path, options);
}

/** The file by ranges of rows, where its format has them. */
async function openRanges(path: string, ncols: number, signal: AbortSignal): Promise<InputSource | null> {
  const kind = detectKind(path);
  if (kind === "safetensors") return openInputSource(path, { ncols, signal });
  if (kind === "challenge" || kind === "generated") {
    throw new FormatError(path, null, "is a network, expected a file of inputs");
  }
  return null;
}

async function readShares(world: World, path: string, options: RankInputsOptions): Promise<RankInputs> {
  const { ncols, signal, hash, onProgress } = options;
  const share = await agree(world, () =>
    readInputsShare(path, {
      ncols,
      signal,
      share: world.rank,
      shares: world.size,
      workers: 1,
      onProgress: ({ bytesDone, bytesTotal }) => onProgress?.(bytesDone / Math.max(1, bytesTotal)),
    }),
  );
  const { matrix, entries, declared } = share;
  const all = await allgatherValues(world, { nrows: matrix.nrows, entries });
  const nrows = declared?.nrows ?? all.reduce((most, one) => Math.max(most, one.nrows), 0);
  const read = all.reduce((sum, one) => sum + one.entries, 0);
  await agree(world, () => {
    if (read === 0 && declared === null) throw emptyFileError(path);
    if (declared !== null && read !== declared.nnz) {
      throw new FormatError(path, null, `holds ${read} entries, expected ${declared.nnz} as its size line says`);
    }
  });
  const counts = await sumCounts(world, matrix, nrows);
  const deal = dealRows(counts, world.size, hash);
  const mine = deal.rowsOf(world.rank);
  const own = await exchangeRows(world, numberedFrom(0, matrix), deal.owner, mine);
  return { nrows, rows: { numbers: mine, matrix: own }, access: "exchange" };
}

function countsOf(rowPtr: Uint32Array): Uint32Array {
  return Uint32Array.from({ length: rowPtr.length - 1 }, (_, row) => rowPtr[row + 1] - rowPtr[row]);
}

/** Entries of every row over all ranks. */
async function sumCounts(world: World, matrix: CsrMatrix, nrows: number): Promise<Uint32Array> {
  const sums = new Uint32Array(nrows);
  for (const bytes of await world.allgather(bytesOf(countsOf(matrix.rowPtr)))) {
    for (const [row, count] of wordsOf(bytes).entries()) sums[row] += count;
  }
  return sums;
}
