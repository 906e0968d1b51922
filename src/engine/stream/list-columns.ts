// The columns of a streamed layer in the order in which they are best computed: equal ones in turn, so that the lines that
// they read are fetched once. Layers placed for good have neurons renumbered too; here they keep their places, because a
// layer is written before the next one is known, and the layer's arrays stay as they were read.

import {
  epilogueOf,
  isWorthListing,
  LIST_ENTRIES,
  MIN_RUN,
  SECOND_PASS,
  writeArray,
} from "../../kernels/layer-record.ts";
import { findRuns } from "../../kernels/store-columns.ts";
import { orderForReading } from "../../partition/reading-order.ts";
import type { CscMatrix } from "../../sparse/matrix.ts";
import { alignedBytes } from "./ring.ts";
import type { StreamedLayer } from "./sources.ts";

/** Columns of fewer weights on average are no wider than what their order takes. */
const MIN_WEIGHTS = 16;

/** Addresses, as a layer's descriptor has them. */
export interface ListedColumns {
  readonly colStart: number;
  readonly columnOrder: number;
  readonly columnRuns: number;
}

/** Bytes that the order of a layer's columns takes; 0 where it can gain nothing. */
export function listBytes({ ncols, nnz, valueCount, rule }: StreamedLayer): number {
  const isLong = nnz >= MIN_WEIGHTS * ncols && nnz <= LIST_ENTRIES * ncols;
  const isWorthIt = isLong && valueCount === 1 && epilogueOf(rule.activation).secondPass === SECOND_PASS.none;
  return isWorthIt ? 2 * alignedBytes(4 * ncols) + alignedBytes((12 * ncols) / MIN_RUN) : 0;
}

/** Finds the order and writes it to `address`; null where it gains nothing. Cost: O(nnz). Requires: `weights` are sound. */
export function listColumns(memory: WebAssembly.Memory, weights: CscMatrix, address: number): ListedColumns | null {
  const { columns } = orderForReading(weights);
  if (columns === null) return null;
  const { colStart, runs } = findRuns(weights, columns);
  if (!isWorthListing(runs, weights.ncols)) return null;
  const columnOrder = address + alignedBytes(colStart.byteLength);
  const columnRuns = columnOrder + alignedBytes(columns.byteLength);
  writeArray(memory, address, colStart);
  writeArray(memory, columnOrder, columns);
  writeArray(memory, columnRuns, runs);
  return { colStart: address, columnOrder, columnRuns };
}
