// A toy network and rows for a rehearsal: one quick run when an engine opens, so that the first real run finds the loops
// around the kernels compiled and does not share its cores with the compiler. What is computed means nothing; it only
// has to visit the same code: rows that die, rows that become equal, rows and then neurons shared.

import { makeRandom } from "../core/random.ts";
import { CHALLENGE_RULE } from "../network/layer-rule.ts";
import { type Layer, makeNetwork, type Network } from "../network/network.ts";
import { triplesToCsc } from "../sparse/convert.ts";
import { type CsrMatrix, makeIndexArray } from "../sparse/matrix.ts";

const NEURONS = 64;
const LAYERS = 16;
const WEIGHTS_PER_NEURON = 8;
const ROWS = 16_384;
const ONES_PER_ROW = 8;

export interface Rehearsal {
  readonly network: Network;
  readonly inputs: CsrMatrix;
}

export function makeRehearsal(): Rehearsal {
  const random = makeRandom(1);
  const layers = Array.from({ length: LAYERS }, (): Layer => {
    const nnz = NEURONS * WEIGHTS_PER_NEURON;
    const rows = Uint16Array.from({ length: nnz }, () => random.below(NEURONS));
    const cols = Uint16Array.from({ length: nnz }, (_, p) => Math.floor(p / WEIGHTS_PER_NEURON));
    const weights = triplesToCsc({ nrows: NEURONS, ncols: NEURONS, rows, cols, values: new Float32Array([0.25]) });
    return {
      weights: { ...weights, values: new Float32Array([0.25]) },
      bias: new Float32Array([-0.3]),
      rule: CHALLENGE_RULE,
    };
  });
  const colIdx = makeIndexArray(ROWS * ONES_PER_ROW, NEURONS);
  for (let p = 0; p < colIdx.length; p++)
    colIdx[p] = (p % ONES_PER_ROW) * (NEURONS / ONES_PER_ROW) + random.below(NEURONS / ONES_PER_ROW);
  const rowPtr = Uint32Array.from({ length: ROWS + 1 }, (_, row) => row * ONES_PER_ROW);
  const inputs: CsrMatrix = {
    format: "csr",
    nrows: ROWS,
    ncols: NEURONS,
    rowPtr,
    colIdx,
    values: new Float32Array([1]),
  };
  return { network: makeNetwork(layers), inputs };
}
