// How long the first stage must be when the pool cannot hold all rows: a few rows, evenly spaced, are taken through the
// layers until so few are left that all survivors will fit. The pilot's rows are computed again later; it only measures.

import { advanceBatch, type Batch, liveMasks, loadBatch, packBatch } from "./batch.ts";
import { PIECE } from "../pieces.ts";
import { freeAtStart, type Group, isLeader, meet } from "./group.ts";
import { mayDrop, type WorkerRun } from "./run.ts";
import { book, makeTally } from "./tally.ts";

/** Reason: 128 rows estimate a share of 5 % within 2 %, and cost less than 1 % of 60000. */
const PILOT_ROWS = 128;
/** The pool must have room for this many times the estimate. */
const MARGIN = 1.5;

/** End of the first stage: the first layer after which the survivors should fit, or the last layer. */
export function pilotFirstStage(run: WorkerRun, group: Group, batch: Batch): number {
  const { words } = run;
  if (isLeader(run, group)) {
    const started = performance.now();
    // A pilot's edges are not part of the work that was asked for; its time is.
    const aside = { ...run, tally: makeTally(run.layers.length, false), crew: null };
    words[group.words + PIECE.pilotEnd] = measure(aside, group, batch);
    book(run.tally, "compute", 0, PILOT_ROWS, started);
  }
  meet(run, group, 0);
  return words[group.words + PIECE.pilotEnd];
}

function measure(run: WorkerRun, group: Group, batch: Batch): number {
  const { task, words } = run;
  const count = words[group.countWord];
  const sample = Math.min(PILOT_ROWS, count, task.batchLanes);
  const list = batch.addresses >>> 2;
  const chosen = Uint32Array.from({ length: sample }, (_, k) => words[group.list + Math.floor((k * count) / sample)]);
  words.set(chosen, list);
  loadBatch(run, batch, list, sample, 0);
  for (let l = 0; l + 1 < task.endLayer; l++) {
    advanceBatch(run, batch, l);
    if (!mayDrop(task, l)) continue;
    packBatch(run, batch, liveMasks(run, batch, l));
    if ((batch.count / sample) * count * MARGIN <= freeAtStart(run, group)) return l + 1;
  }
  return task.endLayer;
}
