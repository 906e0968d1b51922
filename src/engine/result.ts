// What a run gives back: categories, activations on demand, and the figures of the run.

import type { Settings } from "./options.ts";
import type { WorkerReport } from "./task.ts";

/** Categories of all rows, activations on demand, and the figures of the run. Independent of the engine once it is there. */
export interface InferenceResult {
  /** Number of input rows. */
  readonly nrows: number;
  /** Values of an output row. */
  readonly outputs: number;
  /** 0-based numbers of the rows whose final activations are not all zero, rising. */
  readonly categories: Uint32Array;
  /**
   * Final activations of one row: a view of `outputs` f32, shared between equal rows; do not write to it.
   * @throws UsageError unless the engine was opened with keepActivations. @throws RangeError for a row out of range.
   */
  activations(row: number): Float32Array;
  readonly figures: RunFigures;
}

/** What a run did and how long it took. */
export interface RunFigures {
  readonly settings: Settings;
  /** rows x weights of all layers, and what was computed of it. */
  readonly nominalEdges: number;
  readonly computedEdges: number;
  /** `prepare` is the layout of the inputs; `infer` runs from inputs and weights in place to the categories. */
  readonly prepareSeconds: number;
  readonly inferSeconds: number;
  readonly workers: readonly WorkerReport[];
  /** Rows computed in each layer. */
  readonly computedRows: readonly number[];
  /** Input rows not all zero after each layer; null where the run did not look. */
  readonly liveRows: readonly (number | null)[];
  /** Bytes of weights, indices and biases in memory, and of the rows between layers that memory was set aside for. */
  readonly networkBytes: number;
  readonly activationBytes: number;
  /** What one worker goes through for one layer: the activations before and after it, and the largest layer. */
  readonly workingSetBytes: number;
  readonly peakMemoryBytes: number;
}
