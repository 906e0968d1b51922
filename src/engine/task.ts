// The task of one inference as the workers get it: sizes, settings, and the addresses of everything in shared memory.

import type { PlacedLayer } from "../kernels/layer-record.ts";
import type { SharingEstimate } from "./stage-plan.ts";
import type { FormatPlan } from "./place-formats.ts";
import type { Deques } from "../threads/deque.ts";
import type { ForkWords } from "../threads/fork.ts";
import type { CompiledKernels } from "../kernels/catalog.ts";
import type { PickOrder, RowMode, Strategy } from "./options.ts";

// Marks below 2^31: V8 keeps larger numbers in another form, and throws away code that it optimised for small ones. Rows and
// slots, of at least 4 bytes in a memory of 4 GiB, have smaller numbers than the marks.

/** In `leader`: this row is all zero from some layer on. */
export const DEAD = 0x7fff_ffff;
/** In `slot`: this row has no place in the pool. */
export const NO_SLOT = 0x7fff_ffff;
/** In `slot`: this row has gone through all layers, and nothing of it is kept. */
export const FINISHED_SLOT = 0x7fff_fffe;

/** Data of a team, the same for every run. */
export interface TeamData {
  readonly memory: WebAssembly.Memory;
  readonly kernels: CompiledKernels;
}

/** Addresses of the inputs. Where only some rows are in memory, the row pointers of the others mean nothing. */
export interface PlacedInputs {
  readonly nrows: number;
  readonly ncols: number;
  /** u32 x (nrows + 1). */
  readonly rowPtr: number;
  /** u16 or u32 x nnz. */
  readonly colIdx: number;
  readonly idxBytes: number;
  /** f32 x nnz, or x 1 when valueStep is 0. */
  readonly values: number;
  readonly valueStep: number;
  /** The indices of every row rise. */
  readonly isSorted: boolean;
}

/** Addresses of the arrays that say what became of each input row; each has one element a row. */
export interface RowTables {
  /** u32: the row itself, the row that it equals, or DEAD. */
  readonly leader: number;
  /** u32: how many input rows this one stands for. */
  readonly weight: number;
  /** u32: hash of the row where it was stored last. */
  readonly hash: number;
  /** u32: the row's place in the pool, or NO_SLOT. */
  readonly slot: number;
  /** u32: rows still computed, in the order that hashing gave them; groups of workers own ranges of it. */
  readonly list: number;
  /** u8: 1 when the final activations are not all zero. */
  readonly alive: number;
}

/** Memory of one worker. */
export interface WorkerBuffers {
  /** Two activation buffers of `batchLanes` x the widest layer or input, f32. */
  readonly a: number;
  readonly b: number;
  /** u32 x 2 batchLanes: addresses of dense rows, or of lanes and what lies between their neurons. */
  readonly addresses: number;
  /** Scratch of `spmm`: LIST_ENTRIES u32. */
  readonly list: number;
  /** The widest layer or input, f32, that are written and never read. */
  readonly unwanted: number;
  /** u32 x batchLanes each: row numbers and masks of a batch that several workers look at. */
  readonly rowList: number;
  readonly masks: number;
}

/** What holds for a whole run. */
export interface RunTask {
  readonly layers: readonly PlacedLayer[];
  /** Descriptor of layer 0 by its rows (layer-by-rows.ts), or 0. */
  readonly firstByRows: number;
  /** Set when activations and weights are in other formats than tiles x CSC. */
  readonly formats: FormatPlan | null;
  readonly rowMode: RowMode;
  readonly strategy: Strategy;
  readonly pickOrder: PickOrder;
  readonly trace: boolean;
  /** Rows of the run. */
  readonly nrows: number;
  readonly rows: RowTables;
  /** Rows that the tables hold: those of the inputs, then room for rows that come from elsewhere. */
  readonly rowCount: number;
  readonly buffers: readonly WorkerBuffers[];
  /** Activation buffers that the whole team shares, for model parallelism; `addresses` as above. */
  readonly shared: WorkerBuffers;
  /** Lanes that a worker's buffers, and the shared ones, hold. */
  readonly batchLanes: number;
  readonly sharedLanes: number;
  /** Dense rows between stages. */
  readonly pool: number;
  readonly slotBytes: number;
  readonly slots: number;
  /** PIECE_WORDS u32 a piece (pieces.ts), and how many pieces there are. */
  readonly pieceWords: number;
  readonly pieces: number;
  /** Rows may be dropped after layer l when l + 1 >= this. */
  readonly zeroSafeFrom: number;
  /** Final activations go to the pool. */
  readonly keepActivations: boolean;
  /** Widest tile, see tiles.ts. */
  readonly lanes: number;
  /** True when every worker can have a core of its own, so that a barrier is cheap. */
  readonly hasCores: boolean;
}

/** One segment of a run: the rows on the lists through layers firstLayer .. endLayer-1, which lie in memory. */
export interface SegmentTask {
  /** Entries of the rows on the lists, others need not be there; null after layer 0, where rows come from the pool. */
  readonly inputs: PlacedInputs | null;
  /** Rows come from the inputs where this is 0, else from the pool. */
  readonly firstLayer: number;
  readonly endLayer: number;
  /** The lists were dealt anew: rows on them may be equal. */
  readonly mergeFirst: boolean;
  /** Queues of row tiles of `work-stealing`. */
  readonly deques: Deques;
  /** Where workers of `data-then-model` find each other. */
  readonly forks: ForkWords;
}

/** What workers do in a segment. */
export type InferTask = RunTask & SegmentTask;

/** What a worker is sent: the run with its first segment only, since a list of many layers is dear to send. */
export interface SegmentMessage {
  readonly kind: "infer";
  readonly run: RunTask | null;
  readonly segment: SegmentTask;
}

/** What a worker can spend its time on. `wait` is the only one that is not busy. */
export const SPAN_KINDS = [
  "load",
  "compute",
  "pack",
  "store",
  "merge",
  "wait",
  "symbolic",
  "numeric",
  "allocate",
] as const;
export type SpanKind = (typeof SPAN_KINDS)[number];

/** One stretch of a worker's time. */
export interface Span {
  readonly kind: SpanKind;
  readonly layer: number;
  readonly rows: number;
  /** Milliseconds since the Unix epoch, and in all. */
  readonly startMs: number;
  readonly durationMs: number;
}

/** A stage as a group of workers went through it. */
export interface StageRecord {
  readonly group: number;
  readonly firstLayer: number;
  readonly endLayer: number;
  readonly rows: number;
  readonly by: "rows" | "neurons";
  /** What decided, where the strategy left it open; null where it did not. */
  readonly estimate: SharingEstimate | null;
}

/** What a worker did in a run. Arrays have one element a layer. */
export interface WorkerReport {
  readonly edges: number;
  /** Nonzeros of the input rows that the worker loaded: what a split of the rows gave it. */
  readonly inputNonzeros: number;
  readonly busySeconds: number;
  readonly waitSeconds: number;
  readonly secondsByKind: Readonly<Record<SpanKind, number>>;
  readonly secondsByKindAndLayer: Readonly<Record<SpanKind, Float64Array>>;
  readonly edgesByLayer: Float64Array;
  readonly busySecondsByLayer: Float64Array;
  readonly waitSecondsByLayer: Float64Array;
  /** Stored weights assigned: of all columns, or of the largest share of them, that the worker multiplied rows by. */
  readonly weightsByLayer: Float64Array;
  /** Rows computed in each layer (rows shared by several workers count for the first of them). */
  readonly rowsByLayer: Float64Array;
  /** Input rows not all zero after each layer, equal rows counted each, among the `lookedByLayer` rows looked at. */
  readonly liveByLayer: Float64Array;
  readonly lookedByLayer: Float64Array;
  /** Stages of the groups that this worker led. */
  readonly stages: readonly StageRecord[];
  /** Every span, when the run was traced. */
  readonly trace: readonly Span[];
}

/** What a worker says at the end of a segment: arrays begin with layer `firstLayer` and have the layers around the segment. */
export interface SegmentReport extends WorkerReport {
  readonly firstLayer: number;
}
