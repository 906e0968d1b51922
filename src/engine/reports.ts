// Reports of several segments as one: what a worker did in all of them.

import { byKind, makeTally, reportOf } from "./worker/tally.ts";
import { SPAN_KINDS, type SegmentReport, type WorkerReport } from "./task.ts";

/** Reports of workers that have done nothing yet. */
export function emptyReports(workers: number, layers: number): WorkerReport[] {
  return Array.from({ length: workers }, () => reportOf(makeTally(layers, false)));
}

/** Adds the reports of a segment, one a worker, to those of the whole run, whose arrays are written. */
export function addReports(totals: readonly WorkerReport[], segment: readonly SegmentReport[]): WorkerReport[] {
  return segment.map((report, worker) => addReport(totals[worker], report));
}

function addReport(total: WorkerReport, part: SegmentReport): WorkerReport {
  const { firstLayer } = part;
  const add = (name: "edgesByLayer" | "busySecondsByLayer" | "rowsByLayer" | "liveByLayer" | "lookedByLayer"): void =>
    addInto(total[name], part[name], firstLayer);
  add("edgesByLayer");
  add("busySecondsByLayer");
  add("rowsByLayer");
  add("liveByLayer");
  add("lookedByLayer");
  // Among them those of waiting, which are `waitSecondsByLayer`.
  for (const kind of SPAN_KINDS)
    addInto(total.secondsByKindAndLayer[kind], part.secondsByKindAndLayer[kind], firstLayer);
  part.weightsByLayer.forEach((weights, l) => {
    total.weightsByLayer[firstLayer + l] = Math.max(total.weightsByLayer[firstLayer + l], weights);
  });
  return {
    ...total,
    edges: total.edges + part.edges,
    inputNonzeros: total.inputNonzeros + part.inputNonzeros,
    busySeconds: total.busySeconds + part.busySeconds,
    waitSeconds: total.waitSeconds + part.waitSeconds,
    secondsByKind: byKind((kind) => total.secondsByKind[kind] + part.secondsByKind[kind]),
    stages: [...total.stages, ...part.stages],
    trace: total.trace.length === 0 ? part.trace : [...total.trace, ...part.trace],
  };
}

function addInto(sums: Float64Array, values: Float64Array, at: number): void {
  for (let k = 0; k < values.length; k++) sums[at + k] += values[k];
}
