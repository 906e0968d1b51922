// A crew under `data-then-model`: a worker that has rows left leads, workers that are done with theirs help it. The leader
// shares every step of a large batch that is worth it: of a layer each member computes some of the columns; of loading,
// looking and storing it takes some of the tiles.

import { setQueue, takeFromQueue } from "../../threads/control.ts";
import { countHelpers, type ForkWords, forkJob, helpLeader, readWorkLeft, setWorkLeft } from "../../threads/fork.ts";
import type { PickOrder } from "../options.ts";
import { prefersNeurons } from "../stage-plan.ts";
import type { SpanKind } from "../task.ts";
import { cutTiles, tileAddress } from "../tiles.ts";
import { type Batch, computeTiles, loadTile, makeSharedBatch, storeToSlots } from "./batch.ts";
import { columnShare, weightsOf } from "./column-share.ts";
import { helpPhase } from "./formats/sharers.ts";
import { SHARED_LOCK } from "./group.ts";
import type { WorkerRun } from "./run.ts";
import { book, countEdges } from "./tally.ts";

/** The lock's word is a counter of worker 0: who takes 0 from it has the shared batch. */
const LOCK_OWNER = 0;

const STEPS = ["load", "compute", "look", "store"] as const;
type Step = (typeof STEPS)[number];

/** What the time of a step is booked as. */
const SPAN_OF: Record<Step, SpanKind> = { load: "load", compute: "compute", look: "pack", store: "store" };

export interface Crew {
  /** The team's large batch, when somebody helps and no other leader has it; null otherwise. */
  takeSharedBatch(run: WorkerRun): Batch | null;
  releaseSharedBatch(run: WorkerRun): void;
  /** Does a step of layer l on the shared batch together with the helpers; false when it does not pay. */
  share(run: WorkerRun, step: Step, batch: Batch, l: number): boolean;
  /** Tells idle workers how much is left. */
  report(rows: number, layers: number): void;
}

export function makeCrew(words: ForkWords, leader: number): Crew {
  return {
    takeSharedBatch(run) {
      if (countHelpers(words, leader) === 0) return null;
      return takeFromQueue(run.team.control, LOCK_OWNER, SHARED_LOCK) === 0 ? makeSharedBatch(run) : null;
    },
    releaseSharedBatch: (run) => setQueue(run.team.control, LOCK_OWNER, SHARED_LOCK, 0),
    share(run, step, batch, l) {
      const helpers = countHelpers(words, leader);
      const layer = run.layers[l];
      const lanes = batch.tiles.reduce((sum, tile) => sum + tile.lanes, 0);
      // Alone the leader would take all tiles itself, as if they were one.
      if (!prefersNeurons(1, lanes, layer.nnz, helpers + 1, run.task.hasCores)) return false;
      run.words.set(batch.rows.subarray(0, batch.count), run.task.shared.rowList >>> 2);
      const job = [STEPS.indexOf(step), l, batch.count, batch.current, batch.other];
      let waitingSince = 0;
      const idle = (): void => run.team.beat(l);
      forkJob(words, idle, leader, helpers, job, () => {
        takePart(run, job, 0, helpers + 1);
        waitingSince = performance.now();
      });
      book(run.tally, "wait", l, batch.count, waitingSince);
      return true;
    },
    report: (rows, layers) => setWorkLeft(words, leader, rows * layers),
  };
}

/** Helps one busy worker after the other, in the order of the task, until none is left. */
export function helpOthers(run: WorkerRun, words: ForkWords, pick: PickOrder): void {
  const last = run.task.endLayer - 1;
  for (;;) {
    const leader = pickLeader(readWorkLeft(words, run.team.size), pick);
    if (leader === null) return;
    let idleSince = performance.now();
    const idle = (): void => run.team.beat(last);
    helpLeader(words, idle, leader, (member, size, job) => {
      book(run.tally, "wait", job[1], 0, idleSince);
      if (run.task.formats === null) takePart(run, job, member, size);
      else helpPhase(run, run.task.formats, leader, member, size, job);
      idleSince = performance.now();
    });
    book(run.tally, "wait", last, 0, idleSince);
  }
}

/** Which busy worker to join; null when none is. @param left work left of each worker, negative when it is done. */
export function pickLeader(left: readonly number[], order: PickOrder): number | null {
  let found: number | null = null;
  for (let worker = 0; worker < left.length; worker++) {
    if (left[worker] < 0) continue;
    if (found === null) found = worker;
    else if (order === "slower-first" && left[worker] > left[found]) found = worker;
    else if (order === "faster-first" && left[worker] < left[found]) found = worker;
  }
  return found;
}

/** One member's part of a step on the shared batch. */
function takePart(run: WorkerRun, job: readonly number[], member: number, size: number): void {
  const started = performance.now();
  const [stepNumber, l, count, current, other] = job;
  const step = STEPS[stepNumber];
  const tiles = cutTiles(count, run.task.lanes);
  if (step === "compute") {
    const layer = run.layers[l];
    const [first, end] = columnShare(run, layer, member, size, "weights");
    computeTiles(run, tiles, l, current, other, first, end);
    countEdges(run.tally, l, count, weightsOf(run, layer, first, end));
  } else {
    for (let t = member; t < tiles.length; t += size) doTile(run, step, tiles, t, l, current);
  }
  book(run.tally, SPAN_OF[step], l, count, started);
}

function doTile(
  run: WorkerRun,
  step: Exclude<Step, "compute">,
  tiles: ReturnType<typeof cutTiles>,
  t: number,
  l: number,
  buffer: number,
): void {
  const { task, words, kernels } = run;
  const own = task.buffers[run.team.worker];
  const tile = tiles[t];
  const rows = words.subarray(task.shared.rowList >>> 2);
  run.team.beat(l);
  if (step === "load") {
    loadTile(run, tile, tileAddress(buffer, tile, run.layers[l].nrows), rows, l, own.addresses);
    return;
  }
  const width = run.layers[l].ncols;
  const address = tileAddress(buffer, tile, width);
  if (step === "look") words[(task.shared.masks >>> 2) + t] = kernels.liveMask(address, tile.lanes, width);
  else storeToSlots(run, tile, address, width, rows, own);
}
