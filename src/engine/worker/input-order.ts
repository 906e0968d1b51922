// The order in which a group takes its input rows: by falling nonzeros. Rows alike in that share more of their zeros, and
// die within a layer or two of each other: tiles have more lines of zeros to pass over and die whole, which spares packing.
// The heavy ones come first, so that the last batches, for which others wait, are light.

import type { Group } from "./group.ts";
import { entriesOf, type WorkerRun } from "./run.ts";

/**
 * Rows in another order than they lie in memory are a cache miss each, about a quarter of a microsecond, when they are
 * loaded: too much where the first layer takes a row no longer than that. Measured on a compiled network of 2048 weights:
 * loading took twice as long.
 */
const MIN_WEIGHTS = 8192;

/** Sorts the group's list, equal rows in their order; its leader alone calls it. Cost: O(rows + features). */
export function orderByNonzeros(run: WorkerRun, group: Group): void {
  const { words, inputs } = run;
  if (run.layers[0].nnz < MIN_WEIGHTS) return;
  const list = words.subarray(group.list, group.list + words[group.countWord]);
  const nonzerosOf = (row: number): number => entriesOf(run, row);
  const place = new Uint32Array(inputs.ncols + 1);
  for (const row of list) place[inputs.ncols - nonzerosOf(row)]++;
  let before = 0;
  for (let k = 0; k < place.length; k++) {
    const count = place[k];
    place[k] = before;
    before += count;
  }
  const sorted = new Uint32Array(list.length);
  for (const row of list) sorted[place[inputs.ncols - nonzerosOf(row)]++] = row;
  list.set(sorted);
}
