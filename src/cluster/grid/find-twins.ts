// Neurons of a layer that always have the same value, because they read the same inputs with the same weights and bias. A
// rank that needs one of them is served as well by its twin, which it may own itself: then nothing has to travel.

import type { Layer } from "../../network/network.ts";

/**
 * For every neuron the first that equals it in every bit of its column and bias; null when all differ. Twins have the same
 * entries in the same order, hence the same sums. Cost: O(nnz).
 */
export function findTwins({ weights, bias }: Layer): Uint32Array | null {
  const { ncols, colPtr, rowIdx, values } = weights;
  const valueBits = new Int32Array(values.buffer, values.byteOffset, values.length);
  const biasBits = new Int32Array(bias.buffer, bias.byteOffset, bias.length);
  const valueStep = values.length === 1 ? 0 : 1;
  const biasStep = bias.length === 1 ? 0 : 1;
  const isSame = (a: number, b: number): boolean => {
    const length = colPtr[a + 1] - colPtr[a];
    if (colPtr[b + 1] - colPtr[b] !== length || biasBits[a * biasStep] !== biasBits[b * biasStep]) return false;
    for (let k = 0; k < length; k++) {
      if (rowIdx[colPtr[a] + k] !== rowIdx[colPtr[b] + k]) return false;
      if (valueBits[(colPtr[a] + k) * valueStep] !== valueBits[(colPtr[b] + k) * valueStep]) return false;
    }
    return true;
  };
  const size = 2 ** Math.ceil(Math.log2(2 * ncols + 2));
  const table = new Int32Array(size).fill(-1);
  const hashes = new Int32Array(ncols);
  const twins = new Uint32Array(ncols);
  let distinct = 0;
  for (let j = 0; j < ncols; j++) {
    let h = biasBits[j * biasStep];
    for (let p = colPtr[j]; p < colPtr[j + 1]; p++) {
      h = Math.imul(h ^ rowIdx[p], 0x9e3779b1) ^ valueBits[p * valueStep];
      h ^= h >>> 15;
    }
    hashes[j] = h;
    let at = h & (size - 1);
    while (table[at] !== -1 && !(hashes[table[at]] === h && isSame(table[at], j))) at = (at + 1) & (size - 1);
    if (table[at] === -1) {
      table[at] = j;
      distinct++;
    }
    twins[j] = table[at];
  }
  return distinct === ncols ? null : twins;
}
