// Arrays of every element type with values that name their rank and place, and their comparison.

import assert from "node:assert/strict";
import { ELEMENT_TYPES, type ElementType } from "../abi/abi.ts";
import type { MessageArray } from "../message-array.ts";
import type { Envelope } from "../point-to-point.ts";
import { Request } from "../request.ts";
import type { Operations } from "../communicator.ts";

const MAKERS: Readonly<Record<ElementType, (length: number) => MessageArray>> = {
  int8: (length) => new Int8Array(length),
  uint8: (length) => new Uint8Array(length),
  int16: (length) => new Int16Array(length),
  uint16: (length) => new Uint16Array(length),
  int32: (length) => new Int32Array(length),
  uint32: (length) => new Uint32Array(length),
  int64: (length) => new BigInt64Array(length),
  uint64: (length) => new BigUint64Array(length),
  float32: (length) => new Float32Array(length),
  float64: (length) => new Float64Array(length),
};
export { ELEMENT_TYPES };

/** `length` elements, element i being `value(i)`. */
export function makeArray(element: ElementType, length: number, value: (i: number) => number): MessageArray {
  const array = MAKERS[element](length);
  for (let i = 0; i < length; i++) setElement(array, i, value(i));
  return array;
}

function setElement(array: MessageArray, i: number, value: number): void {
  if (array instanceof BigInt64Array || array instanceof BigUint64Array) array[i] = BigInt(value);
  else array[i] = value;
}

/** Fails unless element i of `array` is `value(i)` everywhere; the text names the first that is not. */
export function assertElements(array: MessageArray, value: (i: number) => number, what: string): void {
  for (let i = 0; i < array.length; i++) {
    const found = Number(array[i]);
    assert.ok(Object.is(found, value(i)), `${what}: element ${i} of ${array.length} is ${found}, expected ${value(i)}`);
  }
}

/** Both forms of every operation: run to the end, or started and waited for. */
export type EitherOperations = Operations<void | Request<void>, Envelope | Request<Envelope>>;

export async function finish<R>(done: R | Request<R>): Promise<R> {
  return done instanceof Request ? await done.wait({ timeoutMs: 20_000 }) : done;
}
