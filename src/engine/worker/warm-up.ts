// Before the first run the kernels are exercised on zeros, until the runtime has replaced its first quick translation by
// optimised code. Part of `prepare`, never of `infer`.

import type { Kernels } from "../../kernels/kernels.ts";
import type { PlacedLayer } from "../../kernels/layer-record.ts";
import type { TeamWorker } from "../../threads/program.ts";
import type { WorkerBuffers } from "../task.ts";

export interface WarmUpTask {
  readonly kind: "warm-up";
  readonly layers: readonly PlacedLayer[];
  readonly buffers: readonly WorkerBuffers[];
  readonly lanes: readonly number[];
  /** For each tile width, at most this long. */
  readonly milliseconds: number;
}

/** Runs every tile width on one layer of each kind of weights, in the worker's own buffers. */
export function warmUp(task: WarmUpTask, team: Pick<TeamWorker, "worker" | "beat">, kernels: Kernels): null {
  const { a, b, addresses, list, unwanted } = task.buffers[team.worker];
  const kinds = new Map(task.layers.map((layer) => [layer.weightFormat, layer]));
  for (const layer of kinds.values()) {
    for (const lanes of task.lanes) {
      const end = performance.now() + task.milliseconds;
      // Few columns a call: also a large layer comes back often enough to look at the clock.
      const columns = Math.min(layer.ncols, 1024);
      do {
        team.beat(0);
        kernels.spmm(layer.address, lanes, b, a, 0, columns, list, true);
        kernels.liveMask(b, lanes, columns);
        kernels.loadRows(a, lanes, columns, addresses, 0);
        kernels.storeRows(b, lanes, columns, addresses, 0, unwanted);
        kernels.hashRow(a, columns);
      } while (performance.now() < end);
    }
  }
  return null;
}
