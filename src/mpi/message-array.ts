// Typed arrays as MPI sees them: where the memory lies, how many elements, which datatype. Nothing is copied: a view of
// shared WebAssembly memory is sent from and received into where it lies. Every length is checked here, once.

import { ShapeError } from "../core/errors.ts";
import type { ElementType } from "./abi/abi.ts";

/** What can be sent. A message's elements are the array's, so an offset is `array.subarray(from, to)`. */
export type MessageArray =
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array
  | Float32Array
  | Float64Array;

/** MPI counts in C ints. Only arrays of bytes can be longer; as wider elements they fit. */
export const MAX_COUNT = 0x7fff_ffff;

const ELEMENT_OF_TAG: Readonly<Record<string, ElementType>> = {
  Int8Array: "int8",
  Uint8Array: "uint8",
  Int16Array: "int16",
  Uint16Array: "uint16",
  Int32Array: "int32",
  Uint32Array: "uint32",
  BigInt64Array: "int64",
  BigUint64Array: "uint64",
  Float32Array: "float32",
  Float64Array: "float64",
};

/**
 * The datatype of `array`, which is then safe to hand to a call.
 * @throws TypeError for what is no such array or has lost its memory; ShapeError for more elements than MPI can count.
 */
export function checkMessage(array: MessageArray): ElementType {
  const tag = ArrayBuffer.isView(array) ? array[Symbol.toStringTag] : typeof array;
  const element = ELEMENT_OF_TAG[tag];
  if (element === undefined) throw new TypeError(`a message is a ${tag}, expected a typed array of numbers`);
  // Reading `buffer` also moves a small array out of V8's heap, where the collector could move it during a transfer.
  if (array.buffer instanceof ArrayBuffer && array.buffer.detached) {
    throw new TypeError(`a message's ${tag} has lost its memory (moved to another thread, or its memory has grown)`);
  }
  checkCount(array.length, tag);
  return element;
}

/** @throws ShapeError for more elements than MPI can count. */
export function checkCount(count: number, what: string): void {
  if (count <= MAX_COUNT) return;
  throw new ShapeError(
    `${what} of ${count} elements, MPI counts to ${MAX_COUNT}: use wider elements, or send it in parts`,
  );
}

/** Elements that each rank has in one array that holds `size` equal blocks. @throws ShapeError */
export function blockLength(array: MessageArray, size: number): number {
  const block = array.length / size;
  if (Number.isInteger(block)) return block;
  throw new ShapeError(`${array.length} elements do not split into equal blocks for ${size} ranks`);
}

/** The part of an array that belongs to each rank: `counts[r]` elements from element `offsets[r]`. */
export interface Parts {
  readonly counts: Int32Array;
  readonly offsets: Int32Array;
}

/** Parts that follow each other from element 0 in the order of ranks. @throws ShapeError, RangeError */
export function packParts(counts: ArrayLike<number>): Parts {
  const parts = { counts: makeInts(counts.length), offsets: makeInts(counts.length) };
  let end = 0;
  for (let r = 0; r < counts.length; r++) {
    const count = counts[r];
    if (!Number.isInteger(count) || count < 0)
      throw new RangeError(`rank ${r} has ${count} elements, expected a count`);
    parts.counts[r] = count;
    parts.offsets[r] = end;
    end += count;
    checkCount(end, "parts");
  }
  return parts;
}

/** Memory outside V8's heap: an operation that was only started goes on reading it. */
function makeInts(length: number): Int32Array<ArrayBuffer> {
  return new Int32Array(new ArrayBuffer(length * Int32Array.BYTES_PER_ELEMENT));
}

/** A copy that the caller cannot change while the operation runs. @throws ShapeError unless every part lies in `array`. */
export function takeParts(parts: Parts, array: MessageArray, size: number): Parts {
  const { counts, offsets } = parts;
  if (counts.length !== size || offsets.length !== size) {
    throw new ShapeError(`parts with ${counts.length} counts and ${offsets.length} offsets, expected ${size} of each`);
  }
  for (let r = 0; r < size; r++) {
    if (counts[r] < 0 || offsets[r] < 0 || offsets[r] + counts[r] > array.length) {
      const found = `${counts[r]} elements from ${offsets[r]}`;
      throw new ShapeError(`the part of rank ${r} is ${found}, which does not lie in an array of ${array.length}`);
    }
  }
  const taken = { counts: makeInts(size), offsets: makeInts(size) };
  taken.counts.set(counts);
  taken.offsets.set(offsets);
  return taken;
}
