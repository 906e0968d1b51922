// Where the workers' time went: computing, moving rows, merging equal ones, allocating, waiting, and what nobody booked.

import * as Plot from "@observablehq/plot";
import type { SpanKind } from "../../engine/task.ts";
import { atMostCores, barLayout, linesOf, workersText } from "./bar-layout.ts";
import { AXIS_LABEL, type ChartDocument, drawSvg, FAINT, INK } from "./chart-look.ts";
import type { FigureOrReason } from "./figure.ts";
import { medianOf, type Point } from "./points.ts";
import type { StudyRecord } from "./study-record.ts";

const TITLE = "What the workers' time was spent on";

interface Part {
  readonly name: string;
  readonly colour: string;
  readonly kinds: readonly SpanKind[];
}

const PARTS: readonly Part[] = [
  { name: "compute", colour: "#0072b2", kinds: ["compute", "numeric"] },
  { name: "symbolic", colour: "#6a3d9a", kinds: ["symbolic"] },
  { name: "load, pack, store rows", colour: "#56b4e9", kinds: ["load", "pack", "store"] },
  { name: "merge equal rows", colour: "#009e73", kinds: ["merge"] },
  { name: "allocate", colour: "#cc79a7", kinds: ["allocate"] },
  { name: "wait for others", colour: "#d55e00", kinds: ["wait"] },
];
const REST = { name: "done early, start and end", colour: "#e3c9ae" };

export interface TimeShare {
  readonly part: string;
  /** Of workers x seconds of inference. */
  readonly share: number;
}

/** Shares that add up to 1, parts that are never used included. */
export function timeShares({ balance, seconds }: StudyRecord): TimeShare[] {
  const all = balance.workers.length * seconds.infer;
  const shares = PARTS.map(({ name, kinds }) => {
    const spent = balance.workers.flatMap(({ secondsByKind }) => kinds.map((kind) => secondsByKind[kind]));
    return { part: name, share: spent.reduce((sum, some) => sum + some, 0) / all };
  });
  const booked = shares.reduce((sum, { share }) => sum + share, 0);
  return [...shares, { part: REST.name, share: Math.max(0, 1 - booked) }];
}

export function splitFigure(all: readonly Point[], document: ChartDocument): FigureOrReason {
  const points = atMostCores(all);
  if (points.every(({ isOversubscribed }) => isOversubscribed)) {
    return { title: TITLE, reason: "every record has more workers than cores, so its times say nothing" };
  }
  const { groups, hashings, height, marginLeft, marginRight } = barLayout(points);
  const parts = [...PARTS, REST];
  const data = points.flatMap(({ label, hashing, records }) => {
    const samples = records.map(({ record }) => timeShares(record));
    return parts.map(({ name }, k) => ({
      label,
      hashing,
      part: name,
      share: medianOf(samples.map((shares) => shares[k]?.share ?? 0)),
    }));
  });
  const used = parts.filter(({ name }) => data.some(({ part, share }) => part === name && share > 0));
  const colours = new Map(parts.map(({ name, colour }) => [name, colour]));
  const svg = drawSvg(document, TITLE, {
    height,
    marginLeft,
    marginRight,
    x: { label: "share of workers x seconds", percent: true, ...AXIS_LABEL, domain: [0, 100] },
    y: { label: null, domain: hashings, padding: 0.2 },
    fy: { label: null, domain: groups, padding: 0.1 },
    marks: [
      Plot.gridX({ stroke: FAINT, strokeOpacity: 0.6 }),
      Plot.barX(
        data.filter(({ share }) => share > 0),
        Plot.stackX(
          { order: parts.map(({ name }) => name), offset: "normalize" },
          { x: "share", y: "hashing", fy: "label", z: "part", fill: (d) => colours.get(d.part) ?? INK },
        ),
      ),
      Plot.ruleX([0]),
    ],
  });
  const text =
    `Medians over the samples with ${workersText(points)}, scaled to 100 %. Waiting is at barriers and for the leader of a ` +
    "crew; a worker that is done before the others appears under the last part.";
  const legend = used.map(({ name, colour }) => ({ label: name, colour }));
  return { title: TITLE, text, svg, legend, lines: linesOf(points) };
}
