// Auto: all workers share one list of rows. While there are many, batches of rows are dealt out as workers come for them;
// survivors are merged over the whole team; when few are left, every layer is shared by its neurons. What was chosen for
// each stage stands in the record (`stages`).

import { groupOfPiece } from "../group.ts";
import type { WorkerRun } from "../run.ts";
import { runManagerWorker } from "./manager-worker.ts";
import { runRows } from "../run-rows.ts";

export function runAuto(run: WorkerRun): void {
  // Whole-matrix formats have no stages to choose for: dealing out tiles keeps everybody busy.
  if (run.task.formats !== null) {
    runManagerWorker(run);
    return;
  }
  runRows(run, groupOfPiece(run, 0, 0, run.team.size), { by: "either" });
}
