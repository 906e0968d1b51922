// Manager and workers: the rows are cut into several tiles a worker, in one queue. Whoever is free takes the next tile and
// takes it through the whole network alone. The manager of the reference system is a counter here.

import { takeFromQueue } from "../../../threads/control.ts";
import { groupOfPiece, TILE_QUEUE } from "../group.ts";
import type { WorkerRun } from "../run.ts";
import { runRows } from "../run-rows.ts";

/** The queue's words are those of worker 0. */
const QUEUE_OWNER = 0;

export function runManagerWorker(run: WorkerRun): void {
  const { worker, control } = run.team;
  for (;;) {
    const tile = takeFromQueue(control, QUEUE_OWNER, TILE_QUEUE);
    if (tile >= run.task.pieces) return;
    runRows(run, groupOfPiece(run, tile, worker, 1), { by: "rows" });
  }
}
