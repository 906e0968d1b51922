// What a run can be asked for, as closed tables that also feed the command line's help and the tests.

import { checkChoice, checkInteger } from "../core/checks.ts";
import { UsageError } from "../core/errors.ts";
import { KERNEL_IDS, type KernelId, probeFastestKernel } from "../kernels/catalog.ts";
import { MAX_DEQUE_LENGTH } from "../threads/deque.ts";
import { FACTOR_FORMATS, type FactorFormat, type FormatPair, refuseReason } from "../kernels/format-pairs.ts";
import { HASH_METHODS, HASH_MODES, type HashMethod, type HashMode } from "../partition/hashing.ts";
import type { Fault } from "../threads/faults.ts";

/**
 * `all`: every row through every layer. `nonzero`: a row that has become all zero is dropped where that is exact.
 * `distinct`: equal rows are computed once as well.
 */
export const ROW_MODES = ["all", "nonzero", "distinct"] as const;
/** One of ROW_MODES. */
export type RowMode = (typeof ROW_MODES)[number];

/**
 * Who computes what; docs/strategies.md shows each. `data`: every worker takes its share of the rows through the whole
 * network. `model`: every worker computes its share of the neurons of every layer for all rows. `data-then-model`: as
 * `data`, but workers that are done join the others and share the rest of their layers. `manager-worker`: one queue of
 * row tiles. `work-stealing`: a queue of row tiles a worker, and idle workers steal. `auto`: rows are dealt out in
 * batches, survivors are merged and dealt anew, and the few rows left at the end are computed by neurons.
 */
export const STRATEGIES = ["auto", "data", "model", "data-then-model", "manager-worker", "work-stealing"] as const;
/** One of STRATEGIES. */
export type Strategy = (typeof STRATEGIES)[number];

/**
 * Which busy worker an idle one joins under `data-then-model`: the first by number, the one with the most work left, or
 * the one with the least.
 */
export const PICK_ORDERS = ["earliest-first", "slower-first", "faster-first"] as const;
export type PickOrder = (typeof PICK_ORDERS)[number];

/** `tile`: groups of rows, neuron-major: the fast path, with weights in CSC. The others hold a batch as one matrix. */
export type ActivationFormat = "tile" | FactorFormat;
export const ACTIVATION_FORMATS: readonly ActivationFormat[] = ["tile", ...FACTOR_FORMATS];
export type WeightFormat = FactorFormat;
export const WEIGHT_FORMATS: readonly WeightFormat[] = FACTOR_FORMATS;

/** The most threads that a run may have. */
export const MAX_WORKERS = 256;
/** Row tiles a worker in the queues of `manager-worker` and `work-stealing`. Source: the reference system. */
export const DEFAULT_TILES_PER_WORKER = 8;
export const MAX_TILES_PER_WORKER: number = MAX_DEQUE_LENGTH;

/** What an engine can be asked for; every option has a default. */
export interface EngineOptions {
  readonly workers?: number;
  readonly strategy?: Strategy;
  readonly rows?: RowMode;
  readonly hash?: HashMode;
  readonly hashMethod?: HashMethod;
  /** Seed of `hashMethod` random. */
  readonly seed?: number;
  readonly pickOrder?: PickOrder;
  readonly tilesPerWorker?: number;
  /** Keep every span of every worker's time, for `RunFigures.workers[].trace`. */
  readonly trace?: boolean;
  readonly kernel?: KernelId | "auto";
  /** Formats of activations and weights; tiles x CSC is the fast path, the others are for study. */
  readonly activationFormat?: ActivationFormat;
  readonly weightFormat?: WeightFormat;
  /** Keep the final activations of every distinct row, for `InferenceResult.activations`. */
  readonly keepActivations?: boolean;
  /** False opens the engine sooner (by about half a second) and makes its first run slower; default true. */
  readonly warmUp?: boolean;
  /** Upper limit of the shared memory in bytes; at most 4 GiB. */
  readonly memoryBytes?: number;
  /** Ends the opening with an InterruptedError; every run has a signal of its own. */
  readonly signal?: AbortSignal;
  /** For tests of failures only. */
  readonly fault?: Fault | null;
  readonly failAllocation?: number;
}

/** The options of an engine with every default filled in. */
export interface Settings {
  readonly workers: number;
  readonly strategy: Strategy;
  readonly rows: RowMode;
  readonly hash: HashMode;
  readonly hashMethod: HashMethod;
  readonly seed: number;
  readonly pickOrder: PickOrder;
  readonly tilesPerWorker: number;
  readonly trace: boolean;
  readonly kernel: KernelId;
  readonly activationFormat: ActivationFormat;
  readonly weightFormat: WeightFormat;
  readonly keepActivations: boolean;
}

/** Options with every default filled in. @throws UsageError */
export function resolveSettings(options: EngineOptions, cores: number): Settings {
  const kernel = options.kernel ?? "auto";
  const activationFormat = checkChoice(options.activationFormat ?? "tile", ACTIVATION_FORMATS, "activation format");
  const weightFormat = checkChoice(options.weightFormat ?? "csc", WEIGHT_FORMATS, "weight format");
  checkFormats(activationFormat, weightFormat);
  return {
    workers: checkInteger(options.workers ?? Math.min(cores, MAX_WORKERS), 1, MAX_WORKERS, "workers"),
    strategy: checkChoice(options.strategy ?? "auto", STRATEGIES, "strategy"),
    rows: checkRowMode(options.rows, activationFormat),
    hash: checkChoice(options.hash ?? "none", HASH_MODES, "hash"),
    hashMethod: checkChoice(options.hashMethod ?? "deal", HASH_METHODS, "hash method"),
    seed: checkInteger(options.seed ?? 1, 0, 0xffff_ffff, "seed"),
    pickOrder: checkChoice(options.pickOrder ?? "slower-first", PICK_ORDERS, "pick order"),
    tilesPerWorker: checkInteger(
      options.tilesPerWorker ?? DEFAULT_TILES_PER_WORKER,
      1,
      MAX_TILES_PER_WORKER,
      "tiles per worker",
    ),
    trace: options.trace ?? false,
    activationFormat,
    weightFormat,
    kernel: kernel === "auto" ? probeFastestKernel() : checkChoice(kernel, KERNEL_IDS, "kernel"),
    keepActivations: options.keepActivations ?? false,
  };
}

/** Settings of one run: those of the engine, but for what was chosen anew. @throws UsageError */
export function overrideSettings(
  settings: Settings,
  chosen: { readonly strategy?: Strategy; readonly pickOrder?: PickOrder },
): Settings {
  return {
    ...settings,
    strategy: checkChoice(chosen.strategy ?? settings.strategy, STRATEGIES, "strategy"),
    pickOrder: checkChoice(chosen.pickOrder ?? settings.pickOrder, PICK_ORDERS, "pick order"),
  };
}

/** The formats of a run for study, or null on the fast path. */
export function formatPairOf({ activationFormat, weightFormat }: Settings): FormatPair | null {
  return activationFormat === "tile" ? null : { activations: activationFormat, weights: weightFormat };
}

function checkFormats(activations: ActivationFormat, weights: WeightFormat): void {
  if (activations === "tile") {
    if (weights !== "csc") throw new UsageError(`weight format is ${weights}, expected csc with activations in tiles`);
    return;
  }
  const reason = refuseReason({ activations, weights });
  if (reason !== null) throw new UsageError(reason);
}

/** In formats, which are for study, equal rows are joined only where that is asked for. */
function checkRowMode(rows: RowMode | undefined, format: ActivationFormat): RowMode {
  return checkChoice(rows ?? (format === "tile" ? "distinct" : "nonzero"), ROW_MODES, "rows");
}

/** The fewest bytes that a run can work with. */
const MIN_MEMORY_BYTES = 16 * 1024 * 1024;

export function checkMemoryLimit(bytes: number | undefined): void {
  if (bytes !== undefined && !(bytes >= MIN_MEMORY_BYTES)) {
    throw new UsageError(`memory limit is ${bytes} bytes, expected at least ${MIN_MEMORY_BYTES}`);
  }
}
