// The program of a worker: after a warm-up one task of the team is a whole run, in which it takes tiles off the queue until
// it is told to stop.

import { makeTally, book, reportOf } from "../../engine/worker/tally.ts";
import { warmUp, type WarmUpTask } from "../../engine/worker/warm-up.ts";
import { makeKernels } from "../../kernels/catalog.ts";
import type { WorkerProgram } from "../../threads/program.ts";
import { FIELD, finishTask, type GridTeamData, takeTask, TASK, waitForTask } from "./grid-task.ts";
import { doTask, type TileWork } from "./tile-work.ts";

/** A sleeping worker gives a sign of life this often. */
const SLEEP_MS = 50;

export const startWorker: WorkerProgram = (data, team) => {
  const { memory, kernels: compiled, place } = data as GridTeamData;
  const kernels = makeKernels(compiled, memory);
  const { queue, layers } = place;
  const task = new Int32Array(16);
  return (given) => {
    if (given !== null) return warmUp(given as WarmUpTask, team, kernels);
    let layer = 0;
    const tally = makeTally(layers.length, false);
    const words = new Uint32Array(memory.buffer);
    const work: TileWork = { place, kernels, words, list: place.lists[team.worker], tally, beat: (l) => team.beat(l) };
    for (;;) {
      if (takeTask(queue, task)) {
        if (task[FIELD.kind] === TASK.stop) return reportOf(tally);
        doTask(work, task);
        layer = Math.min(task[FIELD.end], layers.length) - 1;
        finishTask(queue, task[FIELD.slot]);
        continue;
      }
      const idle = performance.now();
      team.beat(layer);
      waitForTask(queue, SLEEP_MS);
      book(tally, "wait", Math.max(0, layer), 0, idle);
    }
  };
};
