// Descriptions of rows of inputs, gone through piece by piece, so in bounded memory where the file can be read so.

import type { CsrMatrix } from "../sparse/matrix.ts";
import { openBinaryInputs } from "./binary-inputs.ts";
import { checkNotAborted } from "./file-errors.ts";
import { eachRows, type InputSource } from "./input-source.ts";
import type { ReadOptions } from "./read-options.ts";
import { checkBinarySize } from "./triples-binary.ts";
import { MAX_INPUT_ROWS } from "./triples.ts";
import { makeValueCounter, type MatrixFacts } from "./value-facts.ts";

/** Entries that are in memory at a time. */
const PIECE_ENTRIES = 1 << 22;

/** Goes through the rows in bounded memory, which checks them. */
export async function describeRows(
  source: InputSource,
  bytesTotal: number,
  options: ReadOptions,
  look: (rows: CsrMatrix) => void = () => {},
): Promise<MatrixFacts> {
  const { nrows, ncols, nnz } = source;
  const facts = makeValueCounter();
  for await (const { first, rows } of eachRows(source, PIECE_ENTRIES)) {
    checkNotAborted(options.signal);
    facts.add(rows.values);
    look(rows);
    const rowsDone = first + rows.nrows;
    const bytesDone = Math.round((bytesTotal * rowsDone) / nrows);
    options.onProgress?.({ filesDone: rowsDone === nrows ? 1 : 0, filesTotal: 1, bytesDone, bytesTotal });
  }
  return { nrows, ncols, nnz, values: nnz === 0 ? null : facts.finish() };
}

/** Binary triples in order, in bounded memory; null where they are out of order. */
export async function describeBinary(path: string, bytes: number, options: ReadOptions): Promise<MatrixFacts | null> {
  checkBinarySize(path, bytes);
  await using source = await openBinaryInputs(path, bytes, { ...options, ncols: MAX_INPUT_ROWS });
  if (source === null) return null;
  let ncols = 0;
  const facts = await describeRows(source, bytes, options, (rows) => {
    for (const column of rows.colIdx) ncols = Math.max(ncols, column + 1);
  });
  return { ...facts, ncols };
}
