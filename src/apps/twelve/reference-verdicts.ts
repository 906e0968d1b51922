// Whether some rows end not all zero, by float64 sums over the stored weights: a few rows through all layers of a network
// that is read layer by layer, on the calling thread.

import { InterruptedError } from "../../core/errors.ts";
import type { InputSource } from "../../data/input-source.ts";
import type { NetworkSource } from "../../data/network-source.ts";
import { preservesZeroRows } from "../../network/network.ts";
import { copyDenseRows } from "../../sparse/convert.ts";
import { referenceLayer } from "../challenge/reference.ts";

export interface VerdictOptions {
  readonly signal: AbortSignal;
  readonly onProgress: (share: number) => void;
}

/** One verdict a row. Equal rows go through once. @throws what reading throws, InterruptedError */
export async function referenceVerdicts(
  network: NetworkSource,
  inputs: InputSource,
  rows: readonly number[],
  { signal, onProgress }: VerdictOptions,
): Promise<boolean[]> {
  let current: Float64Array[] = [];
  for (const row of rows) {
    current.push(Float64Array.from(copyDenseRows(await inputs.readRows(row, row + 1), 0, 1)));
  }
  for (let l = 0; l < network.layerCount; l++) {
    const layer = await network.readLayer(l);
    const isZeroKept = preservesZeroRows(layer);
    const done: { before: Float64Array; after: Float64Array }[] = [];
    current = current.map((row) => {
      const known = done.find(({ before }) => before.every((value, j) => value === row[j]));
      if (known !== undefined) return known.after;
      const isZero = isZeroKept && row.every((value) => value === 0);
      const after = isZero ? new Float64Array(layer.weights.ncols) : referenceLayer("stored", layer, row, 1);
      done.push({ before: row, after });
      return after;
    });
    if (l % 8 === 7) await new Promise((resolve) => setImmediate(resolve));
    if (signal.aborted) throw new InterruptedError("interrupted");
    onProgress((l + 1) / network.layerCount);
  }
  return current.map((row) => row.some((value) => value !== 0));
}
