// One member's part of one layer on one batch, in the two phases of a product of formats. Members leave what the others
// must know in the leader's words: entries counted, their task's address.

import { isByRows, isDense } from "../../../kernels/format-pairs.ts";
import { needsJoin, readTask, setPlace, setTask } from "../../../kernels/format-records.ts";
import { pieceStart } from "../../../partition/hashing.ts";
import { type FormatPlan, type MatrixPair, partWords } from "../../place-formats.ts";
import type { WorkerRun } from "../run.ts";
import { assignWeights, book, countProducts } from "../tally.ts";

/** A batch as all members see it. */
export interface FormatBatch {
  /** The worker that leads: its words hold the parts. */
  readonly leader: number;
  readonly matrices: MatrixPair;
  readonly nrows: number;
}

export interface PartOf {
  readonly l: number;
  /** Which of the two matrices is read. */
  readonly input: 0 | 1;
  readonly member: number;
  readonly size: number;
}

/** First word of a leader's parts: counts, then task addresses, then the flag. */
export function partsOf(plan: FormatPlan, leader: number, workers: number): number {
  return (plan.parts >>> 2) + leader * partWords(workers);
}

/** Counts what the part will store at most, and readies the member's task for `computePart`. */
export function countPart(run: WorkerRun, plan: FormatPlan, batch: FormatBatch, part: PartOf): void {
  const started = performance.now();
  const { formatKernels: kernels, memory, words, team } = run;
  const { l, input, member, size } = part;
  const { weights, rule, columnStarts } = plan.layers[l];
  const own = plan.workers[team.worker];
  const firstColumn = pieceStart(weights.ncols, member, size);
  const endColumn = pieceStart(weights.ncols, member + 1, size);
  const needsCuts = size > 1 && isByRows(plan.pair.weights) && !isDense(plan.pair.weights);
  if (needsCuts) {
    kernels.cut(weights.address, firstColumn, own.cutBegin);
    kernels.cut(weights.address, endColumn, own.cutEnd);
  }
  const cuts = needsCuts ? { begin: own.cutBegin, end: own.cutEnd } : null;
  const output = batch.matrices[1 - input];
  setTask(
    own.task,
    { input: batch.matrices[input], weights, output, rule, part: member, firstColumn, endColumn, cuts, place: 0 },
    memory,
  );
  if (needsJoin(plan.pair.activations, plan.pair.weights)) kernels.join(own.task.address);
  const count = isDense(plan.pair.activations) ? 0 : kernels.symbolic(own.task.address);
  assignWeights(run.tally, l, words[(columnStarts >>> 2) + endColumn] - words[(columnStarts >>> 2) + firstColumn]);
  const parts = partsOf(plan, batch.leader, team.size);
  words[parts + member] = count;
  words[parts + team.size + member] = own.task.address;
  book(run.tally, "symbolic", l, batch.nrows, started);
}

/** Computes the part; all counts of the layer must be there. */
export function computePart(run: WorkerRun, plan: FormatPlan, batch: FormatBatch, part: PartOf): void {
  const started = performance.now();
  const { formatKernels: kernels, memory, words, team } = run;
  const { l, member } = part;
  const { task } = plan.workers[team.worker];
  const parts = partsOf(plan, batch.leader, team.size);
  let place = 0;
  for (let before = 0; before < member; before++) place += words[parts + before];
  setPlace(task, place, memory);
  kernels.numeric(task.address);
  const { edges } = readTask(task, memory);
  countProducts(run.tally, l, edges);
  book(run.tally, "numeric", l, batch.nrows, started);
}

/** Renumbers the part of a triply compressed result. */
export function relabelPart(run: WorkerRun, plan: FormatPlan, { l }: PartOf): void {
  const started = performance.now();
  run.formatKernels.relabel(plan.workers[run.team.worker].task.address);
  book(run.tally, "numeric", l, 0, started);
}

/** Softmax of the member's share of the rows of the layer's result. */
export function softmaxPart(run: WorkerRun, batch: FormatBatch, part: PartOf): void {
  const first = pieceStart(batch.nrows, part.member, part.size);
  const end = pieceStart(batch.nrows, part.member + 1, part.size);
  run.formatKernels.softmaxMatrix(batch.matrices[1 - part.input].address, first, end);
}
