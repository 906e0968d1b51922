// The medians of a study, one row a point of its grid: for `summary.csv`, `--json`, and the report's tables.

import { medianOf, type Point } from "./points.ts";
import { formatLineNumbers } from "./study-record.ts";

export interface SummaryRow {
  readonly case: string;
  readonly strategy: string;
  readonly hash: string;
  readonly hashMethod: string | null;
  readonly rows: string;
  readonly ranks: number;
  readonly redeal: string | null;
  readonly workers: number;
  readonly cores: number;
  readonly kernel: string;
  readonly activationFormat: string;
  readonly weightFormat: string;
  readonly pickOrder: string | null;
  readonly tilesPerWorker: number | null;
  readonly repeats: number;
  readonly inferSecondsMedian: number;
  readonly inferSecondsMin: number;
  /** Distance between the quartiles over the median; null for fewer than 4 repeats. */
  readonly inferSecondsSpread: number | null;
  readonly nominalEdges: number;
  readonly computedEdges: number;
  readonly nominalEdgesPerSecond: number | null;
  readonly computedEdgesPerSecond: number | null;
  readonly edgesMaxOverMean: number;
  readonly edgesVariation: number;
  readonly edgesGini: number;
  readonly busyMaxOverMean: number;
  /** The same over ranks, and what they sent each other; null for one rank. */
  readonly rankEdgesMaxOverMean: number | null;
  readonly communicationSecondsMax: number | null;
  readonly bytesSent: number | null;
  /** Of workers x seconds. */
  readonly waitShare: number;
  readonly weightBytes: number;
  readonly activationBytes: number;
  readonly workingSetBytes: number;
  readonly categories: number;
  readonly categoriesSha256: string;
  /** Lines of records.jsonl. */
  readonly records: string;
}

export function summarizePoint(point: Point): SummaryRow {
  const { first, inferSeconds, records } = point;
  const { settings, memory } = first;
  const median = (figure: (record: typeof first) => number): number =>
    medianOf(records.map(({ record }) => figure(record)));
  const medianOfRanks = (figure: (record: typeof first) => number | null): number | null => {
    if (settings.ranks === 1) return null;
    const known = records.map(({ record }) => figure(record)).filter((value) => value !== null);
    return known.length === 0 ? null : medianOf(known);
  };
  return {
    case: point.case,
    strategy: settings.strategy,
    hash: settings.hash,
    hashMethod: settings.hashMethod,
    rows: settings.rows,
    ranks: settings.ranks,
    redeal: settings.redeal ?? null,
    workers: settings.workers,
    cores: first.runtime.cores,
    kernel: settings.kernel,
    activationFormat: settings.activationFormat,
    weightFormat: settings.weightFormat,
    pickOrder: settings.pickOrder,
    tilesPerWorker: settings.tilesPerWorker,
    repeats: records.length,
    inferSecondsMedian: inferSeconds.median,
    inferSecondsMin: inferSeconds.min,
    inferSecondsSpread: inferSeconds.spread,
    nominalEdges: first.edges.nominal,
    computedEdges: point.computedEdges,
    nominalEdgesPerSecond: first.edges.nominal / inferSeconds.median,
    computedEdgesPerSecond: point.computedEdges / inferSeconds.median,
    edgesMaxOverMean: point.imbalance,
    edgesVariation: median(({ balance }) => balance.edges.variation),
    edgesGini: median(({ balance }) => balance.edges.gini),
    busyMaxOverMean: median(({ balance }) => balance.busySeconds.maxOverMean),
    rankEdgesMaxOverMean: medianOfRanks(({ balance }) => balance.ranks?.edges.maxOverMean ?? null),
    communicationSecondsMax: medianOfRanks(({ ranks }) =>
      ranks === null ? null : Math.max(...ranks.map((rank) => rank.communicationSeconds)),
    ),
    bytesSent: medianOfRanks(({ ranks }) => ranks?.reduce((sum, rank) => sum + rank.bytesSent, 0) ?? null),
    waitShare: median(waitShareOf),
    weightBytes: memory.weightBytes,
    activationBytes: memory.activationBytes,
    workingSetBytes: memory.workingSetBytes,
    categories: first.categories.count,
    categoriesSha256: first.categories.sha256,
    records: formatLineNumbers(records.map(({ line }) => line)),
  };
}

/** The share of workers x seconds that was not busy: at barriers, or after a worker's last piece of work. */
export function waitShareOf({ balance, seconds }: Point["first"]): number {
  const busy = balance.workers.reduce((sum, worker) => sum + worker.busySeconds, 0);
  const all = balance.workers.length * seconds.infer;
  return all === 0 ? 0 : Math.max(0, 1 - busy / all);
}

/** RFC 4180, one head line; null is empty. */
export function formatCsv(rows: readonly SummaryRow[]): string {
  const [first] = rows;
  if (first === undefined) return "";
  const names = Object.keys(first);
  const lines = rows.map((row) => Object.values(row).map(csvField).join(","));
  return `${[names.join(","), ...lines].join("\r\n")}\r\n`;
}

function csvField(value: string | number | null): string {
  const text = value === null ? "" : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
