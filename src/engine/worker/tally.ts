// The figures of one worker. A span is measured by two looks at the clock around a piece of work of at least several
// microseconds (one tile through one layer is the smallest), so measuring is always on; only keeping every span is not.

import {
  type SegmentReport,
  SPAN_KINDS,
  type Span,
  type SpanKind,
  type StageRecord,
  type WorkerReport,
} from "../task.ts";

export interface Tally {
  edges: number;
  /** Nonzeros of the input rows loaded. */
  inputNonzeros: number;
  /** By kind, one element a layer. */
  readonly seconds: Record<SpanKind, Float64Array>;
  readonly edgesByLayer: Float64Array;
  readonly weightsByLayer: Float64Array;
  readonly rowsByLayer: Float64Array;
  readonly liveByLayer: Float64Array;
  readonly lookedByLayer: Float64Array;
  readonly stages: StageRecord[];
  readonly trace: Span[];
  readonly keepsTrace: boolean;
}

export function makeTally(layers: number, keepsTrace: boolean): Tally {
  return {
    edges: 0,
    inputNonzeros: 0,
    seconds: byKind(() => new Float64Array(layers)),
    edgesByLayer: new Float64Array(layers),
    weightsByLayer: new Float64Array(layers),
    rowsByLayer: new Float64Array(layers),
    liveByLayer: new Float64Array(layers),
    lookedByLayer: new Float64Array(layers),
    stages: [],
    trace: [],
    keepsTrace,
  };
}

/** Books the time since `startedMs` (of performance.now) and returns the time now, where the next span begins. */
export function book(tally: Tally, kind: SpanKind, layer: number, rows: number, startedMs: number): number {
  const now = performance.now();
  tally.seconds[kind][layer] += (now - startedMs) / 1000;
  if (tally.keepsTrace) {
    tally.trace.push({ kind, layer, rows, startMs: performance.timeOrigin + startedMs, durationMs: now - startedMs });
  }
  return now;
}

/** Counts rows that passed a layer's weights: all of them, or a share of the columns. */
export function countEdges(tally: Tally, layer: number, rows: number, weights: number): void {
  countProducts(tally, layer, rows * weights);
  assignWeights(tally, layer, weights);
}

/** Counts products of an activation and a weight. */
export function countProducts(tally: Tally, layer: number, products: number): void {
  tally.edges += products;
  tally.edgesByLayer[layer] += products;
}

/** Notes the weights of a share of the columns; the largest share is kept. */
export function assignWeights(tally: Tally, layer: number, weights: number): void {
  tally.weightsByLayer[layer] = Math.max(tally.weightsByLayer[layer], weights);
}

/** The report of a whole run. */
export function reportOf(tally: Tally): WorkerReport {
  return reportOfLayers(tally, 0, tally.edgesByLayer.length);
}

/** The report of a segment, with a layer on each side: what comes before and after a stage is booked there. */
export function segmentReportOf(tally: Tally, firstLayer: number, endLayer: number): SegmentReport {
  const begin = Math.max(0, firstLayer - 1);
  const end = Math.min(tally.edgesByLayer.length, endLayer + 1);
  return { firstLayer: begin, ...reportOfLayers(tally, begin, end) };
}

function reportOfLayers(tally: Tally, begin: number, end: number): WorkerReport {
  const seconds = byKind((kind) => tally.seconds[kind].slice(begin, end));
  const secondsByKind = byKind((kind) => sumOf(seconds[kind]));
  const busySecondsByLayer = new Float64Array(end - begin);
  for (const kind of SPAN_KINDS) {
    if (kind === "wait") continue;
    for (let l = 0; l < busySecondsByLayer.length; l++) busySecondsByLayer[l] += seconds[kind][l];
  }
  return {
    edges: tally.edges,
    inputNonzeros: tally.inputNonzeros,
    busySeconds: sumOf(busySecondsByLayer),
    waitSeconds: secondsByKind.wait,
    secondsByKind,
    secondsByKindAndLayer: seconds,
    edgesByLayer: tally.edgesByLayer.slice(begin, end),
    busySecondsByLayer,
    waitSecondsByLayer: seconds.wait,
    weightsByLayer: tally.weightsByLayer.slice(begin, end),
    rowsByLayer: tally.rowsByLayer.slice(begin, end),
    liveByLayer: tally.liveByLayer.slice(begin, end),
    lookedByLayer: tally.lookedByLayer.slice(begin, end),
    stages: tally.stages,
    trace: tally.trace,
  };
}

export function byKind<T>(make: (kind: SpanKind) => T): Record<SpanKind, T> {
  return Object.fromEntries(SPAN_KINDS.map((kind) => [kind, make(kind)])) as Record<SpanKind, T>;
}

function sumOf(seconds: Float64Array): number {
  return seconds.reduce((sum, some) => sum + some, 0);
}
