// Row elimination within one batch: between two layers rows of zeros leave it where that is exact, and equal rows are
// computed once from there on. Rows of different batches never meet. Only the leader of a batch thins it.

import { isDense } from "../../../kernels/format-pairs.ts";
import type { PlacedMatrix } from "../../../kernels/format-records.ts";
import type { FormatPlan } from "../../place-formats.ts";
import { DEAD } from "../../task.ts";
import { mayDrop, type WorkerRun } from "../run.ts";
import { book } from "../tally.ts";

/** Fewer rows than this share of the batch do not leave: they are found again by the next look. */
const WORTHWHILE_SHARE = 0.1;
/** A look that finds less than this share doubles the layers to the next one; one that finds more halves them. */
const FEW_FOUND = 0.1;
const MANY_FOUND = 0.25;

/** The rows of a batch as its leader knows them. */
export interface BatchRows {
  /** Numbers of the rows that the matrices hold, in their order; the first `count` count. */
  readonly rows: Uint32Array;
  count: number;
  /** Layer before which the batch is looked at next, and layers from there to the look after it. */
  nextLook: number;
  gap: number;
}

/** @param list first of the batch's rows in the list of all rows (words) */
export function makeBatchRows({ words }: WorkerRun, list: number, count: number): BatchRows {
  return { rows: words.slice(list, list + count), count, nextLook: 0, gap: 1 };
}

/** Thins the batch before layer l, when a look is due and the mode has anything to find. */
export function thinBatch(run: WorkerRun, plan: FormatPlan, batch: BatchRows, matrix: PlacedMatrix, l: number): void {
  const { rowMode } = run.task;
  // Rows of zeros cost nothing in compressed formats.
  if (rowMode === "all" || (rowMode === "nonzero" && !isDense(plan.pair.activations))) return;
  if (l < batch.nextLook) return;
  const started = performance.now();
  const before = batch.count;
  const leaders = findLeaders(run, plan, batch, matrix, l);
  const leaving = leaders.reduce((sum, leader, k) => sum + (leader === k ? 0 : 1), 0);
  if (leaving > 0 && leaving >= before * WORTHWHILE_SHARE) removeRows(run, plan, batch, matrix, leaders);
  const found = leaving / before;
  if (found < FEW_FOUND) batch.gap *= 2;
  else if (found > MANY_FOUND) batch.gap = Math.max(1, batch.gap >> 1);
  batch.nextLook = l + batch.gap;
  book(run.tally, "merge", l, before, started);
}

/** For every row of the batch the place of the first row that equals it, its own place, or DEAD. */
function findLeaders(run: WorkerRun, plan: FormatPlan, batch: BatchRows, matrix: PlacedMatrix, l: number): Uint32Array {
  const { formatKernels: kernels, memory, task, tally, weight } = run;
  const { flags, places, scratch } = plan.workers[run.team.worker];
  kernels.liveRows(matrix.address, flags);
  const alive = new Uint8Array(memory.buffer, flags, batch.count);
  const leaders = Uint32Array.from(alive, (_, k) => k);
  if (task.rowMode === "distinct") {
    kernels.hashRows(matrix.address, scratch);
    const hashes = new Uint32Array(memory.buffer, scratch, batch.count);
    if (proposeTwins(hashes, leaders)) {
      const twins = new Uint32Array(memory.buffer, places, batch.count);
      twins.set(leaders);
      kernels.compareRows(matrix.address, places, scratch);
      leaders.set(twins);
    }
  }
  if (l > 0) {
    for (let k = 0; k < batch.count; k++) if (alive[k] === 1) tally.liveByLayer[l - 1] += weight[batch.rows[k]];
    tally.lookedByLayer[l - 1] += batch.count;
  }
  if (mayDrop(task, l - 1)) for (let k = 0; k < batch.count; k++) if (alive[k] === 0) leaders[k] = DEAD;
  return leaders;
}

/** Points every row to the first one of its hash; false when all hashes differ. */
function proposeTwins(hashes: Uint32Array, leaders: Uint32Array): boolean {
  const first = new Map<number, number>();
  for (let k = 0; k < hashes.length; k++) {
    const seen = first.get(hashes[k]);
    if (seen === undefined) first.set(hashes[k], k);
    else leaders[k] = seen;
  }
  return first.size < hashes.length;
}

function removeRows(
  run: WorkerRun,
  plan: FormatPlan,
  batch: BatchRows,
  matrix: PlacedMatrix,
  leaders: Uint32Array,
): void {
  const { rows, count } = batch;
  const { places, scratch } = plan.workers[run.team.worker];
  const kept = new Uint32Array(run.memory.buffer, places, count);
  const before = rows.slice(0, count);
  let left = 0;
  for (let k = 0; k < count; k++) {
    const row = before[k];
    if (leaders[k] === k) {
      kept[left] = k;
      rows[left++] = row;
    } else if (leaders[k] === DEAD) run.leader[row] = DEAD;
    else {
      const leader = before[leaders[k]];
      run.leader[row] = leader;
      run.weight[leader] += run.weight[row];
    }
  }
  run.formatKernels.keepRows(matrix.address, places, left, scratch);
  batch.count = left;
}
