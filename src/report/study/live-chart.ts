// Rows by layer: how many are not all zero, and how many each way of choosing rows computed.

import * as Plot from "@observablehq/plot";
import { formatCount } from "../../core/units.ts";
import { AXIS_LABEL, type ChartDocument, drawSvg, FAINT, INK, labelWidth, paletteColour } from "./chart-look.ts";
import type { FigureOrReason } from "./figure.ts";
import type { Point } from "./points.ts";
import type { NumberedRecord } from "./study-record.ts";

const TITLE = "Live and computed rows by layer";
const HEIGHT = 300;
/** Natural logarithm of the ratio of two numbers that can stand beside each other. */
const LABEL_DISTANCE = 0.5;
const LIVE = "not all zero";

export function liveFigure(points: readonly Point[], document: ChartDocument): FigureOrReason {
  const records = points.flatMap((point) => point.records);
  const known = records.map(({ record }) => record.layers.liveRows.filter((rows) => rows !== null).length);
  const best = records[known.indexOf(Math.max(...known))];
  if (best === undefined) return { title: TITLE, reason: "there is no record" };
  const modes = [...new Set(records.map(({ record }) => record.settings.rows))];
  const examples = modes.map((mode) => records.find(({ record }) => record.settings.rows === mode) as NumberedRecord);
  const lines = [
    ...best.record.layers.liveRows.flatMap((rows, l) => (rows === null ? [] : [{ name: LIVE, layer: l + 1, rows }])),
    ...examples.flatMap(({ record }) =>
      record.layers.computedRows.map((rows, l) => ({ name: `computed, ${record.settings.rows}`, layer: l + 1, rows })),
    ),
  ].filter(({ rows }) => rows > 0);
  const live = lines.filter(({ name }) => name === LIVE);
  const computed = lines.filter(({ name }) => name !== LIVE);
  const low = 10 ** Math.floor(Math.log10(Math.min(...lines.map(({ rows }) => rows))));
  const names = [LIVE, ...modes.map((mode) => `computed, ${mode}`)];
  const ends = spreadLabels(names.flatMap((name) => lines.filter((line) => line.name === name).slice(-1)));
  const colourOf = (name: string): string => (name === LIVE ? INK : paletteColour(names.indexOf(name) - 1));
  const svg = drawSvg(document, TITLE, {
    height: HEIGHT,
    marginLeft: 60,
    marginTop: 30,
    marginRight: labelWidth([formatCount(best.record.rows)]),
    x: { label: "layer", ...AXIS_LABEL, nice: false },
    y: {
      label: "rows",
      type: "log",
      tickFormat: "~s",
      domain: [low, best.record.rows],
      ticks: logTicks(low, best.record.rows),
    },
    marks: [
      Plot.gridY(logTicks(low, best.record.rows), { stroke: FAINT, strokeOpacity: 0.6 }),
      Plot.lineY(computed, { x: "layer", y: "rows", z: "name", stroke: (d) => colourOf(d.name), strokeWidth: 2 }),
      Plot.lineY(live, { x: "layer", y: "rows", stroke: INK, strokeWidth: 2, strokeDasharray: "5 3" }),
      Plot.text(ends, {
        x: "layer",
        y: "rows",
        dx: 6,
        textAnchor: "start",
        fill: (d) => colourOf(d.name),
        text: (d) => formatCount(d.rows),
      }),
    ],
  });
  const text =
    `Rows of ${formatCount(best.record.rows)} that are not all zero after each layer (dashed), and rows that one ` +
    "run of each rows mode computed in each layer.";
  const legend = names.map((label) => ({
    label,
    colour: colourOf(label),
    shape: label === LIVE ? ("dashed" as const) : ("line" as const),
  }));
  return { title: TITLE, text, svg, legend, lines: [best, ...examples].map(({ line }) => line) };
}

/** 1, 2 and 5 of every power of ten from `low` (a power of ten) to `high`. */
function logTicks(low: number, high: number): number[] {
  const ticks: number[] = [];
  for (let power = low; power <= high; power *= 10) ticks.push(power, 2 * power, 5 * power);
  return ticks.filter((tick) => tick <= high);
}

/** Without those whose numbers would be written over an earlier one's. */
function spreadLabels<T extends { readonly rows: number }>(ends: readonly T[]): T[] {
  const kept: T[] = [];
  for (const end of ends) {
    if (kept.every(({ rows }) => Math.abs(Math.log(rows / end.rows)) > LABEL_DISTANCE)) kept.push(end);
  }
  return kept;
}
