// The three tensors of a compressed matrix (indptr, indices, values) in a safetensors file: sizes are checked from the
// header alone, contents when they are read, so that a hostile file ends with the name of the tensor that is wrong.

import { FormatError } from "../core/errors.ts";
import { haveRisingIndices } from "../sparse/check.ts";
import type { IndexArray } from "../sparse/matrix.ts";
import { type BytePlace, expectTensor, type FilePart, type SafetensorsFile } from "./safetensors-file.ts";
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
  const idx = viewIndices(indices, idxBytes);
  checkPointers(file.path, indptr.name, ptr, major, idx.length);
  checkIndices(file.path, indices.name, ptr, idx, minor, 0);
  const numbers = new Float32Array(valueBytes);
  checkFinite(file.path, values.name, numbers);
  return { ptr, idx, values: numbers };
}

/** Reads the pointers alone and checks them. Cost: O(slices). @throws FormatError */
export async function readPointers(file: SafetensorsFile, tensors: CompressedTensors): Promise<Uint32Array> {
  const { indptr, indices, major } = tensors;
  const ptr = new Uint32Array(await file.read(indptr));
  checkPointers(file.path, indptr.name, ptr, major, indices.count);
  return ptr;
}

/**
 * Reads slices `first` .. `last` - 1, two byte ranges of the file, and checks what was read. `ptr`, as readPointers gave it,
 * is of the whole matrix; the result's is of the slices, from 0. Cost: O(entries read). @throws FormatError
 */
export async function readSlices(
  file: SafetensorsFile,
  tensors: CompressedTensors,
  ptr: Uint32Array,
  first: number,
  last: number,
): Promise<CompressedArrays> {
  const { indices, values, minor } = tensors;
  const begin = ptr[first]!;
  const end = ptr[last]!;
  const hasOneValue = values.count === 1;
  const [idxBytes, valueBytes] = await Promise.all([
    file.read(placeOf(indices, begin, end)),
    file.read(hasOneValue ? values : placeOf(values, begin, end)),
  ]);
  const own = ptr.slice(first, last + 1).map((p) => p - begin);
  const idx = viewIndices(indices, idxBytes);
  checkIndices(file.path, indices.name, own, idx, minor, begin);
  const numbers = new Float32Array(valueBytes);
  checkFinite(file.path, values.name, numbers, hasOneValue ? 0 : begin);
  return { ptr: own, idx, values: numbers };
}

/** The same straight into arrays, one element an entry, unchecked; `values` is null where one stands for all. */
export async function readEntriesInto(
  file: SafetensorsFile,
  { indices, values }: CompressedTensors,
  ptr: Uint32Array,
  first: number,
  last: number,
  idx: IndexArray,
  numbers: Float32Array | null,
): Promise<void> {
  const partOf = (tensor: TensorInfo, array: IndexArray | Float32Array): FilePart => ({
    place: placeOf(tensor, ptr[first]!, ptr[last]!),
    bytes: new Uint8Array(array.buffer, array.byteOffset, array.byteLength),
  });
  await file.readInto([partOf(indices, idx), ...(numbers === null ? [] : [partOf(values, numbers)])]);
}

function viewIndices(tensor: TensorInfo, bytes: ArrayBufferLike): IndexArray {
  return tensor.dtype === "U16" ? new Uint16Array(bytes) : new Uint32Array(bytes);
}

/** Where elements `begin` .. `end` - 1 of a tensor lie. */
function placeOf(tensor: TensorInfo, begin: number, end: number): BytePlace {
  const bytesEach = tensor.count === 0 ? 0 : (tensor.end - tensor.begin) / tensor.count;
  return { begin: tensor.begin + bytesEach * begin, end: tensor.begin + bytesEach * end };
}

/** @throws FormatError unless they rise from 0 to nnz */
export function checkPointers(path: string, name: string, ptr: Uint32Array, major: number, nnz: number): void {
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

/** @throws FormatError unless indices rise within each slice, below `minor`; `firstEntry` is the place of idx[0] in the tensor. */
export function checkIndices(
  path: string,
  name: string,
  ptr: Uint32Array,
  idx: IndexArray,
  minor: number,
  firstEntry: number,
): void {
  if (haveRisingIndices(ptr, idx, minor)) return;
  for (let k = 0; k + 1 < ptr.length; k++) {
    let previous = -1;
    const end = ptr[k + 1]!;
    for (let p = ptr[k]!; p < end; p++) {
      const index = idx[p]!;
      if (index >= minor) {
        throw new FormatError(
          path,
          null,
          `tensor ${name}: element ${firstEntry + p} is ${index}, expected below ${minor}`,
        );
      }
      if (index <= previous) {
        const found = `element ${firstEntry + p} is ${index} after ${previous}`;
        throw new FormatError(path, null, `tensor ${name}: ${found}, expected rising within a slice`);
      }
      previous = index;
    }
  }
}

/** @throws FormatError naming the first element that is NaN or infinite; `firstElement` is the place of values[0]. */
export function checkFinite(path: string, name: string, values: Float32Array, firstElement = 0): void {
  for (let p = 0; p < values.length; p++) {
    if (Number.isFinite(values[p])) continue;
    const found = `element ${firstElement + p} is ${values[p]}`;
    throw new FormatError(path, null, `tensor ${name}: ${found}, expected a finite number`);
  }
}
