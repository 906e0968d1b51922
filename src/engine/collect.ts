// From the tables in shared memory to the result that the caller keeps: nothing in it points into that memory.

import { UsageError } from "../core/errors.ts";
import type { NetworkShape } from "../network/network.ts";
import type { NeuronOrder } from "../partition/neuron-order.ts";
import type { LoadedNetwork } from "./loaded-network.ts";
import type { Settings } from "./options.ts";
import type { InferenceResult } from "./result.ts";
import { DEAD, NO_SLOT, type RunTask, type WorkerReport } from "./task.ts";

export interface RunOutcome {
  readonly shape: NetworkShape;
  readonly settings: Settings;
  readonly memory: WebAssembly.Memory;
  readonly task: RunTask;
  readonly reports: readonly WorkerReport[];
  /** Final activations by computed row, or null where they were not asked for. */
  readonly kept: KeptRows | null;
  readonly seconds: { readonly prepare: number; readonly infer: number };
  readonly peakBytes: number;
}

/** Final activations, outputs in their own order, by the row that was computed. */
export type KeptRows = Map<number, Float32Array>;

export function collectResult(outcome: RunOutcome): InferenceResult {
  const { shape, settings, task, reports, kept } = outcome;
  const { nrows } = task;
  const { outputs } = shape;
  const leaders = resolveLeaders(outcome);
  const alive = new Uint8Array(outcome.memory.buffer, task.rows.alive, nrows);
  const found: number[] = [];
  for (let row = 0; row < nrows; row++) if (leaders[row] !== DEAD && alive[leaders[row]] === 1) found.push(row);
  const zeros = new Float32Array(outputs);
  return {
    nrows,
    outputs,
    categories: Uint32Array.from(found),
    activations(row) {
      if (kept === null) throw new UsageError("activations were not kept: open the engine with keepActivations");
      if (!(Number.isInteger(row) && row >= 0 && row < nrows))
        throw new RangeError(`row ${row}, expected 0 to ${nrows - 1}`);
      return leaders[row] === DEAD ? zeros : (kept.get(leaders[row]) ?? zeros);
    },
    figures: {
      settings,
      nominalEdges: nrows * shape.edges,
      computedEdges: reports.reduce((sum, report) => sum + report.edges, 0),
      prepareSeconds: outcome.seconds.prepare,
      inferSeconds: outcome.seconds.infer,
      workers: reports,
      computedRows: sumByLayer(reports.map((report) => report.rowsByLayer)),
      liveRows: sumLiveRows(reports),
      networkBytes: task.layers.reduce((sum, layer) => sum + layer.bytes, 0),
      activationBytes: task.slots * task.slotBytes,
      workingSetBytes: workingSetBytes(task, reports),
      peakMemoryBytes: outcome.peakBytes,
    },
  };
}

/** For every row the row that was computed to the end in its place, or DEAD. A row joined late points to one joined later. */
function resolveLeaders({ memory, task }: RunOutcome): Uint32Array {
  const leaders = new Uint32Array(memory.buffer, task.rows.leader, task.nrows).slice();
  for (let row = 0; row < leaders.length; row++) {
    let top = row;
    while (leaders[top] !== DEAD && leaders[top] !== top) top = leaders[top];
    const end = leaders[top];
    for (let at = row; leaders[at] !== end && at !== top; ) {
      const next = leaders[at];
      leaders[at] = end;
      at = next;
    }
  }
  return leaders;
}

/** Copies the final activations of every row that a pass has taken to the end, before another pass uses their slots. */
export function keepActivations(
  kept: KeptRows,
  { memory, task, loaded }: { memory: WebAssembly.Memory; task: RunTask; loaded: LoadedNetwork },
): void {
  const { shape, layers, outputOrder } = loaded;
  const { rowCount } = task;
  const slot = new Uint32Array(memory.buffer, task.rows.slot, rowCount);
  const leader = new Uint32Array(memory.buffer, task.rows.leader, rowCount);
  const neurons = layers[layers.length - 1].ncols;
  const places = placesOfOutputs(shape, outputOrder);
  for (let row = 0; row < rowCount; row++) {
    if (leader[row] !== row || slot[row] === NO_SLOT || kept.has(row)) continue;
    const stored = new Float32Array(memory.buffer, task.pool + slot[row] * task.slotBytes, neurons);
    kept.set(row, places === null ? stored.slice() : Float32Array.from(places, (place) => stored[place]));
  }
}

/** For every output where its neuron lies in a stored row; null where each lies at its own number. */
function placesOfOutputs({ outputMap }: NetworkShape, order: NeuronOrder | null): Uint32Array | null {
  if (outputMap === null || order === null) return outputMap ?? order;
  return outputMap.map((neuron) => order[neuron]);
}

/** Rows of a batch, or all that the team shares where a stage was split by neurons, in two buffers; and one layer. */
function workingSetBytes(
  { layers, batchLanes, sharedLanes, nrows: rows }: RunTask,
  reports: readonly WorkerReport[],
): number {
  const isShared = reports.some(({ stages }) => stages.some(({ by }) => by === "neurons"));
  const lanes = Math.min(isShared ? sharedLanes : batchLanes, rows);
  const activations = Math.max(...layers.map(({ nrows, ncols }) => nrows + ncols)) * lanes * 4;
  return activations + Math.max(...layers.map(({ bytes }) => bytes));
}

/** null where rows were computed that nobody looked at; 0 where none was left. */
function sumLiveRows(reports: readonly WorkerReport[]): (number | null)[] {
  const live = sumByLayer(reports.map((report) => report.liveByLayer));
  const computed = sumByLayer(reports.map((report) => report.rowsByLayer));
  const looked = sumByLayer(reports.map((report) => report.lookedByLayer));
  return live.map((count, l) => (looked[l] < computed[l] ? null : count));
}

function sumByLayer(reports: readonly Float64Array[]): number[] {
  const sums = Array.from(reports[0]);
  for (const report of reports.slice(1)) for (let l = 0; l < report.length; l++) sums[l] += report[l];
  return sums;
}
