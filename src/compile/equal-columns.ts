// Pass `equal`, the search: columns of a layer with the same entries and the same bias, found by hash, confirmed in full.
//
// Proof. Two neurons of one layer with the same inputs, weights and bias have the same Z for every row, and the same
// activation, the rule being the layer's. So do two neurons that read nothing when their constants are equal, whatever
// their biases.

import type { Layer } from "../network/network.ts";

export interface Grouping {
  /** For every column looked at, the number of its group; groups are numbered by first appearance. */
  readonly group: Uint32Array;
  /** For every group its first column, as a position among the columns looked at. */
  readonly first: Uint32Array;
}

/** Every column in a group of its own. */
export function groupEach(count: number): Grouping {
  const own = Uint32Array.from({ length: count }, (_, k) => k);
  return { group: own, first: own };
}

/**
 * Groups equal columns.
 * @param columns the columns to look at, by number. `constants`: for every column of the layer its activation when it
 * has no entries (NaN otherwise), compared in place of the bias; null to compare biases only. Cost: O(nnz).
 */
export function groupEqualColumns(layer: Layer, columns: Uint32Array, constants: Float64Array | null): Grouping {
  const { colPtr, rowIdx, values } = layer.weights;
  const isUniform = values.length === 1;
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
    let h = mix(mix(colPtr[j + 1] - colPtr[j], keyBits[0]), keyBits[1]);
    if (isUniform) for (let p = colPtr[j]; p < colPtr[j + 1]; p++) h = mix(h, rowIdx[p]);
    else for (let p = colPtr[j]; p < colPtr[j + 1]; p++) h = mix(mix(h, rowIdx[p]), bits[p]);
    return h ^ (h >>> 15);
  };
  const isEqual = (j: number, k: number): boolean => {
    const length = colPtr[j + 1] - colPtr[j];
    if (length !== colPtr[k + 1] - colPtr[k] || !Object.is(keyOf(j), keyOf(k))) return false;
    for (let p = colPtr[j], q = colPtr[k]; p < colPtr[j + 1]; p++, q++) {
      if (rowIdx[p] !== rowIdx[q] || (!isUniform && values[p] !== values[q])) return false;
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
