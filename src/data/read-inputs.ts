// Inputs of any kind as one CSR matrix. Text and binary triples do not say how many columns there are: the network
// does. Their number of rows is the largest row number, unless it is given.

import { availableParallelism } from "node:os";
import { checkInteger } from "../core/checks.ts";
import { FormatError } from "../core/errors.ts";
import type { CsrMatrix } from "../sparse/matrix.ts";
import { assembleCsr } from "./assemble.ts";
import { probeFile } from "./byte-source.ts";
import { checkNotAborted, toFileError } from "./file-errors.ts";
import { detectKind } from "./file-kind.ts";
import { readInputsFile } from "./inputs-file.ts";
import { readMatrixMarketHead } from "./matrix-market.ts";
import { emptyFileError, type ReadJob, type TripleEncoding } from "./read-job.ts";
import { type ReadOptions, runReadJobs } from "./read-options.ts";
import { splitFile } from "./split-file.ts";
import { checkBinarySize } from "./triples-binary.ts";
import { MAX_INPUT_ROWS } from "./triples.ts";

/** Rows and columns are counted in 32 bits. */
export const MAX_DIMENSION: number = 2 ** 32 - 2;

export interface InputsOptions extends ReadOptions {
  /** Features of a row: the inputs of the network. */
  readonly ncols: number;
  /** Number of rows; default: what the file says, or its largest row number. */
  readonly nrows?: number | undefined;
}

/**
 * Reads inputs from .tsv, .bin, .mtx (each also .gz) or .safetensors.
 * @throws FormatError for a bad file, with line or field; UsageError for bad options; ResourceError, WorkerError,
 * InterruptedError.
 */
export async function readInputs(path: string, options: InputsOptions): Promise<CsrMatrix> {
  checkInteger(options.ncols, 1, MAX_DIMENSION, "ncols");
  if (options.nrows !== undefined) checkInteger(options.nrows, 1, MAX_DIMENSION, "nrows");
  checkNotAborted(options.signal);
  const kind = detectKind(path);
  switch (kind) {
    case "safetensors":
      return readSafetensors(path, options);
    case "text":
      return (await readTriples(path, { ...options, encoding: "text", begin: 0 })).matrix;
    case "binary":
      return (await readTriples(path, { ...options, encoding: "binary", begin: 0 })).matrix;
    case "matrix-market":
      return readMatrixMarket(path, options);
    case "challenge":
      throw new FormatError(path, null, "is a folder of layers, expected a file of inputs");
    case "generated":
      throw new FormatError(path, null, "is a network that is made, expected a file of inputs");
  }
}

interface TriplesOptions extends InputsOptions {
  readonly encoding: TripleEncoding;
  /** Bytes (decompressed) before the first entry. */
  readonly begin: number;
}

interface TriplesRead {
  readonly matrix: CsrMatrix;
  /** Entries in the file, before duplicates were added up. */
  readonly entries: number;
}

async function readTriples(path: string, options: TriplesOptions): Promise<TriplesRead> {
  const { encoding, begin, ncols } = options;
  const { bytes, gzip } = probeFile(path);
  if (bytes === 0) throw emptyFileError(path);
  if (encoding === "binary" && !gzip) checkBinarySize(path, bytes);
  const workers = options.pool?.workers ?? options.workers ?? availableParallelism();
  const boundaries = gzip ? [begin, Number.POSITIVE_INFINITY] : splitFile(path, encoding, begin, bytes, workers);
  const jobs: ReadJob[] = [];
  for (let k = 0; k + 1 < boundaries.length; k++) {
    const range = { path, gzip, begin: boundaries[k]!, end: boundaries[k + 1]! };
    jobs.push({ range, encoding, maxRow: options.nrows ?? MAX_INPUT_ROWS, maxCol: ncols, want: "part" });
  }
  const results = await runReadJobs(jobs, options, bytes, 1);
  const parts = results.map((result) => result.part!);
  const found = parts.reduce((max, part) => Math.max(max, part.maxMajor + 1), 0);
  if (found === 0 && begin === 0) throw emptyFileError(path);
  const entries = parts.reduce((sum, part) => sum + part.nnz, 0);
  try {
    return { matrix: assembleCsr(parts, options.nrows ?? found, ncols, path), entries };
  } catch (error) {
    throw toFileError(error, path, "read");
  }
}

async function readSafetensors(path: string, options: InputsOptions): Promise<CsrMatrix> {
  const matrix = await readInputsFile(path, (shape) => checkShape(path, shape, options));
  const bytesTotal = probeFile(path).bytes;
  options.onProgress?.({ filesDone: 1, filesTotal: 1, bytesDone: bytesTotal, bytesTotal });
  return addEmptyRows(matrix, options.nrows ?? matrix.nrows);
}

async function readMatrixMarket(path: string, options: InputsOptions): Promise<CsrMatrix> {
  const head = await readMatrixMarketHead(path, probeFile(path).gzip);
  checkShape(path, head, options);
  const encoding = head.pattern ? "pattern" : "text";
  // Rows beyond the file's own size are wrong even where the caller wants more.
  const { matrix, entries } = await readTriples(path, { ...options, nrows: head.nrows, encoding, begin: head.bytes });
  if (entries !== head.nnz) {
    throw new FormatError(path, null, `holds ${entries} entries, expected ${head.nnz} as its size line says`);
  }
  return addEmptyRows(matrix, options.nrows ?? head.nrows);
}

/** @throws FormatError unless the columns are the network's inputs and no row lies beyond those wanted. */
export function checkShape(path: string, found: { nrows: number; ncols: number }, options: InputsOptions): void {
  const { nrows, ncols } = options;
  if (found.ncols !== ncols) {
    throw new FormatError(path, null, `has ${found.ncols} columns, expected ${ncols} as the network has inputs`);
  }
  if (found.nrows > (nrows ?? MAX_INPUT_ROWS)) {
    throw new FormatError(path, null, `has ${found.nrows} rows, expected at most ${nrows ?? MAX_INPUT_ROWS}`);
  }
}

function addEmptyRows(matrix: CsrMatrix, nrows: number): CsrMatrix {
  if (nrows === matrix.nrows) return matrix;
  const rowPtr = new Uint32Array(new SharedArrayBuffer(4 * (nrows + 1)));
  rowPtr.fill(matrix.colIdx.length);
  rowPtr.set(matrix.rowPtr);
  return { ...matrix, nrows, rowPtr };
}
