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
  if (nnzOf(matrix) === 0 && format !== "matrix-market") {
    throw new UnsupportedError("a matrix without entries cannot be a file of triples; write .mtx or .safetensors");
  }
  const source = Readable.from(formatChunks(matrix, format), { objectMode: true, highWaterMark: 2 });
  const sink = createWriteStream(path, { flags: "wx" });
  const options = signal === undefined ? {} : { signal };
  if (gzip) await pipeline(source, createGzip(), sink, options);
  else await pipeline(source, sink, options);
}

function* formatChunks(matrix: CscMatrix | CsrMatrix, format: TriplesFormat): Generator<Uint8Array> {
  switch (format) {
    case "binary":
      yield* formatBinary(matrix);
      return;
    case "matrix-market": {
      const head = `%%MatrixMarket matrix coordinate real general\n${matrix.nrows} ${matrix.ncols} ${nnzOf(matrix)}\n`;
      yield new TextEncoder().encode(head);
      yield* formatText(matrix, " ");
      return;
    }
    case "text":
      yield* formatText(matrix, "\t");
      return;
  }
}
