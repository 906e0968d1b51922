// Nonzeros and edges of each worker, for the strategies that split the work once and for all.

import * as Plot from "@observablehq/plot";
import { atMostWorkers, linesOf } from "./bar-layout.ts";
import {
  AXIS_LABEL,
  type ChartDocument,
  colourOfHashing,
  drawSvg,
  FAINT,
  hashLegend,
  INK,
  type LegendEntry,
  labelWidth,
} from "./chart-look.ts";
import type { FigureOrReason } from "./figure.ts";
import type { Point } from "./points.ts";

const TITLE = "Nonzeros and edges of each worker";
const STATIC_STRATEGIES = ["data", "model"];
const PANEL_HEIGHT = 130;

export function loadFigure(all: readonly Point[], document: ChartDocument): FigureOrReason {
  const points = atMostWorkers(all.filter(({ strategy }) => STATIC_STRATEGIES.includes(strategy)));
  if (points.length === 0 || (points[0]?.workers ?? 0) < 2) {
    return { title: TITLE, reason: "no record of data or model parallelism has more than one worker" };
  }
  const groups = [...new Set(points.map(({ label }) => label))];
  const hashings = [...new Set(points.map(({ hashing }) => hashing))];
  const data = points.flatMap(({ label, hashing, strategy, first }) => {
    const { workers } = first.balance;
    const edges = sharesOf(workers.map((worker) => worker.edges));
    const nonzeros = sharesOf(
      workers.map(({ inputNonzeros, weights }) => (strategy === "model" ? weights : inputNonzeros)),
    );
    return workers.map(({ worker }, k) => ({
      label,
      hashing,
      worker: worker + 1,
      edges: edges[k],
      nonzeros: nonzeros[k],
    }));
  });
  const place = { x: "worker", fx: "hashing", fy: "label" } as const;
  const svg = drawSvg(document, TITLE, {
    height: 70 + groups.length * PANEL_HEIGHT,
    marginLeft: 44,
    marginTop: 34,
    marginRight: labelWidth(groups),
    x: { label: "worker", ...AXIS_LABEL, type: "band", padding: 0.15 },
    y: { label: "over the mean", nice: true, zero: true, ticks: 5 },
    fx: { label: null, domain: hashings, padding: 0.1 },
    fy: { label: null, domain: groups, padding: 0.12 },
    marks: [
      Plot.gridY({ stroke: FAINT, strokeOpacity: 0.6, ticks: 5 }),
      Plot.barY(data, { ...place, y: "edges", fill: (d) => colourOfHashing(d.hashing) }),
      Plot.tickY(data, { ...place, y: "nonzeros", stroke: INK, strokeWidth: 2 }),
      Plot.ruleY([1], { stroke: INK, strokeDasharray: "3 3" }),
      Plot.ruleY([0]),
    ],
  });
  const text =
    "Bars: edges computed by each worker; lines: nonzeros assigned to it (of its input rows under data, of its weights " +
    `under model parallelism), both over the mean of the ${points[0]?.workers} workers. Where bars and lines part, equal ` +
    "nonzeros did not make equal work: rows die at different layers.";
  const legend: LegendEntry[] = [...hashLegend(hashings), { label: "nonzeros assigned", colour: INK, shape: "line" }];
  return { title: TITLE, text, svg, legend, lines: linesOf(points) };
}

function sharesOf(loads: readonly number[]): number[] {
  const mean = loads.reduce((sum, load) => sum + load, 0) / loads.length;
  return loads.map((load) => (mean === 0 ? 0 : load / mean));
}
