// The record for people: tables of rates in 1e9 edges a second, each beside the ceiling of the same run.

import Table from "cli-table3";
import { formatBytes, formatCount } from "../../core/units.ts";
import { KERNEL_IDS } from "../../kernels/catalog.ts";
import type { InferenceResultRecord } from "./inference-part.ts";
import type { KernelResult } from "./kernel-part.ts";
import type { MeasuringReport } from "./measuring-part.ts";
import type { PeerReport } from "./peer-part.ts";
import type { SizeResult } from "./size-part.ts";
import type { SizePeerReport } from "./size-peer-part.ts";
import type { BenchRecord, Warning } from "./record.ts";
import { CEILING_BYTES, CEILING_LEVELS } from "./ceiling.ts";

const PLAIN = { head: [], border: [], compact: true };

const giga = (perSecond: number): string => (perSecond / 1e9).toFixed(perSecond < 1e10 ? 2 : 1);
const percent = (share: number): string => `${Math.round(100 * share)} %`;

/** All parts of a record, a blank line between them. */
export function formatRecord(record: BenchRecord): string {
  const { ceiling, kernels, sizes, sizePeer, inference, measuring, peer, machine, git, warnings } = record;
  const parts = [
    `${machine.cpu ?? "unknown CPU"}, ${machine.cores} cores, ${formatBytes(machine.memoryBytes)}; Node ${machine.node}` +
      `, commit ${git === null ? "unknown" : git.commit.slice(0, 10) + (git.dirty ? " and changes" : "")}`,
  ];
  if (kernels !== null) parts.push(kernelTable(kernels));
  if (sizes !== null) parts.push(sizeTable(sizes));
  if (sizePeer !== null) parts.push(sizePeerTable(sizePeer));
  if (ceiling !== null) {
    const levels = CEILING_LEVELS.map(
      (level) => `${giga(ceiling.edgesPerSecond[level])} from ${formatBytes(CEILING_BYTES[level])}`,
    );
    parts.push(`Ceiling of loads and adds alone, 1e9 edges/s on one thread: ${levels.join(", ")}.`);
  }
  if (inference !== null) parts.push(inferenceTable(inference, ceiling?.edgesPerSecond.l1 ?? null));
  if (measuring !== null) parts.push(measuringTable(measuring));
  if (peer !== null) parts.push(peerTable(peer, ceiling?.edgesPerSecond.l1 ?? null));
  if (warnings.length > 0) parts.push(formatWarnings(warnings));
  return parts.join("\n\n");
}

/** A noisy machine spreads many timings at once: they are counted here and named in the record. */
function formatWarnings(warnings: readonly Warning[]): string {
  const spread = warnings.filter(({ kind }) => kind === "spread");
  const others = warnings.filter(({ kind }) => kind !== "spread").map(({ what }) => what);
  const many = `${spread.length} timings are spread by more than 10 %: something else was running; the record names them`;
  const shown = spread.length > 3 ? [many] : spread.map(({ what }) => what);
  return ["Warnings:", ...[...others, ...shown].map((what) => `  ${what}`)].join("\n");
}

function measuringTable({ lookNs, results }: MeasuringReport): string {
  const table = new Table({
    head: ["strategy, rows", "spans of a worker", "ms", "measuring"],
    style: PLAIN,
    colAligns: ["left", "right", "right", "right"],
  });
  for (const { strategy, rowMode, spans, median, share } of results) {
    table.push([`${strategy}, ${rowMode}`, formatCount(spans), median.toFixed(1), `${(100 * share).toFixed(2)} %`]);
  }
  return `A look at the clock takes ${lookNs.median.toFixed(0)} ns.\n${table.toString()}`;
}

function kernelTable(results: readonly KernelResult[]): string {
  const table = new Table({
    head: ["neurons", "weights", "lanes", ...KERNEL_IDS],
    style: PLAIN,
    colAligns: ["right", "left", "right", ...KERNEL_IDS.map(() => "right" as const)],
  });
  const rows = new Map<string, KernelResult[]>();
  for (const result of results) {
    const key = `${result.neurons} ${result.weights} ${result.lanes}`;
    rows.set(key, [...(rows.get(key) ?? []), result]);
  }
  for (const group of rows.values()) {
    const [first] = group;
    if (first === undefined) continue;
    const cells = KERNEL_IDS.map((id) => {
      const result = group.find(({ kernel }) => kernel === id);
      if (result === undefined) return "-";
      return (
        giga(result.edgesPerSecond) + (result.ofCeiling === null ? "" : ` ${percent(result.ofCeiling).padStart(5)}`)
      );
    });
    table.push([first.neurons, first.weights, first.lanes, ...cells]);
  }
  return `Kernels, one thread, one tile, 1e9 edges/s and share of the ceiling\n${table.toString()}`;
}

function sizeTable(results: readonly SizeResult[]): string {
  const table = new Table({
    head: [
      "layer",
      "neurons",
      "lanes",
      "lines not zero",
      "1e9 edges/s",
      "of ceiling",
      "of smallest",
      "fastest samples",
    ],
    style: PLAIN,
    colAligns: ["left", "right", "right", "right", "right", "right", "right", "right"],
  });
  for (const r of results) {
    const share = r.ofCeiling === null ? "-" : percent(r.ofCeiling);
    const ratios = [r.ofSmallest.toFixed(2), r.ofSmallestFastest.toFixed(2)];
    table.push([r.kind, r.neurons, r.lanes, percent(r.liveLines), giga(r.edgesPerSecond), share, ...ratios]);
  }
  return `What size costs: fastest kernels, one thread, one tile, equal weights\n${table.toString()}`;
}

function sizePeerTable(report: SizePeerReport): string {
  if ("unavailable" in report) return `Peer in C: not run, ${report.unavailable}.`;
  const table = new Table({
    head: ["neurons", "lanes", "1e9 edges/s", "of smallest"],
    style: PLAIN,
    colAligns: ["right", "right", "right", "right"],
  });
  for (const { neurons, lanes, edgesPerSecond, ofSmallest } of report.results) {
    table.push([neurons, lanes, giga(edgesPerSecond), ofSmallest.toFixed(2)]);
  }
  return `The random layers in C with AVX-512, one thread\n${table.toString()}`;
}

function inferenceTable(results: readonly InferenceResultRecord[], ceiling: number | null): string {
  const table = new Table({
    head: ["neurons", "layers", "rows", "mode", "workers", "seconds", "nominal", "computed", "of ceiling"],
    style: PLAIN,
    colAligns: ["right", "right", "right", "left", "right", "right", "right", "right", "right"],
  });
  for (const r of results) {
    const share = ceiling === null ? "-" : percent(r.edgesPerSecond.computed / (ceiling * r.workers));
    const rates = [giga(r.edgesPerSecond.nominal), giga(r.edgesPerSecond.computed)];
    table.push([
      r.neurons,
      r.layers,
      formatCount(r.rows),
      r.rowMode,
      r.workers,
      (r.median / 1000).toFixed(3),
      ...rates,
      share,
    ]);
  }
  return `Whole inference, 1e9 edges/s; the ceiling is one thread's times the workers\n${table.toString()}`;
}

function peerTable(report: PeerReport, ceiling: number | null): string {
  if ("unavailable" in report) return `Peer in C: not run, ${report.unavailable}.`;
  const table = new Table({
    head: ["program", "threads", "seconds", "1e9 edges/s", "of ceiling"],
    style: PLAIN,
    colAligns: ["left", "right", "right", "right", "right"],
  });
  for (const { program, lanes, threads, median, edgesPerSecond } of report.timings) {
    const share = ceiling === null ? "-" : percent(edgesPerSecond / (ceiling * threads));
    const name = lanes === null ? program : `${program}, ${lanes} lanes`;
    table.push([name, threads, median.toFixed(3), giga(edgesPerSecond), share]);
  }
  const ratios = report.ratio.map(({ threads, ratio }) => `${ratio.toFixed(2)} with ${threads}`).join(", ");
  const title = `Every edge of ${formatCount(report.rows)} rows, ${report.neurons} x ${report.layers}, against C with AVX-512`;
  return `${title}\n${table.toString()}\nGossamer's rate over the peer's: ${ratios}.`;
}
