// In what order a layer is best read: its columns one after another where they read the same neurons, and those neurons
// side by side. In a RadiX-Net layer 16 columns read the same 32 neurons; taken in turn they find them in the first-level
// cache, and only the first of them goes further. Nothing that is computed depends on an order (neuron-order.ts).

import type { CscMatrix } from "../sparse/matrix.ts";
import { type NeuronOrder, orderByReaders } from "./neuron-order.ts";

export interface ReadingOrder {
  /** Places for the neurons that the layer reads; null where theirs are as good. */
  readonly rows: NeuronOrder | null;
  /** The columns in the order in which to compute them; null where nothing is gained. */
  readonly columns: Uint32Array | null;
}

/** Columns that nobody equals are not worth an order: on average this many must be equal. */
const MIN_GROUP = 2;

/**
 * Cost: O(nnz). Groups of equal columns follow each other in chains, each sharing neurons with the one before it where
 * one is left that does, and neurons lie in the order in which they are met first.
 */
export function orderForReading(weights: CscMatrix): ReadingOrder {
  const columns = groupColumns(weights);
  if (columns.count * MIN_GROUP > weights.ncols) return { rows: orderByReaders(weights), columns: null };
  const rows = groupRows(weights, columns);
  return chain(weights, columns, rows);
}

/** Members 0 .. length-1 in `count` groups; group g has list[start[g]] .. list[start[g + 1] - 1], rising. */
interface Groups {
  readonly count: number;
  readonly start: Uint32Array;
  readonly list: Uint32Array;
  /** Group of each member. */
  readonly of: Uint32Array;
}

/** Columns with the same entries in the same order; a collision of hashes only puts two together that differ. */
function groupColumns({ ncols, colPtr, rowIdx }: CscMatrix): Groups {
  const hashes = new Int32Array(ncols);
  for (let j = 0; j < ncols; j++) {
    let hash = 0;
    for (let p = colPtr[j]; p < colPtr[j + 1]; p++)
      hash = Math.imul(hash ^ (rowIdx[p] + 1), 0x9e3779b1) ^ (hash >>> 15);
    hashes[j] = hash;
  }
  return groupBy(hashes);
}

/** Neurons with the same readers. One column of each group speaks for all of them. */
function groupRows({ nrows, colPtr, rowIdx }: CscMatrix, columns: Groups): Groups {
  const hashes = new Int32Array(nrows);
  for (let g = 0; g < columns.count; g++) {
    const j = columns.list[columns.start[g]];
    const mixed = Math.imul(g + 1, 0x9e3779b1) ^ Math.imul(g + 0x1234567, 0x85ebca6b);
    for (let p = colPtr[j]; p < colPtr[j + 1]; p++) hashes[rowIdx[p]] += mixed;
  }
  return groupBy(hashes);
}

function groupBy(hashes: Int32Array): Groups {
  const of = new Uint32Array(hashes.length);
  const numbers = new Map<number, number>();
  for (let i = 0; i < hashes.length; i++) {
    let group = numbers.get(hashes[i]);
    if (group === undefined) numbers.set(hashes[i], (group = numbers.size));
    of[i] = group;
  }
  const count = numbers.size;
  const start = new Uint32Array(count + 1);
  for (const group of of) start[group + 1]++;
  for (let g = 0; g < count; g++) start[g + 1] += start[g];
  const next = start.slice();
  const list = new Uint32Array(hashes.length);
  for (let i = 0; i < of.length; i++) list[next[of[i]]++] = i;
  return { count, start, list, of };
}

function chain({ nrows, ncols, colPtr, rowIdx }: CscMatrix, columns: Groups, rows: Groups): ReadingOrder {
  const readers = readersOfGroups(colPtr, rowIdx, columns, rows);
  const isDone = new Uint8Array(columns.count);
  const isPlaced = new Uint8Array(rows.count);
  const order = new Uint32Array(ncols);
  const place = new Uint32Array(nrows);
  let ordered = 0;
  let placed = 0;
  const placeGroup = (group: number): void => {
    isPlaced[group] = 1;
    for (let i = rows.start[group]; i < rows.start[group + 1]; i++) place[rows.list[i]] = placed++;
  };
  for (let seed = 0; seed < columns.count; seed++) {
    let current = seed;
    while (current >= 0 && isDone[current] === 0) {
      isDone[current] = 1;
      const [first, last] = [columns.start[current], columns.start[current + 1]];
      order.set(columns.list.subarray(first, last), ordered);
      ordered += last - first;
      const speaker = columns.list[first];
      current = -1;
      for (let p = colPtr[speaker]; p < colPtr[speaker + 1]; p++) {
        const group = rows.of[rowIdx[p]];
        const reader = readers.takeOpen(group, isDone);
        // The neurons that are met last are the freshest in the cache.
        if (reader >= 0 && (current < 0 || isPlaced[group] === 0)) current = reader;
        if (isPlaced[group] === 0) placeGroup(group);
      }
    }
  }
  for (let group = 0; group < rows.count; group++) if (isPlaced[group] === 0) placeGroup(group);
  return { rows: place, columns: order };
}

interface Readers {
  /** A group of columns that reads this group of rows and is not done, or -1. */
  takeOpen(rowGroup: number, isDone: Uint8Array): number;
}

/** Which groups of columns read each group of rows, by the first row of it. */
function readersOfGroups(colPtr: Uint32Array, rowIdx: ArrayLike<number>, columns: Groups, rows: Groups): Readers {
  const isFirst = (row: number): boolean => rows.list[rows.start[rows.of[row]]] === row;
  const start = new Uint32Array(rows.count + 1);
  const forEachReader = (visit: (rowGroup: number, columnGroup: number) => void): void => {
    for (let g = 0; g < columns.count; g++) {
      const j = columns.list[columns.start[g]];
      for (let p = colPtr[j]; p < colPtr[j + 1]; p++) if (isFirst(rowIdx[p])) visit(rows.of[rowIdx[p]], g);
    }
  };
  forEachReader((rowGroup) => start[rowGroup + 1]++);
  for (let g = 0; g < rows.count; g++) start[g + 1] += start[g];
  const next = start.slice();
  const list = new Uint32Array(start[rows.count]);
  forEachReader((rowGroup, columnGroup) => (list[next[rowGroup]++] = columnGroup));
  // From here on `next` is the first reader that may still be open: every reader is passed over once.
  next.set(start);
  return {
    takeOpen(rowGroup, isDone) {
      while (next[rowGroup] < start[rowGroup + 1] && isDone[list[next[rowGroup]]] === 1) next[rowGroup]++;
      return next[rowGroup] < start[rowGroup + 1] ? list[next[rowGroup]] : -1;
    },
  };
}
