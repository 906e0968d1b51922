// Reports of several segments as one: what a worker did in all of them.

import { makeTally, reportOf } from "./worker/tally.ts";
import { SPAN_KINDS, type SpanKind, type WorkerReport } from "./task.ts";

/** Reports of workers that have done nothing yet. */
export function emptyReports(workers: number, layers: number): WorkerReport[] {
  return Array.from({ length: workers }, () => reportOf(makeTally(layers, false)));
}

/** Adds the reports of a segment, one a worker, to those of the segments before it. */
export function addReports(before: readonly WorkerReport[], segment: readonly WorkerReport[]): WorkerReport[] {
  return segment.map((report, worker) => addReport(before[worker], report));
}

function addReport(a: WorkerReport, b: WorkerReport): WorkerReport {
  return {
    edges: a.edges + b.edges,
    inputNonzeros: a.inputNonzeros + b.inputNonzeros,
    busySeconds: a.busySeconds + b.busySeconds,
    waitSeconds: a.waitSeconds + b.waitSeconds,
    secondsByKind: byKind((kind) => a.secondsByKind[kind] + b.secondsByKind[kind]),
    secondsByKindAndLayer: byKind((kind) => sum(a.secondsByKindAndLayer[kind], b.secondsByKindAndLayer[kind])),
    edgesByLayer: sum(a.edgesByLayer, b.edgesByLayer),
    busySecondsByLayer: sum(a.busySecondsByLayer, b.busySecondsByLayer),
    waitSecondsByLayer: sum(a.waitSecondsByLayer, b.waitSecondsByLayer),
    weightsByLayer: a.weightsByLayer.map((weights, l) => Math.max(weights, b.weightsByLayer[l])),
    rowsByLayer: sum(a.rowsByLayer, b.rowsByLayer),
    liveByLayer: sum(a.liveByLayer, b.liveByLayer),
    lookedByLayer: sum(a.lookedByLayer, b.lookedByLayer),
    stages: [...a.stages, ...b.stages],
    trace: a.trace.length === 0 ? b.trace : [...a.trace, ...b.trace],
  };
}

function sum(a: Float64Array, b: Float64Array): Float64Array {
  return a.map((value, l) => value + b[l]);
}

function byKind<T>(add: (kind: SpanKind) => T): Record<SpanKind, T> {
  return Object.fromEntries(SPAN_KINDS.map((kind) => [kind, add(kind)])) as Record<SpanKind, T>;
}
