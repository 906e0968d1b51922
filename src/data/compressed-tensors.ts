// The three tensors of a compressed matrix (indptr, indices, values) in a safetensors file: sizes are checked from the
// header alone, contents when they are read, so that a hostile file ends with the name of the tensor that is wrong.

import { FormatError } from "../core/errors.ts";
import type { IndexArray } from "../sparse/matrix.ts";
import { expectTensor, type SafetensorsFile } from "./safetensors-file.ts";
import type { TensorInfo } from "./safetensors-header.ts";

export interface CompressedTensors {
  readonly indptr: TensorInfo;
  readonly indices: TensorInfo;
  readonly values: TensorInfo;
  /** Number of slices that indptr points to, and the dimension of the indices within. */
  readonly major: number;
  readonly minor: number;
}

export interface CompressedArrays {
  readonly ptr: Uint32Array;
  readonly idx: IndexArray;
  readonly values: Float32Array;
}

/** Finds the tensors by their names and checks that their sizes agree. @throws FormatError */
export function findCompressed(
  file: SafetensorsFile,
  names: { readonly indptr: string; readonly indices: string; readonly values: string },
  major: number,
  minor: number,
): CompressedTensors {
  const indptr = expectTensor(file, names.indptr, ["U32"]);
  const indices = expectTensor(file, names.indices, ["U16", "U32"]);
  const values = expectTensor(file, names.values, ["F32"]);
  expectCount(file.path, indptr, [major + 1]);
  expectCount(file.path, values, [1, indices.count]);
  return { indptr, indices, values, major, minor };
}

/** @throws FormatError unless the tensor has one of the `counts`. */
export function expectCount(path: string, tensor: TensorInfo, counts: readonly number[]): void {
  if (counts.includes(tensor.count)) return;
  const wanted = Array.from(new Set(counts)).join(" or ");
  throw new FormatError(path, null, `tensor ${tensor.name}: has ${tensor.count} elements, expected ${wanted}`);
}

/** Reads the tensors and checks every pointer, index and value. Cost: O(nnz). @throws FormatError */
export async function readCompressed(file: SafetensorsFile, tensors: CompressedTensors): Promise<CompressedArrays> {
  const { indptr, indices, values, major, minor } = tensors;
  const [ptrBytes, idxBytes, valueBytes] = await Promise.all([
    file.read(indptr),
    file.read(indices),
    file.read(values),
  ]);
  const ptr = new Uint32Array(ptrBytes);
  const idx = indices.dtype === "U16" ? new Uint16Array(idxBytes) : new Uint32Array(idxBytes);
  checkPointers(file.path, indptr.name, ptr, major, idx.length);
  checkIndices(file.path, indices.name, ptr, idx, minor);
  const numbers = new Float32Array(valueBytes);
  checkFinite(file.path, values.name, numbers);
  return { ptr, idx, values: numbers };
}

function checkPointers(path: string, name: string, ptr: Uint32Array, major: number, nnz: number): void {
  if (ptr[0] !== 0) throw new FormatError(path, null, `tensor ${name}: starts with ${ptr[0]}, expected 0`);
  for (let k = 0; k < major; k++) {
    if (ptr[k + 1]! < ptr[k]!) {
      const found = `element ${k + 1} is ${ptr[k + 1]} after ${ptr[k]}`;
      throw new FormatError(path, null, `tensor ${name}: ${found}, expected rising`);
    }
  }
  if (ptr[major] !== nnz) {
    throw new FormatError(path, null, `tensor ${name}: ends with ${ptr[major]}, expected ${nnz} (the indices)`);
  }
}

function checkIndices(path: string, name: string, ptr: Uint32Array, idx: IndexArray, minor: number): void {
  for (let k = 0; k + 1 < ptr.length; k++) {
    let previous = -1;
    const end = ptr[k + 1]!;
    for (let p = ptr[k]!; p < end; p++) {
      const index = idx[p]!;
      if (index >= minor) {
        throw new FormatError(path, null, `tensor ${name}: element ${p} is ${index}, expected below ${minor}`);
      }
      if (index <= previous) {
        const found = `element ${p} is ${index} after ${previous}`;
        throw new FormatError(path, null, `tensor ${name}: ${found}, expected rising within a slice`);
      }
      previous = index;
    }
  }
}

/** @throws FormatError naming the first element that is NaN or infinite. */
export function checkFinite(path: string, name: string, values: Float32Array): void {
  for (let p = 0; p < values.length; p++) {
    if (Number.isFinite(values[p])) continue;
    throw new FormatError(path, null, `tensor ${name}: element ${p} is ${values[p]}, expected a finite number`);
  }
}
