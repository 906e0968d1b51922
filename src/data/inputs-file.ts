// Inputs in safetensors files: one CSR matrix, tensors `inputs.indptr|indices|values`, its shape in the metadata.

import { FormatError } from "../core/errors.ts";
import { checkCsr } from "../sparse/check.ts";
import type { CsrMatrix } from "../sparse/matrix.ts";
import {
  type CompressedTensors,
  findCompressed,
  readCompressed,
  readPointers,
  readSlices,
} from "./compressed-tensors.ts";
import { checkRowRange, type InputSource } from "./input-source.ts";
import { isCount } from "./network-metadata.ts";
import { openSafetensors, type SafetensorsFile } from "./safetensors-file.ts";
import { expectObject, wrong } from "./safetensors-header.ts";
import { openSafetensorsWriter } from "./safetensors-writer.ts";
import { writeAtomically } from "./write-atomically.ts";

export const INPUTS_FORMAT = "gossamer.inputs/1";
const NAMES = { indptr: "inputs.indptr", indices: "inputs.indices", values: "inputs.values" };
const HEADER_BYTES = 4096;
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
    return {
      path,
      access: "ranges",
      nrows,
      ncols,
      nnz,
      rowPtr,
      async readRows(first, last) {
        checkRowRange(first, last, nrows);
        const { ptr, idx, values } = await readSlices(file, tensors, rowPtr, first, last);
        return { format: "csr", nrows: last - first, ncols, rowPtr: ptr, colIdx: idx, values };
      },
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
  const { nrows, ncols, rowPtr, colIdx, values } = inputs;
  await writeAtomically(
    path,
    async (temporary) => {
      await using writer = await openSafetensorsWriter(temporary, HEADER_BYTES);
      await writer.write(NAMES.indptr, "U32", rowPtr);
      await writer.write(NAMES.values, "F32", values);
      await writer.write(NAMES.indices, colIdx instanceof Uint16Array ? "U16" : "U32", colIdx);
      const gossamer = JSON.stringify({ orientation: "csr", shape: [nrows, ncols] });
      await writer.finish({ format: INPUTS_FORMAT, gossamer });
    },
    signal,
  );
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
