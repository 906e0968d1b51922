// A toy network and rows for a rehearsal: one quick run when an engine opens, so that the first real run finds the loops
// around the kernels compiled and does not share its cores with the compiler. What is computed means nothing; it only
// has to visit the same code: rows that are pushed through the first layer and rows that are not, rows that die, rows
// that are equal as inputs or become it, rows and then neurons shared (rehearsal.test.ts).

import { makeRandom, type Random } from "../core/random.ts";
import { CHALLENGE_RULE } from "../network/layer-rule.ts";
import { type Layer, makeNetwork, type Network } from "../network/network.ts";
import { triplesToCsc } from "../sparse/convert.ts";
import { type CsrMatrix, makeIndexArray } from "../sparse/matrix.ts";

const NEURONS = 64;
/** Features where there is room for so many: few entries of so many are pushed. */
const FEATURES = 512;
/** The first features, which nobody reads. */
const UNREAD = 2;
/** So few neurons read a feature that features keep their order, without which nothing is pushed (place-network.ts). */
const FEATURE_READERS = 4;
/** So many neurons read a neuron that looking for equal inputs pays (stages.ts). */
const NEURON_READERS = 16;
const LAYERS = 16;
const ROWS = 16_384;
/** Rows of a lot, a batch at least, have as many entries: as few as soon die, or up to as many as are not pushed. */
const LOT_ROWS = 2048;
const LOT_ENTRIES = [8, 8, 24, 128];
/** Of so many rows one equals the row before it, but perhaps for an unread feature. */
const EQUAL_EVERY = 4;

export interface Rehearsal {
  readonly network: Network;
  readonly inputs: CsrMatrix;
}

/** @param width no layer is wider, nor are the inputs, unless it is below 64 */
export function makeRehearsal(width: number): Rehearsal {
  const features = width < FEATURES ? NEURONS : FEATURES;
  const random = makeRandom(1);
  const layers = [makeLayer(random, features, FEATURE_READERS, UNREAD)];
  while (layers.length < LAYERS) layers.push(makeLayer(random, NEURONS, NEURON_READERS, 0));
  return { network: makeNetwork(layers), inputs: makeInputs(random, features) };
}

/** About `readers` neurons read each of `nrows` inputs, none the first `unread`. */
function makeLayer(random: Random, nrows: number, readers: number, unread: number): Layer {
  const nnz = nrows * readers;
  const rows = Uint16Array.from({ length: nnz }, () => unread + random.below(nrows - unread));
  const cols = Uint16Array.from({ length: nnz }, (_, p) => Math.floor((p * NEURONS) / nnz));
  const values = new Float32Array([1 / readers]);
  const weights = triplesToCsc({ nrows, ncols: NEURONS, rows, cols, values });
  return { weights: { ...weights, values }, bias: new Float32Array([-0.05]), rule: CHALLENGE_RULE };
}

function makeInputs(random: Random, features: number): CsrMatrix {
  const entriesOf = (row: number): number =>
    Math.min(features / 2, LOT_ENTRIES[Math.floor(row / LOT_ROWS) % LOT_ENTRIES.length]);
  const rowPtr = new Uint32Array(ROWS + 1);
  for (let row = 0; row < ROWS; row++) rowPtr[row + 1] = rowPtr[row] + entriesOf(row);
  const colIdx = makeIndexArray(rowPtr[ROWS], features);
  for (let row = 0; row < ROWS; row++) {
    const [begin, end] = [rowPtr[row], rowPtr[row + 1]];
    const step = features / (end - begin);
    if (row % EQUAL_EVERY === 1) colIdx.copyWithin(begin, rowPtr[row - 1], begin);
    else
      for (let k = 1; begin + k < end; k++) colIdx[begin + k] = Math.floor(k * step) + random.below(Math.floor(step));
    colIdx[begin] = random.below(UNREAD);
  }
  return { format: "csr", nrows: ROWS, ncols: features, rowPtr, colIdx, values: new Float32Array([1]) };
}
