// Speed-up against workers: the time with one worker over the time with several, of the same point of the grid.

import * as Plot from "@observablehq/plot";
import { linesOf } from "./bar-layout.ts";
import { AXIS_LABEL, type ChartDocument, drawSvg, FAINT, INK, type LegendEntry, paletteColour } from "./chart-look.ts";
import type { FigureOrReason } from "./figure.ts";
import type { Point } from "./points.ts";

const TITLE = "Speed-up against workers";
const HEIGHT = 300;

export interface SpeedUp {
  readonly label: string;
  readonly hashing: string;
  readonly workers: number;
  readonly speedUp: number;
  /** More than linear by any two samples, not by the medians alone. */
  readonly isClear: boolean;
}

/** Of every point that has its like with one worker and no more workers than cores; rising in workers. */
export function speedUps(points: readonly Point[]): SpeedUp[] {
  const timed = points.filter(({ isOversubscribed }) => !isOversubscribed);
  return timed
    .flatMap(({ label, hashing, workers, inferSeconds, records }) => {
      const base = timed.find((one) => one.workers === 1 && one.label === label && one.hashing === hashing);
      if (base === undefined || inferSeconds.median === 0) return [];
      const slowest = Math.max(...records.map(({ record }) => record.seconds.infer));
      const isClear = base.inferSeconds.min / slowest > workers;
      return [{ label, hashing, workers, speedUp: base.inferSeconds.median / inferSeconds.median, isClear }];
    })
    .toSorted((a, b) => a.workers - b.workers);
}

export function speedUpFigure(points: readonly Point[], document: ChartDocument): FigureOrReason {
  const data = speedUps(points);
  const counts = [...new Set(data.map(({ workers }) => workers))];
  if (counts.length < 2) {
    return { title: TITLE, reason: "it needs records with 1 worker and with more, up to the number of cores" };
  }
  const labels = [...new Set(data.map(({ label }) => label))];
  const hashings = [...new Set(data.map(({ hashing }) => hashing))];
  const ideal = hashings.flatMap((hashing) => counts.map((workers) => ({ hashing, workers })));
  const colourOf = (label: string): string => paletteColour(labels.indexOf(label));
  const svg = drawSvg(document, TITLE, {
    height: HEIGHT,
    marginLeft: 44,
    marginTop: 34,
    x: { label: "workers", ...AXIS_LABEL, ticks: counts, tickFormat: "d", inset: 14 },
    y: { label: "times as fast as 1 worker", zero: true, nice: true },
    fx: { label: null, domain: hashings, padding: 0.12 },
    marks: [
      Plot.gridY({ stroke: FAINT, strokeOpacity: 0.6 }),
      Plot.ruleY([0]),
      Plot.lineY(ideal, { x: "workers", y: "workers", fx: "hashing", stroke: INK, strokeDasharray: "4 4" }),
      Plot.lineY(data, { x: "workers", y: "speedUp", fx: "hashing", z: "label", stroke: (d) => colourOf(d.label) }),
      Plot.dot(data, { x: "workers", y: "speedUp", fx: "hashing", r: 3.5, fill: (d) => colourOf(d.label) }),
    ],
  });
  const text =
    "Median time with one worker over median time with several; the baseline is the same strategy and hashing with one " +
    "worker. A panel for each hashing; dashed: as many times as fast as there are workers.";
  const legend: LegendEntry[] = [
    ...labels.map((label) => ({ label, colour: colourOf(label), shape: "line" as const })),
    { label: "ideal", colour: INK, shape: "dashed" },
  ];
  const used = points.filter(
    (point) =>
      !point.isOversubscribed && data.some(({ label, hashing }) => label === point.label && hashing === point.hashing),
  );
  return { title: TITLE, text, svg, legend, lines: linesOf(used) };
}
