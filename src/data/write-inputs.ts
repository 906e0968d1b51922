// Inputs into a file of the kind that its name says, from memory or piece by piece from a source.

import { UsageError } from "../core/errors.ts";
import { checkCsr } from "../sparse/check.ts";
import type { CsrMatrix } from "../sparse/matrix.ts";
import { checkNotAborted } from "./file-errors.ts";
import { kindOfName } from "./file-kind.ts";
import { eachRows, type InputSource, sourceOfMatrix } from "./input-source.ts";
import { writeInputsSource } from "./inputs-file.ts";
import { writeAtomically } from "./write-atomically.ts";
import { writeTriplePieces } from "./write-triples.ts";

/** Entries of a source that are in memory at a time. */
const PIECE_ENTRIES = 1 << 20;

/**
 * Writes inputs as .safetensors, .tsv, .bin or .mtx (the last three also .gz). Text and binary triples do not keep
 * empty rows at the end; the other two do. `onProgress` hears the share that is done.
 * @throws UsageError for another ending, ShapeError for a bad matrix, ResourceError for a full disk
 */
export async function writeInputs(
  path: string,
  inputs: CsrMatrix | InputSource,
  signal?: AbortSignal,
  onProgress?: (share: number) => void,
): Promise<void> {
  const kind = kindOfName(path);
  if (kind === null) {
    throw new UsageError(`${path}: inputs are written as .safetensors, .tsv, .bin or .mtx (the last three also .gz)`);
  }
  if ("format" in inputs) checkCsr(inputs, "inputs");
  const source = "format" in inputs ? sourceOfMatrix(path, inputs) : inputs;
  const { nrows, ncols, nnz } = source;
  const onRows = (rows: number): void => {
    checkNotAborted(signal);
    onProgress?.(rows / nrows);
  };
  async function* pieces(): ReturnType<typeof eachRows> {
    for await (const piece of eachRows(source, PIECE_ENTRIES)) {
      onRows(piece.first);
      yield piece;
    }
  }
  await writeAtomically(
    path,
    (temporary) =>
      kind === "safetensors"
        ? writeInputsSource(temporary, source, onRows)
        : writeTriplePieces(temporary, { nrows, ncols, nnz, pieces: pieces() }, kind, path.endsWith(".gz"), signal),
    signal,
  );
}
