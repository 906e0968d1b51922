// Data, then model: as `data`, but a worker that is done with its rows joins one that is not, and they share the columns
// of the rest of its layers. Which one it joins is the pick order of the task.

import { closeFork, openFork } from "../../../threads/fork.ts";
import { helpOthers, makeCrew } from "../crew.ts";
import { groupOfPiece } from "../group.ts";
import type { WorkerRun } from "../run.ts";
import { runRows } from "../run-rows.ts";

export function runDataThenModel(run: WorkerRun): void {
  const { worker, size } = run.team;
  const { forks, pickOrder } = run.task;
  const group = groupOfPiece(run, worker, worker, 1);
  const crew = makeCrew(forks, worker);
  crew.report(group.rows, run.layers.length - run.task.firstLayer);
  openFork(forks, worker);
  // A worker that found another not yet open would take it for done.
  run.team.wait(0, size);
  runRows({ ...run, crew }, group, { by: "rows" });
  closeFork(forks, worker);
  helpOthers(run, forks, pickOrder);
}
