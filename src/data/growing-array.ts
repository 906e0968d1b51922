// Arrays whose final length is unknown: kept as a list of chunks, joined once. Nothing is copied while they grow, so
// the peak is twice the data (chunks and result), and the result can lie in shared memory.

import { makeIndexArray, MAX_U16_DIMENSION } from "../sparse/matrix.ts";

type Numbers = Uint16Array | Uint32Array | Float32Array;

const FIRST_CHUNK = 1 << 14;
const MAX_CHUNK = 1 << 20;

export class GrowingArray<T extends Numbers> {
  readonly #make: (length: number, shared: boolean) => T;
  readonly #full: T[] = [];
  #last: T;
  #used = 0;
  #fullLength = 0;

  constructor(make: (length: number, shared: boolean) => T) {
    this.#make = make;
    this.#last = make(FIRST_CHUNK, false);
  }

  get length(): number {
    return this.#fullLength + this.#used;
  }

  /** Appends source[begin .. end-1]. */
  append(source: Numbers, begin: number, end: number): void {
    let from = begin;
    while (from < end) {
      const count = Math.min(end - from, this.#room());
      this.#last.set(source.subarray(from, from + count), this.#used);
      this.#used += count;
      from += count;
    }
  }

  push(value: number): void {
    this.#room();
    this.#last[this.#used++] = value;
  }

  appendFilled(value: number, count: number): void {
    let left = count;
    while (left > 0) {
      const step = Math.min(left, this.#room());
      this.#last.fill(value, this.#used, this.#used + step);
      this.#used += step;
      left -= step;
    }
  }

  /** All elements in one new array on shared memory. */
  join(): T {
    const all = this.#make(this.length, true);
    let at = 0;
    for (const chunk of this.#full) {
      all.set(chunk, at);
      at += chunk.length;
    }
    all.set(this.#last.subarray(0, this.#used), at);
    return all;
  }

  /** @returns how many elements fit the last chunk, at least 1. */
  #room(): number {
    if (this.#used === this.#last.length) {
      this.#full.push(this.#last);
      this.#fullLength += this.#used;
      this.#last = this.#make(Math.min(MAX_CHUNK, 4 * this.#used), false);
      this.#used = 0;
    }
    return this.#last.length - this.#used;
  }
}

export function makeGrowingU32(): GrowingArray<Uint32Array> {
  return new GrowingArray((length, shared) => makeIndexArray(length, MAX_U16_DIMENSION + 1, shared) as Uint32Array);
}

export function makeGrowingF32(): GrowingArray<Float32Array> {
  return new GrowingArray((length, shared) => makeFloatArray(length, shared));
}

/** Indices below `dimension`, 16-bit where they fit. */
export function makeGrowingIndices(dimension: number): GrowingArray<Uint16Array | Uint32Array> {
  return new GrowingArray((length, shared) => makeIndexArray(length, dimension, shared));
}

export function makeFloatArray(length: number, shared: boolean): Float32Array {
  return new Float32Array(shared ? new SharedArrayBuffer(4 * length) : new ArrayBuffer(4 * length));
}
