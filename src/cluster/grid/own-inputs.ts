// The inputs of a row group: each of its ranks has read some of the rows, and gets of all of them the entries that its own
// columns read, and no others.

import type { PlacedInputs } from "../../engine/task.ts";
import { writeArray } from "../../kernels/layer-record.ts";
import { type CsrMatrix, type IndexArray, makeIndexArray } from "../../sparse/matrix.ts";
import type { Arena } from "../../threads/arena.ts";
import { allgatherValues, bytesOf, type World, wordsOf } from "../world.ts";
import type { RowParts } from "./join-rows.ts";

export interface OwnInputs {
  /** Entries of each row of the group, whether they are read here or not. */
  readonly lengths: Uint32Array;
  /** Rows of the group x lines of the input tile. */
  readonly placed: PlacedInputs;
}

/** A line of -1, as a word: no column reads the feature. */
const NOT_READ = 0xffff_ffff;

/**
 * The group's rows are those of its ranks, one after the other. Entries travel from one rank to one other at a time, and
 * go to their place at once. @param rows those that this rank has read
 * @param featureLines for every feature the line that it has here, or -1; @param width lines. Collective.
 * @throws ResourceError
 */
export async function dealInputs(
  group: World,
  arena: Arena,
  rows: CsrMatrix,
  featureLines: Int32Array,
  width: number,
): Promise<OwnInputs> {
  const { rank, size } = group;
  const lengths = await gatherWords(group, countEntries(rows, null));
  const lines = (await group.allgather(bytesOf(featureLines))).map(wordsOf);
  const widths = await allgatherValues(group, width);
  const value = await agreeOnValue(group, rows);
  const counts = await group.exchange(lines.map((lineOf) => bytesOf(countEntries(rows, lineOf))));
  const countsByRank = counts.map(wordsOf);
  const rowPtr = new Uint32Array(lengths.length + 1);
  for (const [row, count] of concatenateWords(countsByRank).entries()) rowPtr[row + 1] = rowPtr[row] + count;
  const firstRows = countsByRank.map((_, r) => countsByRank.slice(0, r).reduce((sum, some) => sum + some.length, 0));
  const placed = allocateInputs(arena, rowPtr, width, value);
  for (let k = 0; k < size; k++) {
    const to = (rank + k) % size;
    const from = (rank + size - k) % size;
    const message = packEntries(rows, lines[to], widths[to], value === null);
    const parts = Array.from({ length: size }, (_, r) => (r === to ? message : new Uint8Array()));
    const first = rowPtr[firstRows[from]];
    const end = rowPtr[firstRows[from] + countsByRank[from].length];
    putEntries(arena.memory, placed, (await group.exchange(parts))[from], first, end - first);
  }
  return { lengths, placed };
}

async function gatherWords(group: World, words: Uint32Array): Promise<Uint32Array> {
  return concatenateWords((await group.allgather(bytesOf(words))).map(wordsOf));
}

function concatenateWords(parts: readonly Uint32Array[]): Uint32Array {
  return Uint32Array.from(parts.flatMap((part) => Array.from(part)));
}

/** Entries of every row: those that have a line, or (null) all. */
function countEntries({ nrows, rowPtr, colIdx }: CsrMatrix, lineOf: Uint32Array | null): Uint32Array {
  if (lineOf === null) return Uint32Array.from({ length: nrows }, (_, row) => rowPtr[row + 1] - rowPtr[row]);
  const counts = new Uint32Array(nrows);
  for (let row = 0; row < nrows; row++) {
    for (let p = rowPtr[row]; p < rowPtr[row + 1]; p++) if (lineOf[colIdx[p]] !== NOT_READ) counts[row]++;
  }
  return counts;
}

/** The value of all entries of all ranks; null where they differ. */
async function agreeOnValue(group: World, { colIdx, values }: CsrMatrix): Promise<number | null> {
  const all = await allgatherValues(group, {
    isEmpty: colIdx.length === 0,
    value: values.length === 1 ? values[0] : null,
  });
  const filled = all.filter(({ isEmpty }) => !isEmpty).map((one) => one.value);
  if (filled.length === 0) return 1;
  return filled.every((one) => Object.is(one, filled[0])) ? filled[0] : null;
}

/** Column indices, as lines of the receiver, then values, none where all are equal. */
function packEntries(
  { colIdx, values }: CsrMatrix,
  lineOf: Uint32Array,
  width: number,
  hasValues: boolean,
): Uint8Array {
  let count = 0;
  for (const feature of colIdx) if (lineOf[feature] !== NOT_READ) count++;
  const lines = makeIndexArray(count, width);
  const own = new Float32Array(hasValues ? count : 0);
  const step = values.length === 1 ? 0 : 1;
  let end = 0;
  for (let p = 0; p < colIdx.length; p++) {
    const line = lineOf[colIdx[p]];
    if (line === NOT_READ) continue;
    if (hasValues) own[end] = values[p * step];
    lines[end++] = line;
  }
  if (!hasValues) return bytesOf(lines);
  const message = new Uint8Array(lines.byteLength + own.byteLength);
  message.set(bytesOf(lines));
  message.set(bytesOf(own), lines.byteLength);
  return message;
}

function putEntries(
  memory: WebAssembly.Memory,
  { colIdx, idxBytes, values, valueStep }: PlacedInputs,
  message: Uint8Array,
  first: number,
  count: number,
): void {
  const bytes = new Uint8Array(memory.buffer);
  bytes.set(message.subarray(0, count * idxBytes), colIdx + first * idxBytes);
  if (valueStep > 0) bytes.set(message.subarray(count * idxBytes), values + first * valueStep);
}

function allocateInputs(arena: Arena, rowPtr: Uint32Array, width: number, value: number | null): PlacedInputs {
  const nnz = rowPtr[rowPtr.length - 1];
  const idxBytes = makeIndexArray(0, width).BYTES_PER_ELEMENT;
  const placed: PlacedInputs = {
    nrows: rowPtr.length - 1,
    ncols: width,
    rowPtr: arena.allocate(rowPtr.byteLength, "row pointers of the inputs"),
    colIdx: arena.allocate(nnz * idxBytes, "column indices of the inputs"),
    idxBytes,
    values: arena.allocate(Math.max(1, value === null ? nnz : 1) * 4, "values of the inputs"),
    isSorted: false,
    valueStep: value === null ? 4 : 0,
  };
  writeArray(arena.memory, placed.rowPtr, rowPtr);
  if (value !== null) writeArray(arena.memory, placed.values, Float32Array.of(value));
  return placed;
}

/** This rank's entries of input rows, to be compared. Rows that differ in no entry that anybody reads have equal outputs. */
export function partsOfInputs({ buffer }: WebAssembly.Memory, placed: PlacedInputs): RowParts {
  const { nrows, idxBytes, valueStep } = placed;
  const rowPtr = new Uint32Array(buffer, placed.rowPtr, nrows + 1);
  const nnz = rowPtr[nrows];
  const colIdx: IndexArray =
    idxBytes === 2 ? new Uint16Array(buffer, placed.colIdx, nnz) : new Uint32Array(buffer, placed.colIdx, nnz);
  const step = valueStep / 4;
  const bits = new Int32Array(buffer, placed.values, Math.max(1, nnz * step));
  return {
    hashOf(row) {
      let h = rowPtr[row + 1] - rowPtr[row];
      for (let p = rowPtr[row]; p < rowPtr[row + 1]; p++) h = mix(mix(h ^ colIdx[p]) ^ bits[p * step]);
      return h >>> 0;
    },
    isSame(a, b) {
      const length = rowPtr[a + 1] - rowPtr[a];
      if (rowPtr[b + 1] - rowPtr[b] !== length) return false;
      for (let k = 0; k < length; k++) {
        const [p, q] = [rowPtr[a] + k, rowPtr[b] + k];
        if (colIdx[p] !== colIdx[q] || bits[p * step] !== bits[q * step]) return false;
      }
      return true;
    },
  };
}

function mix(h: number): number {
  const mixed = Math.imul(h, 0x9e3779b1);
  return mixed ^ (mixed >>> 15);
}
