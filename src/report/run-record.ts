// The record of one run, `gossamer.run/1`: what `gossamer infer --json` prints and what studies collect. Field names are a
// contract (docs/command-line.md): add fields, never change the meaning of one. Facts that only the process knows
// (its Node, its processor, its memory) are handed in, because this room runs in a page as well.

import type { RankFigures } from "../cluster/infer-rows.ts";
import type { CutRecord, RedealMode } from "../cluster/rank-driver.ts";
import type { Settings } from "../engine/options.ts";
import type { InferenceResult } from "../engine/result.ts";
import type { StageRecord } from "../engine/task.ts";
import type { SpanKind, WorkerReport } from "../engine/task.ts";
import { hashCategories, type TruthComparison } from "../network/categories.ts";
import { factsOf, type Network, type NetworkFacts } from "../network/network.ts";
import { hashesNeurons, hashesRows } from "../partition/hashing.ts";
import { edgesPerSecond } from "./rates.ts";
import { type LoadSpread, spreadOf } from "./study/spread.ts";

/** The schema of a run's record; another meaning of a field would be another schema. */
export const RUN_SCHEMA = "gossamer.run/1";

export interface WorkerBalance {
  readonly rank: number;
  readonly worker: number;
  readonly edges: number;
  readonly busySeconds: number;
  readonly waitSeconds: number;
  /** The above by what they were spent on. */
  readonly secondsByKind: Readonly<Record<SpanKind, number>>;
  /** Nonzeros of the input rows that it loaded, and stored weights of all layers (its largest share of each). */
  readonly inputNonzeros: number;
  readonly weights: number;
}

/** The record of one run; docs/command-line.md says what each field means. */
export interface RunRecord {
  readonly schema: typeof RUN_SCHEMA;
  readonly network: {
    readonly layers: number;
    readonly inputs: number;
    readonly outputs: number;
    readonly edges: number;
  };
  readonly rows: number;
  readonly settings: {
    readonly strategy: string;
    readonly hash: string;
    /** Null where it had nothing to say: without hashing, or under another strategy. */
    readonly hashMethod: string | null;
    readonly pickOrder: string | null;
    readonly tilesPerWorker: number | null;
    readonly rows: string;
    readonly workers: number;
    readonly ranks: number;
    /** Whether rows moved between ranks; null for one rank. */
    readonly redeal: string | null;
    /** "RxC": rows split R ways, neurons C ways; null where neurons were not split over ranks. */
    readonly grid: string | null;
    readonly kernel: string;
    readonly activationFormat: string;
    readonly weightFormat: string;
    readonly seed: number;
  };
  readonly categories: {
    readonly count: number;
    /** Of the sorted 1-based row numbers, each followed by a newline. */
    readonly sha256: string;
    readonly truth: TruthComparison["verdict"] | null;
    readonly missing: number | null;
    readonly extra: number | null;
  };
  readonly edges: { readonly nominal: number; readonly computed: number };
  readonly seconds: {
    readonly read: number;
    /** Layout of weights and inputs, compiling kernels, starting workers. */
    readonly prepare: number;
    /** From inputs and weights in the engine's own layout to the final categories. */
    readonly infer: number;
    /** The whole process so far. */
    readonly total: number;
  };
  /** Where layers were read while others were computed; null where all were in memory before. */
  readonly stream: StreamRecord | null;
  readonly edgesPerSecond: { readonly nominal: number | null; readonly computed: number | null };
  /** `imbalance`: largest over mean of the workers' computed edges; `edges` and `busySeconds` by further measures. */
  readonly balance: {
    readonly imbalance: number;
    readonly edges: LoadSpread;
    readonly busySeconds: LoadSpread;
    readonly workers: readonly WorkerBalance[];
    /** The same over ranks; null for one rank. */
    readonly ranks: { readonly edges: LoadSpread; readonly busySeconds: LoadSpread } | null;
  };
  /** What each rank did, and what ranks agreed on between layers; null for a run without ranks. */
  readonly ranks: readonly RankFigures[] | null;
  readonly cuts: readonly CutRecord[] | null;
  /** Layers of a saved state that the run went on from; null for a run from the start. */
  readonly resumedLayer: number | null;
  /** By layer: rows computed, and input rows not all zero after it (null where the run did not look). */
  readonly layers: {
    readonly computedRows: readonly number[];
    readonly liveRows: readonly (number | null)[];
  };
  /** How `auto` shared each run of layers, and why; null under the other strategies. */
  readonly choices: readonly StageChoice[] | null;
  /**
   * `peakBytes`: held by the process. `arenaBytes`: laid out in shared memory, of which untouched pages are not held; the
   * others are parts of that.
   */
  readonly memory: {
    readonly peakBytes: number;
    readonly arenaBytes: number;
    /** Weights, indices and biases as they lie in memory. */
    readonly weightBytes: number;
    /** Set aside for rows between layers. */
    readonly activationBytes: number;
    /** What one worker goes through for one layer: to be compared with a cache. */
    readonly workingSetBytes: number;
    /** What `--memory` allowed to the process; null for no limit. */
    readonly limitBytes: number | null;
  };
  readonly runtime: RuntimeFacts;
}

/** What a run read that streamed its layers. */
export interface StreamRecord {
  /** Layers that were placed before the run, and memory for the others. */
  readonly headLayers: number;
  readonly ringBytes: number;
  /** Blocks that the input rows came in; 1 where all were in memory before the run. */
  readonly inputBlocks: number;
  /** Of the layers read during the run. */
  readonly bytesRead: number;
  /** Seconds in which layers, and inputs, were being read: most of them while the workers computed. */
  readonly readSeconds: number;
  readonly inputSeconds: number;
  /** Seconds in which the workers waited for what was being read: the part of `seconds.infer` that reading is to blame for. */
  readonly waitSeconds: number;
  /** Layers whose columns were put in order as they were read; how many depends on how far reading was ahead. */
  readonly listedLayers: number;
  readonly bytesPerSecond: number | null;
}

/** One run of layers under `auto`: 0-based first layer, end (exclusive), rows that went in. */
export interface StageChoice {
  readonly firstLayer: number;
  readonly endLayer: number;
  readonly rows: number;
  readonly by: "rows" | "neurons";
  readonly why: string;
}

/** Where a run took place. */
export interface RuntimeFacts {
  readonly node: string;
  readonly cpu: string;
  readonly cores: number;
}

/** What the caller knows and the result does not. */
export interface RunFacts {
  readonly network: Network | NetworkFacts;
  readonly truth: TruthComparison | null;
  readonly seed: number;
  readonly readSeconds: number;
  /** Of opening the engine; the layout of the inputs is in the result. */
  readonly prepareSeconds: number;
  readonly totalSeconds: number;
  readonly peakBytes: number;
  /** Of the process, where there is one. */
  readonly limitBytes?: number | undefined;
  /** Of a run that streamed its layers. */
  readonly stream?: StreamRecord;
  readonly runtime: RuntimeFacts;
  /** Of a run on ranks: workers of the result are in the order of ranks. */
  readonly ranks?: {
    readonly figures: readonly RankFigures[];
    readonly workers: readonly number[];
    readonly redeal: RedealMode | null;
    /** Rows x neurons, where the neurons were split too. */
    readonly grid: string | null;
    readonly cuts: readonly CutRecord[];
    readonly resumedLayer: number | null;
  };
}

/** Builds the record of a run from its result and what the caller knows. */
export async function makeRunRecord(result: InferenceResult, facts: RunFacts): Promise<RunRecord> {
  const { figures } = result;
  const { network, truth, ranks } = facts;
  const rankOf = (ranks?.workers ?? [figures.workers.length]).flatMap((count, rank) =>
    Array.from({ length: count }, (_, worker) => [rank, worker] as const),
  );
  const infer = figures.inferSeconds;
  const edges = spreadOf(figures.workers.map((worker) => worker.edges));
  return {
    schema: RUN_SCHEMA,
    network: factsOf(network),
    rows: result.nrows,
    settings: {
      strategy: figures.settings.strategy,
      ...hashSettings(figures.settings),
      rows: figures.settings.rows,
      workers: figures.settings.workers,
      ranks: ranks?.figures.length ?? 1,
      redeal: ranks === undefined || ranks.figures.length === 1 ? null : ranks.redeal,
      grid: ranks?.grid ?? null,
      kernel: figures.settings.kernel,
      activationFormat: figures.settings.activationFormat,
      weightFormat: figures.settings.weightFormat,
      seed: facts.seed,
    },
    categories: {
      count: result.categories.length,
      sha256: await hashCategories(result.categories),
      truth: truth?.verdict ?? null,
      missing: truth?.missing ?? null,
      extra: truth?.extra ?? null,
    },
    edges: { nominal: figures.nominalEdges, computed: figures.computedEdges },
    seconds: {
      read: facts.readSeconds,
      prepare: facts.prepareSeconds + figures.prepareSeconds,
      infer,
      total: facts.totalSeconds,
    },
    stream: facts.stream ?? null,
    edgesPerSecond: {
      nominal: edgesPerSecond(figures.nominalEdges, infer),
      computed: edgesPerSecond(figures.computedEdges, infer),
    },
    balance: {
      imbalance: edges.maxOverMean,
      edges,
      busySeconds: spreadOf(figures.workers.map((worker) => worker.busySeconds)),
      workers: figures.workers.map((report, k) => balanceOfWorker(report, ...(rankOf[k] ?? [0, k]))),
      ranks:
        ranks === undefined || ranks.figures.length === 1
          ? null
          : {
              edges: spreadOf(ranks.figures.map((rank) => rank.edges)),
              busySeconds: spreadOf(ranks.figures.map((rank) => rank.busySeconds)),
            },
    },
    ranks: ranks?.figures ?? null,
    cuts: ranks?.cuts ?? null,
    resumedLayer: ranks?.resumedLayer ?? null,
    layers: { computedRows: figures.computedRows, liveRows: figures.liveRows },
    choices:
      figures.settings.strategy === "auto" ? figures.workers.flatMap(({ stages }) => stages.map(choiceOf)) : null,
    memory: {
      peakBytes: facts.peakBytes,
      arenaBytes: figures.peakMemoryBytes,
      weightBytes: figures.networkBytes,
      activationBytes: figures.activationBytes,
      workingSetBytes: figures.workingSetBytes,
      limitBytes: facts.limitBytes ?? null,
    },
    runtime: facts.runtime,
  };
}

function choiceOf({ firstLayer, endLayer, rows, by, estimate }: StageRecord): StageChoice {
  const why =
    estimate === null
      ? "formats other than tiles are dealt out by rows"
      : `expected a layer: ${expected(estimate.rows)} by rows, ${expected(estimate.neurons)} by neurons`;
  return { firstLayer, endLayer, rows, by, why };
}

function expected(seconds: number): string {
  return Number.isFinite(seconds) ? `${(seconds * 1e6).toFixed(1)} us` : "too many rows to share";
}

/** The settings that only some runs have; null elsewhere, so that equal runs have equal settings. */
function hashSettings(
  settings: Settings,
): Pick<RunRecord["settings"], "hash" | "hashMethod" | "pickOrder" | "tilesPerWorker"> {
  const { hash, hashMethod, strategy, pickOrder, tilesPerWorker } = settings;
  const hasTiles = strategy === "manager-worker" || strategy === "work-stealing";
  return {
    hash,
    hashMethod: hashesRows(hash) || hashesNeurons(hash) ? hashMethod : null,
    pickOrder: strategy === "data-then-model" ? pickOrder : null,
    tilesPerWorker: hasTiles ? tilesPerWorker : null,
  };
}

function balanceOfWorker(report: WorkerReport, rank: number, worker: number): WorkerBalance {
  const { edges, busySeconds, waitSeconds, secondsByKind, inputNonzeros, weightsByLayer } = report;
  const weights = weightsByLayer.reduce((sum, count) => sum + count, 0);
  return { rank, worker, edges, busySeconds, waitSeconds, secondsByKind, inputNonzeros, weights };
}
