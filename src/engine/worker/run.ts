// Everything a worker needs during one run: kernels, typed views of the shared tables, and the figures that it collects.

import type { FormatKernels } from "../../kernels/format-kernels.ts";
import type { Kernels } from "../../kernels/kernels.ts";
import type { PlacedLayer } from "../../kernels/layer-record.ts";
import type { TeamWorker } from "../../threads/program.ts";
import type { InferTask, PlacedInputs } from "../task.ts";
import type { Crew } from "./crew.ts";
import { makeTally, type Tally } from "./tally.ts";

export interface WorkerRun {
  readonly task: InferTask;
  readonly team: TeamWorker;
  readonly kernels: Kernels;
  readonly formatKernels: FormatKernels;
  readonly memory: WebAssembly.Memory;
  readonly layers: readonly PlacedLayer[];
  /** For rows that come from the inputs: before layer 0. */
  readonly inputs: PlacedInputs;
  /** The whole memory as 32-bit words, for small lists. */
  readonly words: Uint32Array;
  readonly leader: Uint32Array;
  readonly weight: Uint32Array;
  /** Signed, because V8 handles those as they come: what counts are the bits. */
  readonly hash: Int32Array;
  readonly slot: Uint32Array;
  readonly alive: Uint8Array;
  readonly tally: Tally;
  /** Other workers that may help with this one's batches; null where the strategy has no such thing. */
  readonly crew: Crew | null;
}

const NO_INPUTS: PlacedInputs = {
  nrows: 0,
  ncols: 0,
  rowPtr: 0,
  colIdx: 0,
  idxBytes: 2,
  values: 0,
  valueStep: 0,
  isSorted: true,
};

/** Views are made here, at the start of a run, because the memory may have grown since the last one. */
export function makeWorkerRun(
  task: InferTask,
  team: TeamWorker,
  kernels: Kernels,
  formatKernels: FormatKernels,
  memory: WebAssembly.Memory,
): WorkerRun {
  const { buffer } = memory;
  const { rows, rowCount, layers } = task;
  return {
    task,
    team,
    kernels,
    formatKernels,
    memory,
    layers,
    inputs: task.inputs ?? NO_INPUTS,
    words: new Uint32Array(buffer),
    leader: new Uint32Array(buffer, rows.leader, rowCount),
    weight: new Uint32Array(buffer, rows.weight, rowCount),
    hash: new Int32Array(buffer, rows.hash, rowCount),
    slot: new Uint32Array(buffer, rows.slot, rowCount),
    alive: new Uint8Array(buffer, rows.alive, rowCount),
    tally: makeTally(layers.length, task.trace),
    crew: null,
  };
}

/** Entries of an input row. */
export function entriesOf({ words, inputs }: WorkerRun, row: number): number {
  const at = (inputs.rowPtr >>> 2) + row;
  return words[at + 1] - words[at];
}

/** True when rows of zeros may be dropped once layer l is computed. */
export function mayDrop(task: InferTask, l: number): boolean {
  return task.rowMode !== "all" && l + 1 >= task.zeroSafeFrom;
}
