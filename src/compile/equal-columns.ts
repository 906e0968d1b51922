// Pass `equal`, the search: columns of a layer with the same entries and the same bias, found by hash, confirmed in full.
//
// Proof. Two neurons of one layer with the same inputs, weights and bias have the same Z for every row, and the same
// activation, the rule being the layer's. So do two neurons that read nothing when their constants are equal, whatever
// their biases.

import type { Layer } from "../network/network.ts";
import type { IndexArray } from "../sparse/matrix.ts";

export interface Grouping {
  /** For every column looked at, the number of its group; groups are numbered by first appearance. */
  readonly group: Uint32Array;
  /** For every group its first column, as a position among the columns looked at. */
  readonly first: Uint32Array;
}

/** Every column in a group of its own. */
export function groupEach(count: number): Grouping {
  const own = countUp(count);
  return { group: own, first: own };
}

/** 0 .. count - 1. */
export function countUp(count: number): Uint32Array {
  const numbers = new Uint32Array(count);
  for (let k = 0; k < count; k++) numbers[k] = k;
  return numbers;
}

/**
 * Groups equal columns.
 * @param columns the columns to look at, by number. `constants`: for every column of the layer its activation when it
 * has no entries (NaN otherwise), compared in place of the bias; null to compare biases only. Cost: O(nnz).
 */
export function groupEqualColumns(layer: Layer, columns: Uint32Array, constants: Float64Array | null): Grouping {
  const { colPtr, rowIdx, values } = layer.weights;
  const isUniform = values.length === 1;
  const words = viewPairs(rowIdx);
  const bits = new Int32Array(values.buffer, values.byteOffset, values.length);
  const keyOf = (j: number): number => {
    if (constants !== null && colPtr[j] === colPtr[j + 1]) return constants[j];
    return layer.bias.length === 1 ? layer.bias[0] : layer.bias[j];
  };
  const tableSize = 2 ** Math.ceil(Math.log2(2 * columns.length + 2));
  const table = new Int32Array(tableSize).fill(-1);
  const hashes = new Int32Array(columns.length);
  const group = new Uint32Array(columns.length);
  const first = new Uint32Array(columns.length);
  const floatKey = new Float64Array(1);
  const keyBits = new Int32Array(floatKey.buffer);
  const hashColumn = (j: number): number => {
    floatKey[0] = keyOf(j);
    const begin = colPtr[j];
    const end = colPtr[j + 1];
    let h = mix(mix(end - begin, keyBits[0]), keyBits[1]);
    h = mix(h, hashIndices(rowIdx, begin, end));
    if (!isUniform) for (let p = begin; p < end; p++) h = mix(h, bits[p]);
    return h ^ (h >>> 15);
  };
  const isEqual = (j: number, k: number): boolean => {
    const length = colPtr[j + 1] - colPtr[j];
    if (length !== colPtr[k + 1] - colPtr[k] || !Object.is(keyOf(j), keyOf(k))) return false;
    if (!areEqualRuns(rowIdx, words, colPtr[j], colPtr[k], length)) return false;
    if (isUniform) return true;
    for (let p = colPtr[j], q = colPtr[k]; p < colPtr[j + 1]; p++, q++) {
      if (values[p] !== values[q]) return false;
    }
    return true;
  };
  let groups = 0;
  for (let c = 0; c < columns.length; c++) {
    const hash = hashColumn(columns[c]);
    let slot = hash & (tableSize - 1);
    for (; ; slot = (slot + 1) & (tableSize - 1)) {
      const candidate = table[slot];
      if (candidate < 0) {
        table[slot] = groups;
        hashes[groups] = hash;
        first[groups] = c;
        group[c] = groups++;
        break;
      }
      if (hashes[candidate] === hash && isEqual(columns[first[candidate]], columns[c])) {
        group[c] = candidate;
        break;
      }
    }
  }
  return { group, first: first.slice(0, groups) };
}

/** One step of a multiplicative hash. */
function mix(h: number, value: number): number {
  const mixed = Math.imul(h ^ value, 0x9e3779b1);
  return mixed ^ (mixed >>> 15);
}

/** Two chains over two indices a step, so that one multiplication need not wait for the other. */
function hashIndices(idx: IndexArray, begin: number, end: number): number {
  let g = 0;
  let h = 0x2545f491;
  let p = begin;
  for (; p + 3 < end; p += 4) {
    g = Math.imul(g ^ idx[p] ^ (idx[p + 1] << 16), 0x9e3779b1);
    h = Math.imul(h ^ idx[p + 2] ^ (idx[p + 3] << 16), 0x85ebca6b);
    g ^= g >>> 15;
    h ^= h >>> 13;
  }
  for (; p < end; p++) g = mix(g, idx[p]);
  return mix(g, h);
}

/** 16-bit indices two at a time; null where they are wider or begin in the middle of a pair. */
function viewPairs(idx: IndexArray): Uint32Array | null {
  if (idx.BYTES_PER_ELEMENT !== 2 || idx.byteOffset % 4 !== 0) return null;
  return new Uint32Array(idx.buffer, idx.byteOffset, idx.length >>> 1);
}

/** True when idx[p + k] = idx[q + k] for all k < length. `pairs`: of viewPairs. */
function areEqualRuns(idx: IndexArray, pairs: Uint32Array | null, p: number, q: number, length: number): boolean {
  let k = 0;
  if (pairs !== null && p % 2 === 0 && q % 2 === 0) {
    for (; k + 1 < length; k += 2) if (pairs[(p + k) >>> 1] !== pairs[(q + k) >>> 1]) return false;
  }
  for (; k < length; k++) if (idx[p + k] !== idx[q + k]) return false;
  return true;
}
