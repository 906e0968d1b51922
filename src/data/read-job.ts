// One piece of reading: a range of one file of triples, parsed and collected. The same function runs in a reader
// worker and, for small files, on the calling thread. Jobs and results are plain records that can be posted.

import { FormatError } from "../core/errors.ts";
import type { CscMatrix } from "../sparse/matrix.ts";
import { assembleCsc } from "./assemble.ts";
import { type ByteRange, readChunks } from "./byte-source.ts";
import { ENTRY_BYTES, makeBinaryParser } from "./triples-binary.ts";
import { TriplesCollector, type TriplesPart } from "./triples-collector.ts";
import { makeTextParser } from "./triples-text.ts";
import type { TripleLimits, TripleSink } from "./triples.ts";

/** How the entries of a file are written; `pattern` is text without values. */
export type TripleEncoding = "text" | "pattern" | "binary";

export interface ReadJob {
  readonly range: ByteRange;
  readonly encoding: TripleEncoding;
  readonly maxRow: number;
  readonly maxCol: number;
  /** A whole layer, assembled by columns; or a part of the inputs, collected by rows. */
  readonly want: "layer" | "part";
  /** Keep only blocks k of entries with k mod `of` = `share`: for a gzipped file, which everybody has to unpack. */
  readonly blocks?: { readonly share: number; readonly of: number } | undefined;
}

export interface ReadResult {
  readonly layer: CscMatrix | null;
  readonly part: TriplesPart | null;
  readonly nnz: number;
}

/** @throws FormatError with the line counted from the start of the file, also for a range in its middle. */
export async function runReadJob(job: ReadJob, onRead?: (bytes: number) => void): Promise<ReadResult> {
  const { range, maxRow, maxCol } = job;
  const byColumns = job.want === "layer";
  const collector = new TriplesCollector(byColumns ? "columns" : "rows", byColumns ? maxRow : maxCol);
  const limits: TripleLimits = { path: range.path, maxRow, maxCol, pattern: job.encoding === "pattern" };
  const sink = job.blocks === undefined ? collector.add.bind(collector) : keepBlocks(collector, job.blocks);
  const isBinary = job.encoding === "binary";
  const parser = isBinary ? makeBinaryParser(limits, sink, range.begin / ENTRY_BYTES) : makeTextParser(limits, sink);
  try {
    for await (const chunk of readChunks(range, onRead)) parser.push(chunk);
    parser.finish();
  } catch (error) {
    throw await withFileLine(error, range);
  }
  const part = collector.finish();
  if (!byColumns) return { layer: null, part, nnz: part.nnz };
  if (part.nnz === 0) throw emptyFileError(range.path);
  const layer = assembleCsc([part], maxRow, maxCol, range.path);
  return { layer, part: null, nnz: part.nnz };
}

function keepBlocks(collector: TriplesCollector, { share, of }: { share: number; of: number }): TripleSink {
  let block = 0;
  return (rows, cols, values, count) => {
    if (block++ % of === share) collector.add(rows, cols, values, count);
  };
}

export function emptyFileError(path: string): FormatError {
  return new FormatError(path, null, "the file is empty, expected at least one entry (row, column, value)");
}

/** A parser counts lines from its first byte; the lines before are only counted once something is wrong. */
async function withFileLine(error: unknown, range: ByteRange): Promise<unknown> {
  if (!(error instanceof FormatError) || error.line === null || range.begin === 0) return error;
  let lines = 0;
  for await (const chunk of readChunks({ ...range, begin: 0, end: range.begin })) {
    for (let p = chunk.indexOf(10); p >= 0; p = chunk.indexOf(10, p + 1)) lines++;
  }
  return new FormatError(range.path, error.line + lines, problemOf(error), { cause: error });
}

/** The message of a FormatError without the place in front. */
export function problemOf(error: FormatError): string {
  const place = `${error.path}${error.line === null ? "" : `:${error.line}`}: `;
  return error.message.slice(place.length);
}
