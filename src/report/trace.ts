// The trace of one run as text, piece by piece: JSON lines for programs, or the Trace Event Format that Perfetto and
// chrome://tracing open. The run must have been made with `trace`, or there are totals and no spans.
// Source: "Trace Event Format", Chromium project; only complete events (X) and names (M) are used.

import type { InferenceResult } from "../engine/result.ts";
import type { WorkerReport } from "../engine/task.ts";

export const TRACE_FORMATS = ["lines", "chrome"] as const;
export type TraceFormat = (typeof TRACE_FORMATS)[number];

/**
 * The whole text in pieces, each ending in a line end; pieces must be written in order.
 * @param workersByRank how many of the result's workers are of each rank; default: all of rank 0
 */
export function traceText(
  { figures }: InferenceResult,
  format: TraceFormat,
  workersByRank: readonly number[] = [figures.workers.length],
): Generator<string, void, undefined> {
  const workers = workersByRank.flatMap((count, rank) =>
    Array.from({ length: count }, (_, worker) => ({ rank, worker })),
  );
  const threads = figures.workers.map((report, k): Thread => ({ ...(workers[k] ?? { rank: 0, worker: k }), report }));
  return format === "lines" ? traceLines(threads) : chromeTrace(threads);
}

interface Thread {
  readonly rank: number;
  readonly worker: number;
  readonly report: WorkerReport;
}

/** One object a line: every span in the order of each worker's time, then a line for each layer and worker. */
function* traceLines(threads: readonly Thread[]): Generator<string, void, undefined> {
  for (const { rank, worker, report } of threads) {
    for (const span of report.trace) yield `${JSON.stringify({ type: "span", rank, worker, ...span })}\n`;
  }
  for (const { rank, worker, report } of threads) {
    for (let layer = 0; layer < report.edgesByLayer.length; layer++) {
      yield `${JSON.stringify({ type: "layer", rank, worker, layer, ...layerTotals(report, layer) })}\n`;
    }
  }
}

function layerTotals(report: WorkerReport, l: number): Readonly<Record<string, number | null>> {
  const seconds = report.secondsByKindAndLayer;
  return {
    nonzerosAssigned: report.weightsByLayer[l] ?? 0,
    edges: report.edgesByLayer[l] ?? 0,
    computedRows: report.rowsByLayer[l] ?? 0,
    liveRows: (report.lookedByLayer[l] ?? 0) > 0 ? (report.liveByLayer[l] ?? 0) : null,
    busySeconds: report.busySecondsByLayer[l] ?? 0,
    waitSeconds: report.waitSecondsByLayer[l] ?? 0,
    allocateSeconds: seconds.allocate[l] ?? 0,
    symbolicSeconds: seconds.symbolic[l] ?? 0,
    numericSeconds: seconds.numeric[l] ?? 0,
  };
}

/** Ranks are processes, workers are threads; times in microseconds since the first span began. */
function* chromeTrace(threads: readonly Thread[]): Generator<string, void, undefined> {
  const starts = threads.flatMap(({ report }) => report.trace.slice(0, 1).map((span) => span.startMs));
  const originMs = Math.min(...starts);
  yield '{"displayTimeUnit":"ms","traceEvents":[\n';
  const ranks = new Set(threads.map(({ rank }) => rank));
  const names = Array.from(ranks, (rank) => ({
    ph: "M",
    name: "process_name",
    pid: rank,
    args: { name: `rank ${rank}` },
  }));
  yield names.map((name) => JSON.stringify(name)).join(",\n");
  for (const { rank, worker, report } of threads) {
    yield event({ ph: "M", name: "thread_name", pid: rank, tid: worker, args: { name: `worker ${worker}` } });
    for (const { kind, layer, rows, startMs, durationMs } of report.trace) {
      yield event({
        ph: "X",
        name: kind,
        cat: kind === "wait" ? "wait" : "busy",
        pid: rank,
        tid: worker,
        ts: round((startMs - originMs) * 1000),
        dur: round(durationMs * 1000),
        args: { layer: layer + 1, rows },
      });
    }
  }
  yield "\n]}\n";
}

function event(fields: Readonly<Record<string, unknown>>): string {
  return `,\n${JSON.stringify(fields)}`;
}

/** To nanoseconds, below which the clock says nothing. */
function round(microseconds: number): number {
  return Math.round(microseconds * 1000) / 1000;
}
