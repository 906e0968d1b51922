// What a row group is asked for and what it gives back; infer-grid-group.ts does it.

import type { RowMode } from "../../engine/options.ts";
import type { WorkerReport } from "../../engine/task.ts";
import type { KernelId } from "../../kernels/catalog.ts";
import type { Communicator } from "../../mpi/communicator.ts";
import type { HashMethod, HashMode } from "../../partition/hashing.ts";
import type { CsrMatrix } from "../../sparse/matrix.ts";
import type { Fault } from "../../threads/faults.ts";
import type { LayerSource } from "./deal-layers.ts";
import type { GridCuts } from "./grid-cuts.ts";
import type { Member } from "./group-link.ts";

export interface GridSettings {
  readonly workers: number;
  readonly rows: RowMode;
  /** Rows are split by the caller: of a mode only what it does to neurons counts here. */
  readonly hash: HashMode;
  readonly hashMethod: HashMethod;
  readonly seed: number;
  readonly kernel: KernelId;
  readonly keepActivations: boolean;
  /** Upper limit of the shared memory in bytes; at most 4 GiB. */
  readonly memoryBytes?: number;
  /** False prepares sooner and makes the run slower; default true. */
  readonly warmUp?: boolean;
  /** For tests: no more rows than this between stages, so that the others go through in another pass. */
  readonly poolRows?: number;
  /** For tests of failures only. */
  readonly fault?: Fault | null;
}

export interface GridGroupOptions {
  /** The ranks of the row group. */
  readonly comm: Communicator;
  /** This rank as it is to be named when it fails. */
  readonly member: Member;
  readonly network: LayerSource;
  /** The rows that this rank has read; the group's are those of its ranks, one after the other. */
  readonly inputs: CsrMatrix;
  readonly settings: GridSettings;
  /** Called once the layers are dealt, with the stored weights of all; default: nobody meets between layers. */
  readonly openCuts?: ((networkEdges: number, widths: readonly number[]) => Promise<GridCuts | null>) | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Called often with the share of the work done, by layers and batches: 0 to 1; a second pass begins at 0 again. */
  readonly onProgress?: ((share: number) => void) | undefined;
}

/** Figures of this rank, and of the group's rows. Arrays have one element a layer. */
export interface GridFigures {
  /** Edges that this rank computed; those of all ranks together are the group's. */
  readonly computedEdges: number;
  /** Stored weights of all layers, of all ranks. */
  readonly networkEdges: number;
  /** One a thread; the last is the main thread, which computes where little is left to share, or is the only worker. */
  readonly workers: readonly WorkerReport[];
  readonly prepareSeconds: number;
  readonly inferSeconds: number;
  /** Of the main thread: in the MPI library, and asleep because nothing had come. */
  readonly communicationSeconds: number;
  readonly sleepSeconds: number;
  /** What this rank sent of the activations after each layer. */
  readonly bytesSent: Float64Array;
  readonly messagesSent: Float64Array;
  /** Neurons of each layer that this rank owns, and lines of them that it sends, added up over the receivers. */
  readonly ownNeurons: Float64Array;
  readonly linesSent: Float64Array;
  /** Rows of the group computed in each layer, and input rows not all zero after it (null where nobody looked). */
  readonly computedRows: readonly number[];
  readonly liveRows: readonly (number | null)[];
  readonly networkBytes: number;
  readonly activationBytes: number;
  readonly peakMemoryBytes: number;
}

export interface GridGroupResult {
  /** Rows of the group, then its guests. */
  readonly nrows: number;
  /** 1 for rows whose final activations are not all zero. */
  readonly alive: Uint8Array;
  /** For every row the row that was computed in its place; DEAD (task.ts) for rows that became all zero. */
  readonly leaders: Uint32Array;
  /** Neurons of the last layer that this rank owns, in the order of its activations. */
  readonly outputs: Uint32Array;
  /** Final activations of the own output neurons of one row. @throws UsageError unless they were kept. */
  activations(row: number): Float32Array;
  readonly figures: GridFigures;
}
