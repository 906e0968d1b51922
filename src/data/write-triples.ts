// Matrices into files of triples: text, binary, Matrix Market, each gzipped where the name ends in .gz.

import { createWriteStream } from "node:fs";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { UnsupportedError } from "../core/errors.ts";
import { type CscMatrix, type CsrMatrix, nnzOf } from "../sparse/matrix.ts";
import { formatBinary, formatText } from "./format-triples.ts";

export type TriplesFormat = "text" | "binary" | "matrix-market";

/** Creates the file `path`; whoever calls gives a temporary name. @throws UnsupportedError for a matrix without entries. */
export async function writeTriples(
  path: string,
  matrix: CscMatrix | CsrMatrix,
  format: TriplesFormat,
  gzip: boolean,
  signal?: AbortSignal,
): Promise<void> {
  const { nrows, ncols } = matrix;
  const pieces = [{ first: 0, rows: matrix }];
  await writeTriplePieces(path, { nrows, ncols, nnz: nnzOf(matrix), pieces }, format, gzip, signal);
}

export interface TriplePieces {
  readonly nrows: number;
  readonly ncols: number;
  readonly nnz: number;
  /** The matrix in order, in pieces of some rows, the first of them number `first`. */
  readonly pieces: Iterable<TriplePiece> | AsyncIterable<TriplePiece>;
}

interface TriplePiece {
  readonly first: number;
  readonly rows: CscMatrix | CsrMatrix;
}

/** The same for a matrix that comes in pieces. */
export async function writeTriplePieces(
  path: string,
  matrix: TriplePieces,
  format: TriplesFormat,
  gzip: boolean,
  signal?: AbortSignal,
): Promise<void> {
  if (matrix.nnz === 0 && format !== "matrix-market") {
    throw new UnsupportedError("a matrix without entries cannot be a file of triples; write .mtx or .safetensors");
  }
  const source = Readable.from(formatChunks(matrix, format), { objectMode: true, highWaterMark: 2 });
  const sink = createWriteStream(path, { flags: "wx" });
  const options = signal === undefined ? {} : { signal };
  if (gzip) await pipeline(source, createGzip(), sink, options);
  else await pipeline(source, sink, options);
}

async function* formatChunks(
  { nrows, ncols, nnz, pieces }: TriplePieces,
  format: TriplesFormat,
): AsyncGenerator<Uint8Array> {
  if (format === "matrix-market") {
    const head = `%%MatrixMarket matrix coordinate real general\n${nrows} ${ncols} ${nnz}\n`;
    yield new TextEncoder().encode(head);
  }
  for await (const { first, rows } of pieces) {
    switch (format) {
      case "binary":
        yield* formatBinary(rows, first);
        break;
      case "matrix-market":
        yield* formatText(rows, " ", first);
        break;
      case "text":
        yield* formatText(rows, "\t", first);
        break;
    }
  }
}
