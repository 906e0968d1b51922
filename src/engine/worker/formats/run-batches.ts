// Rows through the network in formats, batch by batch: whole network for one batch, then the next. No stages: a batch gets
// thinner on its way (thin.ts), and rows of different batches never meet.

import { isTriply } from "../../../kernels/format-pairs.ts";
import { resetActivations } from "../../../kernels/format-records.ts";
import type { FormatPlan } from "../../place-formats.ts";
import type { Group } from "../group.ts";
import type { WorkerRun } from "../run.ts";
import { book } from "../tally.ts";
import { type FormatBatch, partsOf } from "./part.ts";
import { type Sharers, shareInGroup, shareWithHelpers } from "./sharers.ts";
import { type BatchRows, makeBatchRows, thinBatch } from "./thin.ts";

export function runFormats(run: WorkerRun, plan: FormatPlan, group: Group): void {
  const { task, team } = run;
  const isShared = group.size > 1;
  const matrices = isShared ? plan.shared : plan.workers[team.worker].matrices;
  const size = isShared ? plan.sharedRows : plan.batchRows;
  const sharers = run.crew === null ? shareInGroup(run, plan, group) : shareWithHelpers(run, plan, task.forks);
  for (let k = 0; k < group.rows; k += size) {
    const nrows = Math.min(size, group.rows - k);
    run.crew?.report(group.rows - k, plan.layers.length);
    runBatch(run, plan, sharers, { leader: group.leader, matrices, nrows }, group.list + k);
  }
  if (team.worker === group.leader) {
    const by = isShared ? "neurons" : "rows";
    run.tally.stages.push({
      group: group.leader,
      firstLayer: 0,
      endLayer: plan.layers.length,
      rows: group.rows,
      by,
      estimate: null,
    });
  }
}

/** @param list first of the batch's rows in the list of all rows (words) */
function runBatch(run: WorkerRun, plan: FormatPlan, sharers: Sharers, whole: FormatBatch, list: number): void {
  const { formatKernels: kernels, memory, tally, team } = run;
  const { matrices } = whole;
  const parts = partsOf(plan, whole.leader, team.size);
  const flag = parts + 2 * team.size;
  const rowsLeft = flag + 1;
  const rows = makeBatchRows(run, list, whole.nrows);
  let input: 0 | 1 = 0;
  /** Thins what layer l reads and readies what it writes. */
  const prepare = (l: number): void => {
    thinBatch(run, plan, rows, matrices[input], l);
    run.words[rowsLeft] = rows.count;
    resetActivations(matrices[1 - input], rows.count, plan.layers[l].weights.ncols, memory);
  };
  sharers.once(0, () => {
    const started = performance.now();
    resetActivations(matrices[0], whole.nrows, plan.layers[0].weights.nrows, memory);
    loadInputs(run, matrices[0].address, list, whole.nrows);
    book(tally, "load", 0, whole.nrows, started);
    prepare(0);
  });
  for (let l = 0; l < plan.layers.length; l++) {
    const batch = { ...whole, nrows: run.words[rowsLeft] };
    if (batch.nrows === 0) break;
    const size = sharers.size();
    sharers.all("symbolic", batch, l, input, size);
    sharers.all("numeric", batch, l, input, size);
    const { rule } = plan.layers[l];
    sharers.once(l, () => {
      const started = performance.now();
      run.words[flag] = kernels.seal((parts + team.size) * 4, size);
      tally.rowsByLayer[l] += batch.nrows;
      book(tally, "numeric", l, batch.nrows, started);
    });
    if (isTriply(plan.pair.activations) && run.words[flag] === 1) sharers.all("relabel", batch, l, input, size);
    if (rule.isSoftmax) sharers.all("softmax", batch, l, input, size);
    input = input === 0 ? 1 : 0;
    if (l + 1 < plan.layers.length) sharers.once(l, () => prepare(l + 1));
  }
  sharers.once(plan.layers.length - 1, () => finishBatch(run, plan, rows, matrices[input].address, list));
}

function loadInputs(run: WorkerRun, matrix: number, list: number, nrows: number): void {
  const { rowPtr, colIdx, idxBytes, values, valueStep } = run.inputs;
  for (let k = 0; k < nrows; k++) {
    const row = (rowPtr >>> 2) + run.words[list + k];
    run.tally.inputNonzeros += run.words[row + 1] - run.words[row];
  }
  run.formatKernels.loadMatrix(matrix, list * 4, rowPtr, colIdx, idxBytes, values, valueStep);
}

/** Notes which rows are not all zero, and stores their activations where they are wanted. */
function finishBatch(run: WorkerRun, plan: FormatPlan, { rows, count }: BatchRows, matrix: number, list: number): void {
  if (count === 0) return;
  const started = performance.now();
  const { formatKernels: kernels, task, tally } = run;
  const last = plan.layers.length - 1;
  const { flags } = plan.workers[run.team.worker];
  kernels.liveRows(matrix, flags);
  const alive = new Uint8Array(run.memory.buffer, flags, count);
  for (let k = 0; k < count; k++) {
    run.alive[rows[k]] = alive[k];
    if (alive[k] === 1) tally.liveByLayer[last] += run.weight[rows[k]];
  }
  tally.lookedByLayer[last] += count;
  if (task.keepActivations) {
    // The slots of a batch are the places of its rows in the list, so that those of the rows left lie together.
    const first = list - (task.rows.list >>> 2);
    for (let k = 0; k < count; k++) run.slot[rows[k]] = first + k;
    kernels.storeMatrix(matrix, task.pool + first * task.slotBytes, task.slotBytes);
  }
  book(tally, "store", last, count, started);
}
