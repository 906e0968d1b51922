// Records of studies made by hand, for tests of what is said about them.

import { SPAN_KINDS, type SpanKind } from "../engine/task.ts";
import { spreadOf } from "../report/study/spread.ts";
import { STUDY_SCHEMA, type StudyRecord } from "../report/study/study-record.ts";

export interface RecordWish {
  readonly strategy: string;
  readonly hash: string;
  /** By default `deal`, where there is hashing. */
  readonly hashMethod?: string;
  readonly workers: number;
  readonly seconds: number;
  /** Computed by each worker; the busy time is in proportion to it. */
  readonly edges: readonly number[];
  readonly case?: string;
  readonly rows?: string;
  /** Further axes of the point, as in a specification. */
  readonly axes?: Readonly<Record<string, string | number>>;
}

export function makeStudyRecord(wish: RecordWish): StudyRecord {
  const { strategy, hash, workers, seconds, edges } = wish;
  const hashMethod = hash === "none" ? null : (wish.hashMethod ?? "deal");
  const busy = edges.map((some) => (seconds * some) / Math.max(...edges));
  const combo = { workers, strategy, hash, ...(hashMethod === null ? {} : { hashMethod }), ...wish.axes };
  const total = edges.reduce((sum, some) => sum + some, 0);
  const noSeconds = Object.fromEntries(SPAN_KINDS.map((kind) => [kind, 0])) as Record<SpanKind, number>;
  return {
    schema: "gossamer.run/1",
    network: { layers: 2, inputs: 8, outputs: 8, edges: 16 },
    rows: 100,
    settings: {
      strategy,
      hash,
      hashMethod,
      pickOrder: null,
      tilesPerWorker: null,
      rows: wish.rows ?? "nonzero",
      workers,
      ranks: 1,
      redeal: null,
      grid: null,
      kernel: "js",
      activationFormat: "tile",
      weightFormat: "csc",
      seed: 1,
    },
    categories: { count: 3, sha256: "0".repeat(64), truth: null, missing: null, extra: null },
    edges: { nominal: 1600, computed: total },
    seconds: { read: 0, prepare: 0, infer: seconds, total: seconds },
    edgesPerSecond: { nominal: 1600 / seconds, computed: total / seconds },
    balance: {
      imbalance: spreadOf(edges).maxOverMean,
      edges: spreadOf(edges),
      busySeconds: spreadOf(busy),
      ranks: null,
      workers: edges.map((some, worker) => ({
        rank: 0,
        worker,
        edges: some,
        busySeconds: busy[worker] ?? 0,
        waitSeconds: 0,
        secondsByKind: { ...noSeconds, compute: busy[worker] ?? 0 },
        inputNonzeros: some,
        weights: 16,
      })),
    },
    choices: null,
    ranks: null,
    cuts: null,
    resumedLayer: null,
    stream: null,
    layers: { computedRows: [100, 50], liveRows: [50, 3] },
    memory: { peakBytes: 1, arenaBytes: 1, weightBytes: 1, activationBytes: 1, workingSetBytes: 1, limitBytes: null },
    runtime: { node: "26.0.0", cpu: "some processor", cores: 2 },
    study: {
      schema: STUDY_SCHEMA,
      study: "a study",
      case: wish.case ?? "a case",
      network: "a network",
      inputs: "inputs",
      definition: "0".repeat(12),
      combo,
      key: `${wish.case ?? "a case"}: ${Object.values(combo).join(" ")}`,
      repeat: 1,
      startedAt: "2026-01-31T12:00:00.000Z",
      verified: { rows: 100, referenceRows: 6, reference: "oracle", largestError: 0 },
    },
  };
}
