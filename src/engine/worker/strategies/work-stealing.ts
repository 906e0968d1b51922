// Work stealing: the rows are cut into several tiles a worker, each worker has a queue of its own tiles and takes them from
// the front; a worker whose queue is empty steals from the back of the longest queue of the others.

import { takeFromBack, takeFromFront, tilesLeft } from "../../../threads/deque.ts";
import { groupOfPiece } from "../group.ts";
import type { WorkerRun } from "../run.ts";
import { runRows } from "../run-rows.ts";

export function runWorkStealing(run: WorkerRun): void {
  const { worker } = run.team;
  const { deques } = run.task;
  for (;;) {
    const tile = takeFromFront(deques, worker) ?? steal(run);
    if (tile === null) return;
    runRows(run, groupOfPiece(run, tile, worker, 1), { by: "rows" });
  }
}

/** A tile of the worker that has most of them left; null when none has any. */
function steal(run: WorkerRun): number | null {
  const { worker, size } = run.team;
  const { deques } = run.task;
  for (;;) {
    let victim = -1;
    let most = 0;
    for (let other = 0; other < size; other++) {
      const left = other === worker ? 0 : tilesLeft(deques, other);
      if (left <= most) continue;
      most = left;
      victim = other;
    }
    if (victim === -1) return null;
    const tile = takeFromBack(deques, victim);
    if (tile !== null) return tile;
  }
}
