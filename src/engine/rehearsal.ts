// A toy network and rows for a rehearsal: one quick run when an engine opens, so that the first real run finds the loops
// around the kernels compiled and does not share its cores with the compiler. What is computed means nothing; it only
// has to visit the same code: rows that are pushed through the first layer and rows that are not, rows that die, rows
// that become equal, rows and then neurons shared.

import { makeRandom } from "../core/random.ts";
import { CHALLENGE_RULE } from "../network/layer-rule.ts";
import { type Layer, makeNetwork, type Network } from "../network/network.ts";
import { triplesToCsc } from "../sparse/convert.ts";
import { type CsrMatrix, makeIndexArray } from "../sparse/matrix.ts";

const NEURONS = 64;
/** Features where there is room for so many: few entries of so many are pushed. */
const FEATURES = 512;
/** So few that the features keep their order, without which nothing is pushed (place-network.ts). */
const READERS_PER_NEURON = 4;
const LAYERS = 16;
const ROWS = 16_384;
/** Every so many rows one is equal to the row before it. */
const EQUAL_EVERY = 4;
/** Entries of most rows; of so many rows one after the other, a batch at least, every fourth lot has a quarter of all features. */
const FEW_ENTRIES = 8;
const LOT = 2048;

export interface Rehearsal {
  readonly network: Network;
  readonly inputs: CsrMatrix;
}

function isDense(row: number): boolean {
  return Math.floor(row / LOT) % 4 === 3;
}

/** @param width no layer is wider, nor are the inputs, unless it is below 64 */
export function makeRehearsal(width: number): Rehearsal {
  const features = width < FEATURES ? NEURONS : FEATURES;
  const random = makeRandom(1);
  const makeLayer = (nrows: number): Layer => {
    const nnz = nrows * READERS_PER_NEURON;
    const rows = Uint16Array.from({ length: nnz }, () => random.below(nrows));
    const cols = Uint16Array.from({ length: nnz }, (_, p) => Math.floor((p * NEURONS) / nnz));
    const weights = triplesToCsc({ nrows, ncols: NEURONS, rows, cols, values: new Float32Array([0.25]) });
    return {
      weights: { ...weights, values: new Float32Array([0.25]) },
      bias: new Float32Array([-0.12]),
      rule: CHALLENGE_RULE,
    };
  };
  const layers = Array.from({ length: LAYERS }, (_, l) => makeLayer(l === 0 ? features : NEURONS));
  const rowPtr = new Uint32Array(ROWS + 1);
  for (let row = 0; row < ROWS; row++) rowPtr[row + 1] = rowPtr[row] + (isDense(row) ? features / 4 : FEW_ENTRIES);
  const colIdx = makeIndexArray(rowPtr[ROWS], features);
  for (let row = 0; row < ROWS; row++) {
    const [begin, end] = [rowPtr[row], rowPtr[row + 1]];
    if (row % EQUAL_EVERY === 1) {
      colIdx.copyWithin(begin, rowPtr[row - 1], begin);
      continue;
    }
    const step = features / (end - begin);
    for (let p = begin; p < end; p++) colIdx[p] = (p - begin) * step + random.below(step);
  }
  const values = new Float32Array([1]);
  return {
    network: makeNetwork(layers),
    inputs: { format: "csr", nrows: ROWS, ncols: features, rowPtr, colIdx, values },
  };
}
