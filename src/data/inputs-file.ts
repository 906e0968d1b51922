// Inputs in safetensors files: one CSR matrix, tensors `inputs.indptr|indices|values`, its shape in the metadata.

import { FormatError } from "../core/errors.ts";
import { checkCsr } from "../sparse/check.ts";
import { type CsrMatrix, type IndexArray, makeIndexArray, MAX_U16_DIMENSION } from "../sparse/matrix.ts";
import {
  type CompressedTensors,
  findCompressed,
  readCompressed,
  readEntriesInto,
  readPointers,
  readSlices,
} from "./compressed-tensors.ts";
import { checkRowRange, eachRows, type InputSource, sourceOfMatrix } from "./input-source.ts";
import { isCount } from "./network-metadata.ts";
import { openSafetensors, type SafetensorsFile } from "./safetensors-file.ts";
import { expectObject, wrong } from "./safetensors-header.ts";
import { openSafetensorsWriter } from "./safetensors-writer.ts";
import { writeAtomically } from "./write-atomically.ts";

export const INPUTS_FORMAT = "gossamer.inputs/1";
const NAMES = { indptr: "inputs.indptr", indices: "inputs.indices", values: "inputs.values" };
/** Room for the header of a file of inputs. */
export const INPUTS_HEADER_BYTES = 4096;
const MAX_DIMENSION = 2 ** 32 - 2;

export interface InputsShape {
  readonly nrows: number;
  readonly ncols: number;
  readonly nnz: number;
}

/** Shape of the inputs in a file, from its header alone. @throws FormatError */
export function findInputs(file: SafetensorsFile): InputsShape & { readonly tensors: CompressedTensors } {
  const { path, header } = file;
  const format = header.metadata.get("format");
  if (format !== INPUTS_FORMAT) throw wrong(path, "__metadata__.format", format, `"${INPUTS_FORMAT}"`);
  const [nrows, ncols] = parseShape(path, header.metadata.get("gossamer"));
  const tensors = findCompressed(file, NAMES, nrows, ncols);
  return { nrows, ncols, nnz: tensors.indices.count, tensors };
}

/** Reads the inputs; `checkShape` may refuse them by their shape before they are read. @throws FormatError */
export async function readInputsFile(path: string, checkShape?: (shape: InputsShape) => void): Promise<CsrMatrix> {
  await using file = await openSafetensors(path);
  const { nrows, ncols, nnz, tensors } = findInputs(file);
  checkShape?.({ nrows, ncols, nnz });
  const { ptr, idx, values } = await readCompressed(file, tensors);
  return { format: "csr", nrows, ncols, rowPtr: ptr, colIdx: idx, values };
}

/**
 * Opens the inputs for reading by ranges of rows; the caller closes them. Row pointers are held, nothing else.
 * @param shared rows on shared memory, or not. @throws FormatError
 */
export async function openInputsFile(
  path: string,
  shared: boolean,
  checkShape?: (shape: InputsShape) => void,
): Promise<InputSource> {
  const file = await openSafetensors(path, { shared });
  try {
    const { nrows, ncols, nnz, tensors } = findInputs(file);
    checkShape?.({ nrows, ncols, nnz });
    const rowPtr = await readPointers(file, tensors);
    const value = tensors.values.count === 1 ? (await readSlices(file, tensors, rowPtr, 0, 0)).values[0]! : null;
    return {
      path,
      access: "ranges",
      nrows,
      ncols,
      nnz,
      value,
      rowPtr,
      async readRows(first, last) {
        checkRowRange(first, last, nrows);
        const { ptr, idx, values } = await readSlices(file, tensors, rowPtr, first, last);
        return { format: "csr", nrows: last - first, ncols, rowPtr: ptr, colIdx: idx, values };
      },
      ...(tensors.indices.dtype !== (ncols <= MAX_U16_DIMENSION ? "U16" : "U32")
        ? {}
        : {
            readEntriesInto: (first, last, colIdx, values) =>
              readEntriesInto(file, tensors, rowPtr, first, last, colIdx, values),
          }),
      close: () => file.close(),
      [Symbol.asyncDispose]: () => file.close(),
    };
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** @throws ShapeError for a matrix that breaks its promises, ResourceError for a full disk */
export async function writeInputsFile(path: string, inputs: CsrMatrix, signal?: AbortSignal): Promise<void> {
  checkCsr(inputs, "inputs");
  await writeAtomically(path, (temporary) => writeInputsSource(temporary, sourceOfMatrix(path, inputs)), signal);
}

/** Entries that are in memory at a time, and in one call of the file system. */
const PIECE_ENTRIES = 1 << 22;

/** Creates the file `path`, piece by piece; whoever calls gives a temporary name. `onRows` hears how many rows are done. */
export async function writeInputsSource(
  path: string,
  source: InputSource,
  onRows: (rowsDone: number) => void = () => {},
): Promise<void> {
  const { nrows, ncols, nnz, rowPtr, value } = source;
  await using writer = await openSafetensorsWriter(path, INPUTS_HEADER_BYTES);
  await writer.write(NAMES.indptr, "U32", rowPtr);
  const values = writer.reserve(NAMES.values, "F32", value === null ? nnz : 1);
  if (value !== null) await values.append(Float32Array.of(value));
  const indices = writer.reserve(NAMES.indices, ncols <= MAX_U16_DIMENSION ? "U16" : "U32", nnz);
  for await (const { first, rows } of eachRows(source, PIECE_ENTRIES)) {
    await indices.append(fitIndices(rows));
    if (value === null) await values.append(spellValues(rows));
    onRows(first + rows.nrows);
  }
  await writer.finish(metadataOf(nrows, ncols));
}

/**
 * Creates the file `path` with all but indices and values, which others write: one value an entry.
 * @returns where in the file they begin, in bytes
 */
export async function openPartedInputs(
  path: string,
  { nrows, ncols, nnz }: InputsShape,
  rowPtr: Uint32Array,
): Promise<{ readonly indices: number; readonly values: number }> {
  await using writer = await openSafetensorsWriter(path, INPUTS_HEADER_BYTES);
  await writer.write(NAMES.indptr, "U32", rowPtr);
  const values = writer.reserve(NAMES.values, "F32", nnz);
  const indices = writer.reserve(NAMES.indices, ncols <= MAX_U16_DIMENSION ? "U16" : "U32", nnz);
  values.leave();
  indices.leave();
  await writer.finish(metadataOf(nrows, ncols));
  return { indices: indices.begin, values: values.begin };
}

function metadataOf(nrows: number, ncols: number): Readonly<Record<string, string>> {
  return { format: INPUTS_FORMAT, gossamer: JSON.stringify({ orientation: "csr", shape: [nrows, ncols] }) };
}

/** Indices of the width that the file has, whatever the matrix has. */
function fitIndices({ colIdx, ncols }: CsrMatrix): IndexArray {
  const fitting = makeIndexArray(0, ncols);
  if (colIdx.BYTES_PER_ELEMENT === fitting.BYTES_PER_ELEMENT) return colIdx;
  const copy = makeIndexArray(colIdx.length, ncols);
  copy.set(colIdx);
  return copy;
}

/** One value an entry. */
function spellValues({ colIdx, values }: CsrMatrix): Float32Array {
  return values.length === colIdx.length ? values : new Float32Array(colIdx.length).fill(values[0]!);
}

function parseShape(path: string, text: string | undefined): [number, number] {
  if (text === undefined) throw new FormatError(path, null, "__metadata__.gossamer is missing");
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new FormatError(path, null, "__metadata__.gossamer is not JSON", { cause: error });
  }
  const { orientation, shape } = expectObject(path, "gossamer", value);
  if (orientation !== "csr") throw wrong(path, "gossamer.orientation", orientation, '"csr"');
  const [nrows, ncols, ...rest] = Array.isArray(shape) ? (shape as unknown[]) : [];
  if (!isCount(nrows, MAX_DIMENSION) || !isCount(ncols, MAX_DIMENSION) || rest.length > 0) {
    throw wrong(path, "gossamer.shape", shape, "two whole numbers (rows, columns)");
  }
  return [nrows, ncols];
}
