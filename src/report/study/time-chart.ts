// Time by strategy and hashing: a bar for the median, a dot for every sample.

import * as Plot from "@observablehq/plot";
import { atMostCores, barLayout, linesOf, workersText } from "./bar-layout.ts";
import {
  AXIS_LABEL,
  type ChartDocument,
  colourOfHashing,
  drawSvg,
  FAINT,
  hashLegend,
  INK,
  type LegendEntry,
} from "./chart-look.ts";
import type { FigureOrReason } from "./figure.ts";
import type { Point } from "./points.ts";

const TITLE = "Time by strategy and hashing";

export function timeFigure(all: readonly Point[], document: ChartDocument): FigureOrReason {
  const points = atMostCores(all);
  if (points.every(({ isOversubscribed }) => isOversubscribed)) {
    return { title: TITLE, reason: "every record has more workers than cores, so its time says nothing" };
  }
  const { groups, hashings, height, marginLeft, marginRight } = barLayout(points);
  const bars = points.map(({ label, hashing, inferSeconds }) => ({ label, hashing, median: inferSeconds.median }));
  const samples = points.flatMap(({ label, hashing, records }) =>
    records.map(({ record }) => ({ label, hashing, seconds: record.seconds.infer })),
  );
  const svg = drawSvg(document, TITLE, {
    height,
    marginLeft,
    marginRight,
    x: { label: "seconds of inference", nice: true, ...AXIS_LABEL },
    y: { label: null, domain: hashings, padding: 0.2 },
    fy: { label: null, domain: groups, padding: 0.1 },
    marks: [
      Plot.gridX({ stroke: FAINT, strokeOpacity: 0.6 }),
      Plot.barX(bars, { x: "median", y: "hashing", fy: "label", fill: ({ hashing }) => colourOfHashing(hashing) }),
      Plot.dot(samples, { x: "seconds", y: "hashing", fy: "label", r: 2.4, fill: "white", stroke: INK }),
      Plot.ruleX([0]),
    ],
  });
  const text =
    `Median seconds of inference with ${workersText(points)}; every dot is one sample. ` +
    "Bars of one group differ in hashing only; a difference smaller than the scatter of the dots is none.";
  const legend: LegendEntry[] = [...hashLegend(hashings), { label: "one sample", colour: INK, shape: "dot" }];
  return { title: TITLE, text, svg, legend, lines: linesOf(points) };
}
