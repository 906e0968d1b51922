// Before the first run the kernels are exercised on zeros, until the runtime has begun to replace its first quick translation
// by optimised code; it ends during the rehearsal. Part of `prepare`, never of `infer`.

import type { Kernels } from "../../kernels/kernels.ts";
import type { PlacedLayer } from "../../kernels/layer-record.ts";
import type { TeamWorker } from "../../threads/program.ts";
import type { WorkerBuffers } from "../task.ts";

export interface WarmUpTask {
  readonly kind: "warm-up";
  readonly layers: readonly PlacedLayer[];
  readonly buffers: readonly WorkerBuffers[];
  readonly lanes: readonly number[];
  /** For each kind of weights and tile width. */
  readonly milliseconds: number;
}

/** Columns a call: of a large layer few enough to look at the clock often. */
const COLUMNS = 1024;

/**
 * Runs every tile width on one layer of each kind of weights, in the worker's own buffers. They take turns, so that the
 * runtime translates one while the others run.
 */
export function warmUp(task: WarmUpTask, team: Pick<TeamWorker, "worker" | "beat">, kernels: Kernels): null {
  const { a, b, addresses, list, unwanted } = task.buffers[team.worker];
  const layers = [...new Map(task.layers.map((layer) => [layer.weightFormat, layer])).values()];
  const end = performance.now() + task.milliseconds * layers.length * task.lanes.length;
  do {
    for (const { address, ncols } of layers) {
      const columns = Math.min(ncols, COLUMNS);
      for (const lanes of task.lanes) {
        team.beat(0);
        kernels.spmm(address, lanes, b, a, 0, columns, list, true);
        kernels.liveMask(b, lanes, columns);
        kernels.loadRows(a, lanes, columns, addresses, 0);
        kernels.storeRows(b, lanes, columns, addresses, 0, unwanted);
        kernels.hashRow(a, columns);
      }
    }
  } while (performance.now() < end);
  return null;
}
