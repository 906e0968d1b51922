// The final activations of the category rows as one file, which every rank writes its part of: rows travel to the ranks
// in order, each makes the bytes of its run of rows, and writes them where the parts before it end. The bytes are those
// that one process writes (gzipped files excepted: each part is a gzip member of its own, which holds the same).

import { open, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { UnsupportedError } from "../core/errors.ts";
import { toFileError } from "../data/file-errors.ts";
import { type FileKind, kindOfName } from "../data/file-kind.ts";
import { formatBinary, formatText } from "../data/format-triples.ts";
import { openPartedInputs } from "../data/inputs-file.ts";
import { pieceStart } from "../partition/hashing.ts";
import type { CsrMatrix } from "../sparse/matrix.ts";
import { agree } from "./agree.ts";
import { exchangeRows, type NumberedRows } from "./exchange-rows.ts";
import { allgatherValues, bytesOf, type World, wordsOf } from "./world.ts";

/** What is written: the rows of the result that are not all zero. */
export interface OutputRows {
  readonly nrows: number;
  readonly outputs: number;
  /** 0-based, rising; the same on all ranks. */
  readonly categories: Uint32Array;
  /** Entries of category rows that this rank has; all ranks together have each entry once. */
  readonly held: NumberedRows;
}

/** Collective; the name's ending says which kind of file. @throws RankError, ResourceError, UnsupportedError */
export async function writeRankOutput(world: World, path: string, rows: OutputRows): Promise<void> {
  const part = await collectPart(world, rows);
  const kind = kindOfName(path);
  const nnz = part.matrix.colIdx.length;
  const before = await allgatherValues(world, nnz);
  const total = before.reduce((sum, count) => sum + count, 0);
  await agree(world, () => {
    if (total > 0 || kind === "matrix-market" || kind === "safetensors") return;
    throw new UnsupportedError("a matrix without entries cannot be a file of triples; write .mtx or .safetensors");
  });
  const temporary = join(dirname(path), `.${basename(path)}.ranks.part`);
  try {
    if (kind === "safetensors") await writeTensors(world, temporary, rows.nrows, part, before);
    else await writeBytes(world, temporary, await agree(world, () => formatPart(world, path, kind, rows, part, total)));
    await agree(world, async () => {
      if (world.rank === 0) await rename(temporary, path);
    });
  } catch (error) {
    if (world.rank === 0) await rm(temporary, { force: true });
    throw toFileError(error, path, "write");
  }
}

/** A run of rows: all of the file's from `first` on, up to the next part's. */
interface Part {
  readonly first: number;
  readonly matrix: CsrMatrix;
}

/** The rows of this rank's part, brought here from the ranks where they ended. */
async function collectPart(world: World, { nrows, categories, held }: OutputRows): Promise<Part> {
  const share = (rank: number): number => pieceStart(categories.length, rank, world.size);
  const firstRow = (rank: number): number => (rank === 0 ? 0 : (categories[share(rank)] ?? nrows));
  const owner = new Uint32Array(nrows);
  for (let rank = 0; rank < world.size; rank++) {
    for (let k = share(rank); k < share(rank + 1); k++) owner[categories[k]] = rank;
  }
  const mine = categories.slice(share(world.rank), share(world.rank + 1));
  const own = await exchangeRows(world, held, owner, mine);
  const first = firstRow(world.rank);
  const end = world.rank + 1 === world.size ? nrows : Math.max(first, firstRow(world.rank + 1));
  const rowPtr = new Uint32Array(end - first + 1);
  for (const [k, row] of mine.entries()) rowPtr[row - first + 1] = own.rowPtr[k + 1] - own.rowPtr[k];
  for (let row = 0; row < end - first; row++) rowPtr[row + 1] += rowPtr[row];
  return { first, matrix: { ...own, nrows: end - first, rowPtr } };
}

const compress = promisify(gzip);

/** The bytes of a part of a file of triples. */
async function formatPart(
  world: World,
  path: string,
  kind: FileKind | null,
  { nrows, outputs }: OutputRows,
  { first, matrix }: Part,
  total: number,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  if (kind === "matrix-market" && world.rank === 0) {
    const head = `%%MatrixMarket matrix coordinate real general\n${nrows} ${outputs} ${total}\n`;
    chunks.push(new TextEncoder().encode(head));
  }
  if (kind === "binary") chunks.push(...formatBinary(matrix, first));
  else chunks.push(...formatText(matrix, kind === "matrix-market" ? " " : "\t", first));
  const bytes = Buffer.concat(chunks);
  return path.endsWith(".gz") ? compress(bytes) : bytes;
}

/** Every rank's bytes one after the other. */
async function writeBytes(world: World, temporary: string, bytes: Uint8Array): Promise<void> {
  const lengths = await allgatherValues(world, bytes.length);
  const offset = lengths.slice(0, world.rank).reduce((sum, length) => sum + length, 0);
  await agree(world, async () => {
    if (world.rank === 0) await (await open(temporary, "w")).close();
  });
  await agree(world, () => writeAt(temporary, offset, bytes));
}

async function writeAt(path: string, offset: number, bytes: Uint8Array): Promise<void> {
  const file = await open(path, "r+");
  try {
    for (let done = 0; done < bytes.length; ) {
      done += (await file.write(bytes, done, bytes.length - done, offset + done)).bytesWritten;
    }
  } finally {
    await file.close();
  }
}

/** A safetensors file: rank 0 writes the header and the row pointers, every rank its indices and values. */
async function writeTensors(
  world: World,
  temporary: string,
  nrows: number,
  { matrix }: Part,
  nnzByRank: readonly number[],
): Promise<void> {
  const counts = matrix.rowPtr.slice(1).map((end, row) => end - matrix.rowPtr[row]);
  const all = (await world.allgather(bytesOf(counts))).map(wordsOf);
  const total = nnzByRank.reduce((sum, nnz) => sum + nnz, 0);
  const before = nnzByRank.slice(0, world.rank).reduce((sum, nnz) => sum + nnz, 0);
  const places = await agree(world, async () => {
    if (world.rank !== 0) return null;
    const rowPtr = new Uint32Array(nrows + 1);
    let row = 0;
    for (const counted of all) for (const count of counted) rowPtr[++row] = rowPtr[row - 1] + count;
    await rm(temporary, { force: true });
    return openPartedInputs(temporary, { nrows, ncols: matrix.ncols, nnz: total }, rowPtr);
  });
  const [{ indices, values }] = await allgatherValues(world, places ?? { indices: 0, values: 0 });
  await agree(world, async () => {
    await writeAt(temporary, indices + before * matrix.colIdx.BYTES_PER_ELEMENT, bytesOf(matrix.colIdx));
    await writeAt(temporary, values + before * 4, bytesOf(spell(matrix)));
  });
}

/** One value an entry. */
function spell({ colIdx, values }: CsrMatrix): Float32Array {
  return values.length === colIdx.length ? values : new Float32Array(colIdx.length).fill(values[0]);
}
