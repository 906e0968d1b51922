// Imbalance by hashing: largest over mean of the workers' computed edges, a panel for each number of workers.

import * as Plot from "@observablehq/plot";
import { barLayout, linesOf } from "./bar-layout.ts";
import { AXIS_LABEL, type ChartDocument, colourOfHashing, drawSvg, FAINT, hashLegend, INK } from "./chart-look.ts";
import type { FigureOrReason } from "./figure.ts";
import type { Point } from "./points.ts";

const TITLE = "Imbalance by hashing";

export function imbalanceFigure(all: readonly Point[], document: ChartDocument): FigureOrReason {
  const points = all.filter(({ workers }) => workers > 1);
  if (points.length === 0) return { title: TITLE, reason: "no record has more than one worker" };
  const { groups, hashings, height, marginLeft, marginRight } = barLayout(points);
  const data = points.map(({ label, hashing, imbalance, workers }) => ({
    label,
    hashing,
    imbalance,
    workers: `${workers} workers`,
  }));
  const panels = [...new Set(points.map(({ workers }) => workers))].toSorted((a, b) => a - b);
  const place = { y: "hashing", fy: "label", fx: "workers" } as const;
  const svg = drawSvg(document, TITLE, {
    height: height + 16,
    marginLeft,
    marginRight,
    x: { label: "largest / mean of computed edges", nice: true, ...AXIS_LABEL, zero: false, ticks: 5 },
    y: { label: null, domain: hashings, padding: 0.6 },
    fy: { label: null, domain: groups, padding: 0.1 },
    fx: { label: null, domain: panels.map((workers) => `${workers} workers`), padding: 0.08 },
    marks: [
      Plot.gridX({ stroke: FAINT, strokeOpacity: 0.6, ticks: 5 }),
      Plot.ruleX([1], { stroke: INK }),
      Plot.ruleY(data, { ...place, x1: 1, x2: "imbalance", strokeWidth: 2, stroke: (d) => colourOfHashing(d.hashing) }),
      Plot.dot(data, { ...place, x: "imbalance", r: 4.5, fill: (d) => colourOfHashing(d.hashing) }),
    ],
  });
  const text =
    "Work of the busiest worker over the mean of all, by computed edges; 1 is perfect balance, and without other costs " +
    "the run takes this many times as long as it should. Counts, not times: they hold on any number of cores.";
  return { title: TITLE, text, svg, legend: hashLegend(hashings), lines: linesOf(points) };
}
