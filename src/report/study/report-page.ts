// A study as one HTML page that needs nothing else: no network, no script, charts as SVG in the text. Its look on paper
// is part of it: figures do not break over pages, and colours are printed.

import { formatBytes, formatCount, formatSeconds } from "../../core/units.ts";
import { atMostCores } from "./bar-layout.ts";
import type { ChartDocument } from "./chart-look.ts";
import { type FigureOrReason, isDrawn } from "./figure.ts";
import { imbalanceFigure } from "./imbalance-chart.ts";
import { liveFigure } from "./live-chart.ts";
import { loadFigure } from "./load-chart.ts";
import { groupPoints, type Point } from "./points.ts";
import { RANK_COLUMNS, ranksRows } from "./ranks-table.ts";
import { REPORT_STYLE } from "./report-style.ts";
import { speedUpFigure } from "./speedup-chart.ts";
import { splitFigure } from "./split-chart.ts";
import { formatLineNumbers, type NumberedRecord } from "./study-record.ts";
import { summarizePoint, type SummaryRow } from "./summary-table.ts";
import { timeFigure } from "./time-chart.ts";

const FIGURES = [timeFigure, imbalanceFigure, loadFigure, liveFigure, speedUpFigure, splitFigure];
const MAX_SPREAD = 0.1;

export interface ReportOptions {
  readonly title: string;
  readonly document: ChartDocument;
}

/** The page's text. @param records at least one */
export function makeReportPage(records: readonly NumberedRecord[], { title, document }: ReportOptions): string {
  const points = groupPoints(records);
  const cases = [...new Set(points.map((point) => point.case))];
  let figures = 0;
  const sections = cases.map((name, c) => {
    const mine = points.filter((point) => point.case === name);
    const drawn = FIGURES.map((draw) => draw(mine, document));
    const texts = drawn.map((figure) => formatFigure(figure, isDrawn(figure) ? ++figures : null, machineOf(mine)));
    return [
      `<section id="case-${c + 1}">`,
      `<h2>${escapeHtml(name)}</h2>`,
      caseFacts(mine),
      ...texts,
      formatTable(mine, c + 1),
      formatRanks(mine),
      "</section>",
    ].join("\n");
  });
  return [
    "<!doctype html>",
    '<html lang="en">',
    "<head>",
    '<meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    `<title>${escapeHtml(title)}</title>`,
    `<style>${REPORT_STYLE}</style>`,
    "</head>",
    "<body>",
    `<header><h1>${escapeHtml(title)}</h1>${studyFacts(records, points)}${contents(cases)}</header>`,
    "<main>",
    ...sections,
    "</main>",
    "<footer><p>Every number here comes from <code>records.jsonl</code> beside this page; a record is named by its line.</p></footer>",
    "</body>",
    "</html>",
    "",
  ].join("\n");
}

function studyFacts(records: readonly NumberedRecord[], points: readonly Point[]): string {
  const doubts = doubtsOf(points);
  return [
    `<p class="lead">${formatCount(records.length)} runs of ${formatCount(points.length)} settings, ` +
      `${escapeHtml(periodOf(records))}, on ${escapeHtml(machineOf(points))}.</p>`,
    ...(doubts.length === 0 ? [] : [`<div class="doubts"><h2>What to doubt</h2><ul>${doubts.join("")}</ul></div>`]),
  ].join("\n");
}

/** "2026-01-31 12:00 to 12:10 UTC". */
function periodOf(records: readonly NumberedRecord[]): string {
  const times = records.map(({ record }) => record.study.startedAt.slice(0, 16).replace("T", " ")).toSorted();
  const first = times[0] ?? "";
  const last = times.at(-1) ?? "";
  if (first === last) return `${first} UTC`;
  const isOneDay = first.slice(0, 10) === last.slice(0, 10);
  return `${first} to ${isOneDay ? last.slice(11) : last} UTC`;
}

function contents(cases: readonly string[]): string {
  if (cases.length < 2) return "";
  const items = cases.map((name, c) => `<li><a href="#case-${c + 1}">${escapeHtml(name)}</a></li>`);
  return `<nav><ul>${items.join("")}</ul></nav>`;
}

function doubtsOf(points: readonly Point[]): string[] {
  const doubts: string[] = [];
  const few = points.filter(({ records }) => records.length < 4);
  if (few.length > 0)
    doubts.push(`${few.length} of ${points.length} settings have fewer than 4 samples: no spread is known.`);
  const wide = points.filter(({ inferSeconds }) => (inferSeconds.spread ?? 0) > MAX_SPREAD);
  if (wide.length > 0) {
    doubts.push(`In ${wide.length} settings the middle half of the samples spans more than 10 % of the median.`);
  }
  const over = [...new Set(points.filter(({ isOversubscribed }) => isOversubscribed).map(({ workers }) => workers))];
  if (over.length > 0) {
    doubts.push(
      `Runs with ${over.join(" and ")} workers had fewer cores: their counts are shown, their times are not.`,
    );
  }
  const machines = new Set(points.map((point) => machineOf([point])));
  if (machines.size > 1)
    doubts.push("The records come from several machines; times of different ones are not comparable.");
  return doubts.map((doubt) => `<li>${escapeHtml(doubt)}</li>`);
}

function machineOf(points: readonly Point[]): string {
  const machines = points.map(
    ({ first }) => `${first.runtime.cpu}, ${first.runtime.cores} cores, Node ${first.runtime.node}`,
  );
  return [...new Set(machines)].join("; ");
}

function caseFacts(points: readonly Point[]): string {
  const [point] = points;
  if (point === undefined) return "";
  const { study, network, rows, categories, memory } = point.first;
  const { verified } = study;
  const facts: [string, string][] = [
    [
      "Network",
      `${study.network}: ${formatCount(network.layers)} layers, ${formatCount(network.edges)} weights in ${formatBytes(memory.weightBytes)}`,
    ],
    ["Inputs", `${study.inputs}: ${formatCount(rows)} rows of ${formatCount(network.inputs)} features`],
    [
      "Categories",
      `${formatCount(categories.count)}, the same in every run (SHA-256 ${categories.sha256.slice(0, 12)})`,
    ],
    [
      "Verified first",
      `all settings named the same categories on ${formatCount(verified.rows)} rows; ${verified.referenceRows} rows equal ` +
        `the float64 ${verified.reference === "oracle" ? "oracle" : "reference"} ${verified.largestError === 0 ? "to the last bit" : `within ${verified.largestError.toExponential(1)}`}`,
    ],
  ];
  const rowsOfFacts = facts.map(([name, text]) => `<dt>${name}</dt><dd>${escapeHtml(text)}</dd>`);
  return `<dl>${rowsOfFacts.join("")}</dl>`;
}

function formatFigure(figure: FigureOrReason, number: number | null, machine: string): string {
  if (!isDrawn(figure)) {
    return `<p class="missing"><strong>${escapeHtml(figure.title)}</strong> is not drawn: ${escapeHtml(figure.reason)}.</p>`;
  }
  const legend = figure.legend.map(
    ({ label, colour, shape = "field" }) =>
      `<li><span class="${shape}" style="--colour:${colour}"></span>${escapeHtml(label)}</li>`,
  );
  return [
    "<figure>",
    `<h3>${escapeHtml(figure.title)}</h3>`,
    `<ul class="legend">${legend.join("")}</ul>`,
    figure.svg,
    `<figcaption><strong>Figure ${number}.</strong> ${escapeHtml(figure.text)} ` +
      `<span class="source">Records ${formatLineNumbers(figure.lines)}; ${escapeHtml(machine)}.</span></figcaption>`,
    "</figure>",
  ].join("\n");
}

interface Column {
  readonly name: string;
  readonly cell: (row: SummaryRow, point: Point) => string;
  readonly isText?: boolean;
}

const COLUMNS: readonly Column[] = [
  { name: "strategy", cell: (_, point) => point.label, isText: true },
  { name: "hashing", cell: (_, point) => point.hashing, isText: true },
  { name: "workers", cell: (row) => `${row.workers}` },
  { name: "median time", cell: (row, point) => (point.isOversubscribed ? "" : formatSeconds(row.inferSecondsMedian)) },
  { name: "least", cell: (row, point) => (point.isOversubscribed ? "" : formatSeconds(row.inferSecondsMin)) },
  { name: "computed edges", cell: (row) => formatMillions(row.computedEdges) },
  { name: "max / mean", cell: (row) => row.edgesMaxOverMean.toFixed(3) },
  { name: "coeff. of variation", cell: (row) => row.edgesVariation.toFixed(3) },
  { name: "Gini", cell: (row) => row.edgesGini.toFixed(3) },
  { name: "not busy", cell: (row, point) => (point.isOversubscribed ? "" : `${(100 * row.waitShare).toFixed(0)} %`) },
  { name: "working set", cell: (row) => formatBytes(row.workingSetBytes) },
  { name: "records", cell: (row) => row.records, isText: true },
];

function formatTable(points: readonly Point[], number: number): string {
  const fastest = Math.min(...atMostCores(points).map(({ inferSeconds }) => inferSeconds.median));
  const head = COLUMNS.map(({ name, isText }) => `<th${isText === true ? "" : ' class="number"'}>${name}</th>`).join(
    "",
  );
  const rows = points.map((point) => {
    const row = summarizePoint(point);
    const cells = COLUMNS.map(
      ({ cell, isText }) => `<td${isText === true ? "" : ' class="number"'}>${escapeHtml(cell(row, point))}</td>`,
    );
    const isFastest = !point.isOversubscribed && point.inferSeconds.median === fastest;
    return `<tr${isFastest ? ' class="fastest"' : ""}>${cells.join("")}</tr>`;
  });
  return [
    '<div class="table"><table>',
    `<caption><strong>Table ${number}.</strong> Medians; imbalance by computed edges; the fastest is marked.</caption>`,
    `<thead><tr>${head}</tr></thead>`,
    `<tbody>${rows.join("\n")}</tbody>`,
    "</table></div>",
  ].join("\n");
}

/** Nothing for a study without ranks. */
function formatRanks(points: readonly Point[]): string {
  const rows = ranksRows(points);
  if (rows.length === 0) return "";
  const body = rows.map(
    (row) =>
      `<tr>${Object.values(row)
        .map((cell) => `<td>${escapeHtml(`${cell}`)}</td>`)
        .join("")}</tr>`,
  );
  return [
    '<div class="table"><table>',
    "<caption><strong>Ranks.</strong> Workers of each rank; speed-up over one rank of the same settings; imbalance of " +
      "computed edges over ranks; the longest communication of a rank, waiting for others included.</caption>",
    `<thead><tr>${RANK_COLUMNS.map((name) => `<th>${name}</th>`).join("")}</tr></thead>`,
    `<tbody>${body.join("\n")}</tbody>`,
    "</table></div>",
  ].join("\n");
}

function formatMillions(count: number): string {
  return `${formatCount(count / 1e6)} M`;
}

/** Text for the page: markup is escaped, and a number is never cut at the end of a line. */
export function escapeHtml(text: string): string {
  const whole = text.replaceAll(/(?<=\d) (?=\d{3}(?!\d))/g, "\u00a0");
  return whole.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
