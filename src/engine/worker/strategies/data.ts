// Data parallelism: the rows are cut into one contiguous piece a worker, and every worker takes its piece through the
// whole network. No worker ever waits for another.

import { groupOfPiece } from "../group.ts";
import type { WorkerRun } from "../run.ts";
import { runRows } from "../run-rows.ts";

export function runData(run: WorkerRun): void {
  const { worker } = run.team;
  runRows(run, groupOfPiece(run, worker, worker, 1), { by: "rows" });
}
