// A run on stdout for people: a table of its figures and a chart of its rows by layer.

import Table from "cli-table3";
import { formatCount } from "../../core/units.ts";
import { drawBars } from "../../report/layer-chart.ts";
import type { RunRecord } from "../../report/run-record.ts";
import { type SummaryLine, summarizeRun } from "../../report/summary.ts";
import { print } from "./context.ts";

const CHART_LINES = 4;
/** Columns to the left of a chart. */
const LABEL_COLUMNS = 10;
const DEFAULT_COLUMNS = 80;

/** What the terminal behind stdout can show; plain text where there is none. */
export interface Look {
  readonly columns: number;
  readonly blocks: boolean;
  readonly colour: boolean;
}

export function lookOf(stream: NodeJS.WriteStream): Look {
  const isTerminal = stream.isTTY ? process.env["TERM"] !== "dumb" : false;
  return {
    columns: (stream.isTTY ? stream.columns : undefined) ?? DEFAULT_COLUMNS,
    blocks: isTerminal,
    colour: isTerminal && (process.env["NO_COLOR"] ?? "") === "",
  };
}

/** Lines of label and text, without borders. */
export function formatLines(lines: readonly SummaryLine[], look: Look): string {
  const empty = { chars: NO_BORDER, style: { "padding-left": 0, "padding-right": 2, head: [], border: [] } };
  const table = new Table(empty);
  for (const [label, text] of lines) table.push([look.colour ? `\u001b[2m${label}\u001b[0m` : label, text]);
  return table
    .toString()
    .split("\n")
    .map((line) => line.trimEnd())
    .join("\n");
}

const NO_BORDER = {
  top: "",
  "top-mid": "",
  "top-left": "",
  "top-right": "",
  bottom: "",
  "bottom-mid": "",
  "bottom-left": "",
  "bottom-right": "",
  left: "",
  "left-mid": "",
  mid: "",
  "mid-mid": "",
  right: "",
  "right-mid": "",
  middle: "",
};

export function printRun(record: RunRecord, look: Look = lookOf(process.stdout)): void {
  print(formatLines(summarizeRun(record), look));
  print("");
  for (const line of formatChart(record, look)) print(line);
}

/** Two charts on one scale: the rows that are not all zero after each layer, and the rows that each layer computed. */
export function formatChart(record: RunRecord, look: Look): string[] {
  const { liveRows, computedRows } = record.layers;
  const top = Math.max(1, record.rows);
  const width = Math.max(10, look.columns - LABEL_COLUMNS - 1);
  const lines: string[] = [];
  for (const [title, counts] of [
    ["rows not all zero after each layer", liveRows],
    ["rows computed in each layer", computedRows],
  ] as const) {
    lines.push(`${title} (logarithmic)`);
    const bars = drawBars(counts, { width, height: CHART_LINES, blocks: look.blocks, top });
    bars.forEach((bar, line) => {
      const label = line === 0 ? formatCount(top) : line === CHART_LINES - 1 ? "1" : "";
      lines.push(`${label.padStart(LABEL_COLUMNS - 1)} ${look.colour ? `\u001b[36m${bar}\u001b[0m` : bar}`.trimEnd());
    });
  }
  const shown = Math.min(width, computedRows.length);
  const last = `${computedRows.length}`;
  lines.push(`${" ".repeat(LABEL_COLUMNS)}1${last.padStart(Math.max(last.length + 1, shown - 1))} layer`);
  return lines;
}
