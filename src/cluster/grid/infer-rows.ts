// The way of all rows of a group through the network: stages of layers, equal rows joined between them, and as many passes
// as the pool makes necessary. Every rank runs this alike and decides from the same counts.

import { InvariantError } from "../../core/errors.ts";
import { nextStageLayers, type StageHistory } from "../../engine/stage-plan.ts";
import { TILE_LANES } from "../../kernels/kernels.ts";
import type { BatchRun } from "./batch.ts";
import { runBatches } from "./batches.ts";
import type { GridCut, GridCuts, GridFound, KeptRows } from "./grid-cuts.ts";
import { NO_PLACE, shortenRows } from "./grid-rows.ts";
import { joinEqualRows, type RowParts } from "./join-rows.ts";
import type { BatchPlan } from "./lay-out-grid.ts";

const WIDEST = TILE_LANES[TILE_LANES.length - 1];
/** Below so many edges of a layer on this rank there is nothing to overlap: rows go in one batch. */
const ONE_BATCH_EDGES = 8e6;
/** Below so many the main thread computes a single batch itself: handing it over costs some 20 us a layer. */
const INLINE_EDGES = 4e6;
const NO_WORK = { seconds: 0, rowLayers: 0 };
const NO_HISTORY: StageHistory = { layers: 0, removed: 0 };

export interface RowsPlan {
  /** Agreed by the group. */
  readonly batches: BatchPlan;
  /** Stored weights of the heaviest layer, on average a rank. */
  readonly edges: number;
  readonly workers: number;
  /** Rows to begin with, none of them equal. */
  readonly pending: Uint32Array;
  readonly cuts: GridCuts | null;
  /** Numbers of the own neurons after the layers of the cuts, and of the last. */
  readonly columnsAfter: ReadonlyMap<number, Uint32Array>;
  readonly outputs: Uint32Array;
}

export async function inferRows(run: BatchRun, plan: RowsPlan): Promise<KeptRows | null> {
  const { cuts } = plan;
  const kept: KeptRows | null = run.keepsActivations ? new Map() : null;
  let { pending } = plan;
  while (cuts === null ? pending.length > 0 : await cuts.goesOn(pending.length)) {
    run.nextPlace = 0;
    Object.assign(run.done, NO_WORK);
    const found = cuts !== null && (await cuts.resumes()) ? cuts.found : null;
    if (found === null) {
      const done = await runFirstStage(run, plan, pending);
      const list = pending.subarray(0, done);
      pending = pending.subarray(done);
      await runLaterStages(run, plan, { list, first: stageEnd(run, plan, 0, NO_HISTORY), pending, kept });
    } else {
      const list = placeGuests(run, found, columnsOf(plan, found.layer), plan.batches.poolRows);
      await runLaterStages(run, plan, { list, first: found.layer, pending, kept, isResumed: true });
    }
    if (kept !== null) keep(run, kept);
    run.rows.place.fill(NO_PLACE);
  }
  return kept;
}

/** Takes the first rows of `pending` through the first stage. @returns how many there was room for */
async function runFirstStage(run: BatchRun, plan: RowsPlan, pending: Uint32Array): Promise<number> {
  const end = stageEnd(run, plan, 0, NO_HISTORY);
  const needsPlaces = end < run.work.place.layers.length || run.keepsActivations;
  let done = 0;
  // Rows may need as many places as there are of them: as many set out at a time as the pool has room for.
  while (done < pending.length) {
    const room = needsPlaces ? plan.batches.poolRows - run.nextPlace : pending.length;
    const wave = Math.min(room, pending.length - done);
    if (wave < Math.min(WIDEST, pending.length - done)) break;
    await runPart(run, plan, pending.subarray(done, done + wave), 0, end);
    done += wave;
  }
  return done;
}

interface LaterStages {
  readonly list: Uint32Array;
  readonly first: number;
  readonly pending: Uint32Array;
  readonly kept: KeptRows | null;
  /** The rows come from a saved state: it was saved at this cut, after equal rows had been joined. */
  readonly isResumed?: boolean;
}

async function runLaterStages(run: BatchRun, plan: RowsPlan, stages: LaterStages): Promise<void> {
  const { cuts } = plan;
  const layers = run.work.place.layers.length;
  const { pending, kept } = stages;
  let { list, first } = stages;
  let isCut = stages.isResumed === true;
  let before = list.length;
  let history: StageHistory = isCut ? NO_HISTORY : { layers: first, removed: 0 };
  while (first < layers) {
    if (!isCut) {
      list = await joinRows(run, list, first);
      const met = cuts?.layers.includes(first)
        ? await cuts.meet(cutAt(run, plan, { list, first, pending, kept }))
        : list;
      if (met === null || (cuts === null && met.length === 0)) return;
      list = met;
      history = { ...history, removed: before === 0 ? 0 : 1 - list.length / before };
    }
    isCut = false;
    before = list.length;
    const end = stageEnd(run, plan, first, history);
    if (list.length > 0) await runPart(run, plan, list, first, end);
    history = { layers: end - first, removed: 0 };
    first = end;
  }
}

async function runPart(run: BatchRun, plan: RowsPlan, list: Uint32Array, first: number, end: number): Promise<void> {
  const { batches, edges, workers } = plan;
  const work = Math.ceil(list.length / WIDEST) * WIDEST * edges;
  const wanted = work < ONE_BATCH_EDGES ? 1 : batches.slots;
  const size = Math.min(batches.lanes, Math.max(1, Math.ceil(list.length / wanted / WIDEST)) * WIDEST);
  const isInline = workers === 1 || (list.length <= size && work < INLINE_EDGES);
  const started = performance.now();
  await runBatches(run, { list, first, end, size, isInline });
  run.done.seconds += (performance.now() - started) / 1000;
  run.done.rowLayers += list.length * (end - first);
}

/** The rows of the list that are still computed, equal ones joined, before layer `first`. */
async function joinRows(run: BatchRun, list: Uint32Array, first: number): Promise<Uint32Array> {
  const left = shortenRows(run.rows, list);
  if (run.rowMode !== "distinct") return left;
  await joinEqualRows(run.link, run.rows, left, partsInPool(run, run.work.place.layers[first - 1].width));
  return shortenRows(run.rows, left);
}

function cutAt(run: BatchRun, plan: RowsPlan, { list, first, pending, kept }: LaterStages): GridCut {
  const { rows } = run;
  const columns = columnsOf(plan, first);
  return {
    layer: first,
    rows,
    list,
    columns,
    wordsOf: (row) => new Uint32Array(run.memory.buffer, placeOf(run, row), columns.length),
    takePlace: (row) => void (rows.place[row] = run.nextPlace++),
    room: plan.batches.poolRows - run.nextPlace,
    work: { ...run.done },
    pending,
    kept,
    outputs: plan.outputs,
  };
}

function columnsOf({ columnsAfter }: RowsPlan, layer: number): Uint32Array {
  const columns = columnsAfter.get(layer);
  if (columns === undefined) throw new InvariantError(`nobody kept the neurons after layer ${layer}`);
  return columns;
}

/** Puts as many guests into the pool as it has room for. @returns their rows */
function placeGuests(run: BatchRun, { guests }: GridFound, columns: Uint32Array, room: number): Uint32Array {
  const { rows } = run;
  return Uint32Array.from(guests.splice(0, room), ({ row, weight, values }) => {
    rows.place[row] = run.nextPlace++;
    rows.weight[row] = weight;
    floatsAt(run, row, columns.length).set(Float32Array.from(columns, (neuron) => values[neuron]));
    return row;
  });
}

function placeOf({ pool, rows }: BatchRun, row: number): number {
  return pool.address + rows.place[row] * pool.rowBytes;
}

function floatsAt(run: BatchRun, row: number, width: number): Float32Array {
  return new Float32Array(run.memory.buffer, placeOf(run, row), width);
}

/** The own neurons of rows in the pool. */
function partsInPool(run: BatchRun, width: number): RowParts {
  return {
    hashOf: (row) => run.rows.hash[row],
    isSame: (a, b) => run.work.kernels.rowsEqual(placeOf(run, a), placeOf(run, b), width * 4) === 1,
  };
}

function stageEnd(run: BatchRun, { cuts }: RowsPlan, first: number, history: StageHistory): number {
  const layers = run.work.place.layers.length;
  const next = cuts?.layers.find((layer) => layer > first) ?? layers;
  return run.rowMode === "all" ? next : Math.min(next, first + nextStageLayers(history));
}

/** Guests among them. */
function keep(run: BatchRun, kept: KeptRows): void {
  const { rows, work } = run;
  const { width } = work.place.layers[work.place.layers.length - 1];
  for (const [row, place] of rows.place.entries()) {
    if (place === NO_PLACE || rows.leader[row] !== row) continue;
    kept.set(row, floatsAt(run, row, width).slice());
  }
}
