// Model parallelism: the columns of every layer are cut into one piece a worker, of equally many columns (column-share.ts),
// and all workers compute all rows together. They meet after each layer.

import { groupOfPiece } from "../group.ts";
import type { WorkerRun } from "../run.ts";
import { runRows } from "../run-rows.ts";

export function runModel(run: WorkerRun): void {
  runRows(run, groupOfPiece(run, 0, 0, run.team.size), { by: "neurons", split: "count" });
}
