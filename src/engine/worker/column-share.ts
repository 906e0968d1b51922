// Which columns of a layer a member of a team of workers computes: a contiguous piece of the column numbers, or of the order
// of a listed layer (kernels.ts). The weights of either are the same, because listed columns are equally long.

import { FIELD, type PlacedLayer } from "../../kernels/layer-record.ts";
import { pieceStart } from "../../partition/hashing.ts";
import type { WorkerRun } from "./run.ts";

/** `count`: equally many columns, as the paper splits them. `weights`: about equally many weights. */
export type ColumnSplit = "count" | "weights";

/** Where the piece of member `member` of `size` begins and ends. */
export function columnShare(
  run: WorkerRun,
  layer: PlacedLayer,
  member: number,
  size: number,
  split: ColumnSplit,
): [number, number] {
  if (split === "count") return [pieceStart(layer.ncols, member, size), pieceStart(layer.ncols, member + 1, size)];
  return [columnAt(run, layer, member / size), columnAt(run, layer, (member + 1) / size)];
}

/** Stored weights of the piece first .. end-1. */
export function weightsOf(run: WorkerRun, layer: PlacedLayer, first: number, end: number): number {
  const colPtr = run.words[(layer.address >>> 2) + FIELD.colPtr] >>> 2;
  return run.words[colPtr + end] - run.words[colPtr + first];
}

/** The first column before which `share` of the weights and columns lie; a column itself counts as one weight. */
function columnAt(run: WorkerRun, layer: PlacedLayer, share: number): number {
  const colPtr = run.words[(layer.address >>> 2) + FIELD.colPtr] >>> 2;
  const wanted = share * (layer.nnz + layer.ncols);
  let low = 0;
  let high = layer.ncols;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (run.words[colPtr + middle] + middle < wanted) low = middle + 1;
    else high = middle;
  }
  return low;
}
