// The first layer by rows of W instead of columns (`pushCsr`), for batches of rows so sparse that this is faster than
// filling tiles with them and reading those: what a row does not have costs nothing then, not even room in the cache.

import { tileAddress } from "../tiles.ts";
import type { Batch } from "./batch.ts";
import { entriesOf, type WorkerRun } from "./run.ts";
import { assignWeights, book, countProducts } from "./tally.ts";

/** Nanoseconds, about: what counts is how they compare. Source: records/first-layer.json. */
const NS = {
  /** Pushing: a product, and a neuron of the layer in a row. */
  product: 1.3,
  neuron: 0.5,
  /** Filling a tile: an entry, and a feature in a lane. Then a weight in a lane. */
  entry: 3,
  feature: 0.1,
  weight: 0.09,
};

/** Decided by the number of entries of a batch alone, so that it does not depend on who computes it. */
export function paysToPush(run: WorkerRun, { rows, count, tiles }: Batch): boolean {
  const { task, inputs } = run;
  if (task.firstByRows === 0 || task.rowMode === "all" || !inputs.isSorted) return false;
  const { nrows, ncols, nnz } = run.layers[0];
  let entries = 0;
  for (let k = 0; k < count; k++) entries += entriesOf(run, rows[k]);
  const lanes = tiles.reduce((sum, tile) => sum + tile.lanes, 0);
  const push = NS.product * entries * (nnz / nrows) + NS.neuron * ncols * lanes;
  return push < NS.entry * entries + (NS.feature * nrows + NS.weight * nnz) * lanes;
}

/** Fills the batch's tiles with what layer 0 makes of its rows; the other buffer is scratch. */
export function pushBatch(run: WorkerRun, batch: Batch): void {
  const { task, kernels, words, tally } = run;
  const { rowPtr, colIdx, idxBytes, values, valueStep } = run.inputs;
  const { ncols, nnz } = run.layers[0];
  const started = performance.now();
  const list = batch.addresses >>> 2;
  for (const tile of batch.tiles) {
    run.team.beat(0);
    for (let r = 0; r < tile.count; r++) {
      const row = batch.rows[tile.firstRow + r];
      words[list + r] = row;
      tally.inputNonzeros += entriesOf(run, row);
    }
    const out = tileAddress(batch.current, tile, ncols);
    const rows = [batch.addresses, tile.count] as const;
    const entries = [rowPtr, colIdx, idxBytes, values, valueStep] as const;
    const products = kernels.pushCsr(task.firstByRows, out, tile.lanes, ...rows, ...entries, batch.other);
    countProducts(tally, 0, products);
  }
  assignWeights(tally, 0, nnz);
  batch.width = ncols;
  book(tally, "compute", 0, batch.count, started);
}
