// A run from the main thread's side: its layers are cut into segments, and the workers get one task a segment. Most runs
// are one segment. More are needed where layers come into memory one after the other, and where somebody else than the
// workers wants to see the rows between two layers. Rows for which the pool has no room go through in another pass.

import { ResourceError } from "../core/errors.ts";
import { setQueue } from "../threads/control.ts";
import { makeDeques } from "../threads/deque.ts";
import { makeForkWords } from "../threads/fork.ts";
import { keepActivations, type KeptRows } from "./collect.ts";
import type { LaidOutRun } from "./lay-out.ts";
import type { LoadedNetwork } from "./loaded-network.ts";
import { addReports } from "./reports.ts";
import type { Settings } from "./options.ts";
import type { InferTask, RunTask, WorkerReport } from "./task.ts";
import { SHARED_LOCK, TILE_QUEUE } from "./worker/group.ts";
import type { Workplace } from "./workplace.ts";

/** Who cuts a run into segments, and what happens between two of them, while the workers rest. */
export interface SegmentDriver {
  /** Brings layers from `first` on into memory; the segment that begins there ends before the layer returned. */
  openSegment(first: number): number | Promise<number>;
  /**
   * Between two segments, before layer `layer`: may write the lists of the pieces. `mergeFirst` says that rows on a list
   * may be equal now; `isDone` that nobody has rows left.
   */
  betweenSegments(layer: number, run: LaidOutRun): CutOutcome | Promise<CutOutcome>;
  /** After the last segment: whether another pass begins, given how many rows of this run wait for it. */
  beginPass(pending: number): boolean | Promise<boolean>;
}

export interface CutOutcome {
  readonly mergeFirst: boolean;
  readonly isDone: boolean;
}

/** One segment for all layers, and as many passes as it takes. */
export function makeWholeDriver(layers: number): SegmentDriver {
  return {
    openSegment: () => layers,
    betweenSegments: (_layer, { pieces }) => ({ mergeFirst: false, isDone: pieces.rowCount === 0 }),
    beginPass: (pending) => pending > 0,
  };
}

export interface SegmentsOutcome {
  /** One a worker, over all segments and passes. */
  readonly reports: readonly WorkerReport[];
  /** Final activations by computed row, when they were asked for. */
  readonly kept: KeptRows | null;
}

/** Takes all rows of the run through all layers. @throws what the team and the driver throw; ResourceError */
export async function runSegments(
  place: Workplace,
  settings: Settings,
  loaded: LoadedNetwork,
  run: LaidOutRun,
  driver: SegmentDriver,
  signal: AbortSignal | undefined,
): Promise<SegmentsOutcome> {
  const { task, pieces } = run;
  const last = loaded.layers.length;
  const kept: KeptRows | null = settings.keepActivations ? new Map() : null;
  let reports: WorkerReport[] = [];
  let waiting = task.inputs.nrows;
  for (;;) {
    let mergeFirst = false;
    for (let first = 0; first < last; ) {
      const endLayer = await driver.openSegment(first);
      const segment: InferTask = {
        kind: "infer",
        ...task,
        ...freshQueues(place, task),
        firstLayer: first,
        endLayer,
        mergeFirst,
      };
      reports = addReports(reports, (await place.team.run(segment, signal)) as WorkerReport[]);
      first = endLayer;
      if (first === last) break;
      const outcome = await driver.betweenSegments(first, run);
      if (outcome.isDone) break;
      mergeFirst = outcome.mergeFirst;
    }
    if (kept !== null) keepActivations(kept, { memory: place.arena.memory, task, loaded });
    const pending = pieces.collectPending();
    if (pending > 0 && pending === waiting) throw noRoom(task);
    if (!(await driver.beginPass(pending))) return { reports, kept };
    waiting = pending;
    pieces.deal(pending);
  }
}

/** Queues that a segment uses up. */
function freshQueues(place: Workplace, task: RunTask): Pick<InferTask, "deques" | "forks"> {
  const { size, control } = place.team;
  setQueue(control, 0, TILE_QUEUE, 0);
  setQueue(control, 0, SHARED_LOCK, 0);
  return { deques: makeDeques(size, Math.max(1, Math.floor(task.pieces / size))), forks: makeForkWords(size) };
}

function noRoom({ slots, pieces }: RunTask): ResourceError {
  const shared = pieces === 1 ? "" : `, shared by ${pieces} pieces of the rows`;
  return new ResourceError(`no memory for the activations between layers: the pool holds ${slots} rows${shared}`);
}
