// A run's record as lines for people: a label and what to say about it. How they are set on the screen is the caller's.

import { formatBytes, formatCount, formatRate, formatSeconds } from "../core/units.ts";
import type { RunRecord } from "./run-record.ts";

export type SummaryLine = readonly [label: string, text: string];

export function summarizeRun(record: RunRecord): SummaryLine[] {
  const { network, settings, categories, edges, seconds, edgesPerSecond, balance, memory } = record;
  const share = edges.nominal === 0 ? 0 : (100 * edges.computed) / edges.nominal;
  return [
    [
      "network",
      `${formatCount(network.layers)} layers, ${formatCount(network.inputs)} inputs, ` +
        `${formatCount(network.outputs)} outputs, ${formatCount(network.edges)} weights`,
    ],
    ["rows", `${formatCount(record.rows)}, computed: ${settings.rows}`],
    ["categories", `${formatCount(categories.count)}${truthText(categories)}`],
    ["nominal edges", `${formatCount(edges.nominal)}, ${rateText(edgesPerSecond.nominal)}`],
    [
      "computed edges",
      `${formatCount(edges.computed)} (${share.toFixed(share < 10 ? 2 : 1)} %), ${rateText(edgesPerSecond.computed)}`,
    ],
    [
      "seconds",
      `read ${formatSeconds(seconds.read)}, prepare ${formatSeconds(seconds.prepare)}, ` +
        `infer ${formatSeconds(seconds.infer)}, total ${formatSeconds(seconds.total)}`,
    ],
    [
      "workers",
      `${settings.workers}, strategy ${settings.strategy}, kernel ${settings.kernel}, ` +
        `imbalance ${balance.imbalance.toFixed(3)} (largest / mean of computed edges)`,
    ],
    ["memory", `${formatBytes(memory.peakBytes)} at most, ${formatBytes(memory.arenaBytes)} laid out in shared memory`],
  ];
}

function rateText(rate: number | null): string {
  return rate === null ? "no time measured" : `${formatRate(rate)}edges/s`;
}

function truthText({ truth, missing, extra }: RunRecord["categories"]): string {
  switch (truth) {
    case null:
      return "";
    case "match":
      return ", truth: match";
    case "differ":
      return `, truth: differ, ${formatCount(missing ?? 0)} missing and ${formatCount(extra ?? 0)} extra`;
  }
}
