// The lists of doubly and triply compressed formats: which columns (rows) hold anything, and the numbers of those that do.
// Shared by the four formats, which differ only in which of their two dimensions are listed.

import { ShapeError } from "../core/errors.ts";
import { type IndexArray, makeIndexArray } from "./matrix.ts";

/** Slices that are not empty, and offsets of these alone. Shapes: `ptr`: nmajor + 1. */
export interface ListedSlices {
  readonly list: IndexArray;
  /** list.length + 1 offsets. */
  readonly ptr: Uint32Array;
}

export function listSlices(ptr: Uint32Array): ListedSlices {
  const nmajor = ptr.length - 1;
  let count = 0;
  for (let k = 0; k < nmajor; k++) if (ptr[k + 1] > ptr[k]) count++;
  const list = makeIndexArray(count, nmajor);
  const listed = new Uint32Array(count + 1);
  let slot = 0;
  for (let k = 0; k < nmajor; k++) {
    if (ptr[k + 1] === ptr[k]) continue;
    list[slot++] = k;
    listed[slot] = ptr[k + 1];
  }
  return { list, ptr: listed };
}

/** The inverse: nmajor + 1 offsets, those of unlisted slices empty. */
export function unlistSlices({ list, ptr }: ListedSlices, nmajor: number): Uint32Array {
  const all = new Uint32Array(nmajor + 1);
  for (let slot = 0; slot < list.length; slot++) all[list[slot] + 1] = ptr[slot + 1] - ptr[slot];
  for (let k = 0; k < nmajor; k++) all[k + 1] += all[k];
  return all;
}

/** Indices renumbered by the list of those that occur. */
export interface ListedIndices {
  readonly list: IndexArray;
  /** Positions in `list`. */
  readonly idx: IndexArray;
}

export function listIndices(idx: IndexArray, dimension: number): ListedIndices {
  const used = new Uint8Array(dimension);
  for (let p = 0; p < idx.length; p++) used[idx[p]] = 1;
  const position = new Uint32Array(dimension);
  let count = 0;
  for (let k = 0; k < dimension; k++) if (used[k] === 1) position[k] = count++;
  const list = makeIndexArray(count, dimension);
  for (let k = 0; k < dimension; k++) if (used[k] === 1) list[position[k]] = k;
  const renumbered = makeIndexArray(idx.length, count);
  for (let p = 0; p < idx.length; p++) renumbered[p] = position[idx[p]];
  return { list, idx: renumbered };
}

/** The inverse. */
export function unlistIndices({ list, idx }: ListedIndices, dimension: number): IndexArray {
  const real = makeIndexArray(idx.length, dimension);
  for (let p = 0; p < idx.length; p++) real[p] = list[idx[p]];
  return real;
}

/** @throws ShapeError unless `list` rises strictly below `dimension`; `word` is row or column. */
export function checkList(list: IndexArray, dimension: number, word: string, name: string): void {
  let previous = -1;
  for (let slot = 0; slot < list.length; slot++) {
    const k = list[slot];
    if (k >= dimension) {
      throw new ShapeError(`${name}: listed ${word} ${slot} is ${word} ${k}, expected below ${dimension}`);
    }
    if (k <= previous) {
      throw new ShapeError(`${name}: listed ${word} ${slot} is ${word} ${k} after ${previous}, expected rising`);
    }
    previous = k;
  }
}

/** @throws ShapeError when a listed slice is empty. Requires: `ptr` has list.length + 1 rising offsets. */
export function checkSlicesUsed(list: IndexArray, ptr: Uint32Array, word: string, name: string): void {
  for (let slot = 0; slot < list.length; slot++) {
    if (ptr[slot + 1] === ptr[slot]) {
      throw new ShapeError(`${name}: ${word} ${list[slot]} is listed and has no entries, expected at least 1`);
    }
  }
}

/** @throws ShapeError when a listed index occurs nowhere. Requires: every element of `idx` is below list.length. */
export function checkIndicesUsed(list: IndexArray, idx: IndexArray, word: string, name: string): void {
  const used = new Uint8Array(list.length);
  for (let p = 0; p < idx.length; p++) used[idx[p]] = 1;
  const unused = used.indexOf(0);
  if (unused !== -1) {
    throw new ShapeError(`${name}: ${word} ${list[unused]} is listed and has no entries, expected at least 1`);
  }
}
