// Inputs of any kind, opened for reading by ranges of rows. Safetensors files, and binary triples in order, are read by
// byte range; text, Matrix Market, gzipped files and binary triples out of order have to be parsed and are held whole.

import { checkInteger } from "../core/checks.ts";
import { openBinaryInputs } from "./binary-inputs.ts";
import { probeFile } from "./byte-source.ts";
import { checkNotAborted } from "./file-errors.ts";
import { detectKind } from "./file-kind.ts";
import { type InputSource, sourceOfMatrix, withEmptyRows } from "./input-source.ts";
import { openInputsFile } from "./inputs-file.ts";
import { checkShape, type InputsOptions, MAX_DIMENSION, readInputs } from "./read-inputs.ts";
import { emptyFileError } from "./read-job.ts";
import { checkBinarySize } from "./triples-binary.ts";

export interface InputSourceOptions extends InputsOptions {
  /** Rows on shared memory (the default), or not: for going through rows that are soon dropped. */
  readonly shared?: boolean | undefined;
}

/**
 * Opens .tsv, .bin, .mtx (each also .gz) or .safetensors; the caller closes it. Gives the rows that readInputs gives.
 * @throws FormatError, UsageError, ResourceError, WorkerError, InterruptedError
 */
export async function openInputSource(path: string, options: InputSourceOptions): Promise<InputSource> {
  checkInteger(options.ncols, 1, MAX_DIMENSION, "ncols");
  if (options.nrows !== undefined) checkInteger(options.nrows, 1, MAX_DIMENSION, "nrows");
  checkNotAborted(options.signal);
  switch (detectKind(path)) {
    case "safetensors": {
      const source = await openInputsFile(path, options.shared !== false, (shape) => checkShape(path, shape, options));
      return withEmptyRows(source, options.nrows ?? source.nrows);
    }
    case "binary": {
      const { bytes, gzip } = probeFile(path);
      if (gzip) break;
      if (bytes === 0) throw emptyFileError(path);
      checkBinarySize(path, bytes);
      const source = await openBinaryInputs(path, bytes, options);
      if (source !== null) return source;
      break;
    }
    case "text":
    case "matrix-market":
    case "challenge":
    case "generated":
      break;
  }
  return sourceOfMatrix(path, await readInputs(path, options));
}
