// Rows through the network in formats, batch by batch: whole network for one batch, then the next. No stages: compressed
// activations do not carry rows of zeros along, so there is nothing to pack.

import { isTriply } from "../../../kernels/format-pairs.ts";
import { resetActivations } from "../../../kernels/format-records.ts";
import type { FormatPlan } from "../../place-formats.ts";
import type { Group } from "../group.ts";
import type { WorkerRun } from "../run.ts";
import { book } from "../tally.ts";
import { type FormatBatch, partsOf } from "./part.ts";
import { type Sharers, shareInGroup, shareWithHelpers } from "./sharers.ts";

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
function runBatch(run: WorkerRun, plan: FormatPlan, sharers: Sharers, batch: FormatBatch, list: number): void {
  const { formatKernels: kernels, memory, tally, team } = run;
  const { nrows, matrices } = batch;
  const parts = partsOf(plan, batch.leader, team.size);
  const flag = parts + 2 * team.size;
  let input: 0 | 1 = 0;
  sharers.once(0, () => {
    const started = performance.now();
    resetActivations(matrices[0], nrows, plan.layers[0].weights.nrows, memory);
    loadInputs(run, matrices[0].address, list, nrows);
    resetActivations(matrices[1], nrows, plan.layers[0].weights.ncols, memory);
    book(tally, "load", 0, nrows, started);
  });
  for (let l = 0; l < plan.layers.length; l++) {
    const size = sharers.size();
    sharers.all("symbolic", batch, l, input, size);
    sharers.all("numeric", batch, l, input, size);
    const { rule } = plan.layers[l];
    sharers.once(l, () => {
      const started = performance.now();
      run.words[flag] = kernels.seal((parts + team.size) * 4, size);
      tally.rowsByLayer[l] += nrows;
      book(tally, "numeric", l, nrows, started);
    });
    if (isTriply(plan.pair.activations) && run.words[flag] === 1) sharers.all("relabel", batch, l, input, size);
    if (rule.isSoftmax) sharers.all("softmax", batch, l, input, size);
    const next = plan.layers.at(l + 1);
    const read = matrices[input];
    input = input === 0 ? 1 : 0;
    if (next !== undefined) sharers.once(l, () => resetActivations(read, nrows, next.weights.ncols, memory));
  }
  sharers.once(plan.layers.length - 1, () => finishBatch(run, plan, batch, matrices[input].address, list));
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
function finishBatch(run: WorkerRun, plan: FormatPlan, batch: FormatBatch, matrix: number, list: number): void {
  const started = performance.now();
  const { formatKernels: kernels, task, tally, words } = run;
  const last = plan.layers.length - 1;
  const { flags } = plan.workers[run.team.worker];
  tally.liveByLayer[last] += kernels.liveRows(matrix, flags);
  tally.lookedByLayer[last] += batch.nrows;
  const alive = new Uint8Array(run.memory.buffer, flags, batch.nrows);
  for (let k = 0; k < batch.nrows; k++) run.alive[words[list + k]] = alive[k];
  if (task.keepActivations) {
    // A row's slot is its place in the list, so that the rows of a batch lie together.
    const first = list - (task.rows.list >>> 2);
    for (let k = 0; k < batch.nrows; k++) run.slot[words[list + k]] = first + k;
    kernels.storeMatrix(matrix, task.pool + first * task.slotBytes, task.slotBytes);
  }
  book(tally, "store", last, batch.nrows, started);
}
