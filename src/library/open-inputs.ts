// Input rows from a file or from numbers in memory, as the sparse matrix that engines take.

import { checkInteger } from "../core/checks.ts";
import { UsageError } from "../core/errors.ts";
import { findInputColumns } from "../data/input-columns.ts";
import { readInputs } from "../data/read-inputs.ts";
import { denseToCsr } from "../sparse/convert.ts";
import type { CsrMatrix } from "../sparse/matrix.ts";

/** Numbers of all rows, one row after the other. */
export type DenseRows = Float32Array | Float64Array | Uint8Array | readonly number[];

/** How a file of inputs is read. */
export interface InputsFileOptions {
  /** Features of a row; needed for .tsv and .bin, which do not say. */
  readonly features?: number;
  /** Number of rows; default: what the file says, or its largest row number. */
  readonly rows?: number;
  /** Ends the reading with an InterruptedError. */
  readonly signal?: AbortSignal;
}

/** Shape of rows in memory. */
export interface DenseShape {
  readonly rows: number;
  readonly features: number;
}

const MAX_DIMENSION = 2 ** 32 - 2;

/**
 * Reads inputs from .tsv, .bin, .mtx (each also .gz) or .safetensors.
 * @throws FormatError, UsageError, ResourceError, WorkerError, InterruptedError
 */
export function openInputs(path: string, options?: InputsFileOptions): Promise<CsrMatrix>;
/**
 * Takes the nonzeros of dense rows; the array is not kept. Shape: `values`: rows x features, row-major.
 * @throws ShapeError for another number of values, or one that is not finite.
 */
export function openInputs(values: DenseRows, shape: DenseShape): Promise<CsrMatrix>;
export async function openInputs(
  source: string | DenseRows,
  options: InputsFileOptions | DenseShape = {},
): Promise<CsrMatrix> {
  if (typeof source === "string") return openInputsFile(source, options);
  const { rows, features } = options;
  if (rows === undefined || features === undefined) throw new UsageError("dense inputs need rows and features");
  return takeNonzeros(source, rows, features);
}

async function openInputsFile(path: string, options: InputsFileOptions): Promise<CsrMatrix> {
  const ncols = options.features ?? (await findInputColumns(path));
  if (ncols === null) throw new UsageError(`${path} does not say how many features a row has: give features`);
  return readInputs(path, { ncols, nrows: options.rows, signal: options.signal });
}

function takeNonzeros(values: DenseRows, nrows: number, ncols: number): CsrMatrix {
  checkInteger(nrows, 0, MAX_DIMENSION, "rows");
  checkInteger(ncols, 1, MAX_DIMENSION, "features");
  return denseToCsr(values instanceof Float32Array ? values : Float32Array.from(values), nrows, ncols);
}
