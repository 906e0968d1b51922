// A run from the main thread's side: its layers are cut into segments, and the workers get one task a segment. Most runs
// are one segment. More are needed where layers come into memory one after the other, and where somebody else than the
// workers wants to see the rows between two layers. Rows for which the pool has no room go through in another pass.

import { ResourceError } from "../core/errors.ts";
import { setQueue } from "../threads/control.ts";
import { makeDeques } from "../threads/deque.ts";
import { makeForkWords } from "../threads/fork.ts";
import { keepActivations, type KeptRows } from "./collect.ts";
import { concatenate, runFirstSegment } from "./first-segment.ts";
import type { ExtraRows, LaidOutRun } from "./lay-out.ts";
import type { LoadedNetwork } from "./loaded-network.ts";
import { addReports, emptyReports } from "./reports.ts";
import type { Settings } from "./options.ts";
import { type Brake, type RowSharing, shareRounds } from "./sharing.ts";
import type { RunTask, SegmentMessage, SegmentReport, SegmentTask, WorkerReport } from "./task.ts";
import { SHARED_LOCK, STOP_WORD, TILE_QUEUE } from "./worker/group.ts";
import type { Workplace } from "./workplace.ts";

/** Who cuts a run into segments, and what happens between two of them, while the workers rest. */
export interface SegmentDriver {
  /** Rows that come from elsewhere; default none. */
  readonly extra?: ExtraRows;
  /** Set where rows change hands while others are computed; needs all inputs in memory. */
  readonly sharing?: RowSharing;
  /** Once everything is laid out, as the last part of `prepare`. */
  ready?(): Promise<void>;
  /** Where a pass begins, unless before layer 0 with the rows on the lists. */
  begin?(run: MainRun): Promise<PassStart | undefined>;
  /** Brings layers from `first` on into memory; the segment that begins there ends before the layer returned. */
  openSegment(first: number): number | Promise<number>;
  /**
   * Between two segments, before layer `layer`: may write the lists of the pieces. `mergeFirst` says that rows on a list
   * may be equal now; `isDone` that nobody has rows left.
   */
  betweenSegments(layer: number, run: MainRun, segment: SegmentFigures): CutOutcome | Promise<CutOutcome>;
  /** After the last segment: whether another pass begins, given how many rows of this run wait for it. */
  beginPass(pending: number): boolean | Promise<boolean>;
  /** After the last pass, before the memory is used for something else. */
  end?(run: MainRun, kept: KeptRows | null): void | Promise<void>;
}

export interface PassStart {
  /** Before this layer; after the first the rows on the lists must have their slots. */
  readonly layer: number;
  /** Rows of the inputs that wait for a pass after this one. */
  readonly pending: Uint32Array;
}

/** A run as its driver sees it. */
export interface MainRun extends LaidOutRun {
  readonly memory: WebAssembly.Memory;
  /** Activations kept by the passes before this one, when they are kept. */
  readonly kept: KeptRows | null;
  /** Rows that wait for a pass after this one. */
  readonly pending: Uint32Array[];
}

export interface SegmentFigures {
  readonly firstLayer: number;
  /** From the start of the workers to the end of the last. */
  readonly seconds: number;
  /** Rows computed in the first layer, and rows times layers in all. */
  readonly rowsAtStart: number;
  readonly rowLayers: number;
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
  laidOut: LaidOutRun,
  driver: SegmentDriver,
  signal: AbortSignal | undefined,
): Promise<SegmentsOutcome> {
  const { task, pieces, order } = laidOut;
  const last = loaded.layers.length;
  const kept: KeptRows | null = settings.keepActivations ? new Map() : null;
  const pending: Uint32Array[] = [];
  const run: MainRun = { ...laidOut, memory: place.arena.memory, kept, pending };
  const keep = (): void => {
    if (kept !== null) keepActivations(kept, { memory: place.arena.memory, task, loaded });
  };
  let reports: readonly WorkerReport[] = emptyReports(place.team.size, last);
  let figures = noFigures(0);
  let isKnown = false;
  const runTask = async (part: Omit<SegmentTask, "deques" | "forks">): Promise<void> => {
    const segment: SegmentTask = { ...part, ...freshQueues(place, task) };
    const message: SegmentMessage = { kind: "infer", run: isKnown ? null : task, segment };
    isKnown = true;
    const started = performance.now();
    const done = (await place.team.run(message, signal)) as SegmentReport[];
    const seconds = (performance.now() - started) / 1000;
    reports = addReports(reports, done);
    figures = addFigures(figures.firstLayer === part.firstLayer ? figures : noFigures(part.firstLayer), seconds, done);
  };

  const setStop = (word: number): void => setQueue(place.team.control, 0, STOP_WORD, word);
  const brake: Brake = { on: () => setStop(1), off: () => setStop(0) };
  brake.off();

  let waiting = order;
  for (;;) {
    pieces.freeSlots();
    pieces.deal(waiting);
    const start = await driver.begin?.(run);
    let first = start?.layer ?? 0;
    let mergeFirst = false;
    if (start !== undefined) pending.push(start.pending);
    figures = noFigures(first);
    while (first < last) {
      const firstLayer = first;
      const endLayer = await driver.openSegment(first);
      if (first === 0) {
        const finish = (): void => {
          keep();
          pieces.freeSlots();
        };
        const outcome = await runFirstSegment(run, waiting, {
          runTask: (inputs) => runTask({ inputs, firstLayer, endLayer, mergeFirst: false }),
          finish: endLayer === last ? finish : null,
          brake,
          sharing: driver.sharing ?? null,
        });
        if (outcome.isStuck) throw noRoom(task);
        pending.push(outcome.pending);
        mergeFirst = outcome.tasks > 1;
      } else {
        const tasks = await runLaterSegment(run, driver.sharing ?? null, {
          layer: firstLayer,
          runTask: (isFirst) => runTask({ inputs: null, firstLayer, endLayer, mergeFirst: isFirst && mergeFirst }),
          brake,
        });
        mergeFirst = tasks > 1;
      }
      first = endLayer;
      if (first === last) break;
      const outcome = await driver.betweenSegments(first, run, figures);
      if (outcome.isDone) break;
      mergeFirst ||= outcome.mergeFirst;
    }
    keep();
    waiting = concatenate(pending.splice(0));
    if (!(await driver.beginPass(waiting.length))) break;
  }
  await driver.end?.(run, kept);
  return { reports, kept };
}

function noFigures(firstLayer: number): SegmentFigures {
  return { firstLayer, seconds: 0, rowsAtStart: 0, rowLayers: 0 };
}

function addFigures(before: SegmentFigures, seconds: number, reports: readonly SegmentReport[]): SegmentFigures {
  let { rowsAtStart, rowLayers } = before;
  for (const { firstLayer, rowsByLayer } of reports) {
    rowsAtStart += rowsByLayer[before.firstLayer - firstLayer];
    for (const rows of rowsByLayer) rowLayers += rows;
  }
  return { firstLayer: before.firstLayer, seconds: before.seconds + seconds, rowsAtStart, rowLayers };
}

interface LaterSegment {
  readonly layer: number;
  /** Sends the rows on the lists through the segment; `isFirst` for the first time. */
  readonly runTask: (isFirst: boolean) => Promise<void>;
  readonly brake: Brake;
}

/** A segment whose rows are in the pool. @returns how often the workers were sent: rows of two times may be equal */
async function runLaterSegment(
  run: MainRun,
  sharing: RowSharing | null,
  { layer, runTask, brake }: LaterSegment,
): Promise<number> {
  const { pieces } = run;
  if (sharing === null) {
    await runTask(true);
    return 1;
  }
  const left: Uint32Array[] = [];
  let tasks = 0;
  const runRows = async (rows: Uint32Array): Promise<Uint32Array> => {
    if (tasks > 0) pieces.assign(rows);
    await runTask(tasks++ === 0);
    const rest = pieces.takePending();
    left.push(pieces.listedRows());
    return rest;
  };
  const rounds = { run, layer, inputs: null, runRows, brake, makeRoom: () => {} };
  const rest = await shareRounds(rounds, sharing, pieces.listedRows());
  if (rest.length > 0) await runRows(rest);
  if (tasks > 1) pieces.assign(concatenate(left));
  return tasks;
}

/** Queues that a segment uses up. */
function freshQueues(place: Workplace, task: RunTask): Pick<SegmentTask, "deques" | "forks"> {
  const { size, control } = place.team;
  setQueue(control, 0, TILE_QUEUE, 0);
  setQueue(control, 0, SHARED_LOCK, 0);
  return { deques: makeDeques(size, Math.max(1, Math.floor(task.pieces / size))), forks: makeForkWords(size) };
}

function noRoom({ slots, pieces }: RunTask): ResourceError {
  const shared = pieces === 1 ? "" : `, shared by ${pieces} pieces of the rows`;
  return new ResourceError(`no memory for the activations between layers: the pool holds ${slots} rows${shared}`);
}
