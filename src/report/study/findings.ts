// What the records of some studies say about the claims of the field, as Markdown: docs/results.md. Every number comes
// from a record; the text around it is fixed.

import { formatCount } from "../../core/units.ts";
import { CLAIMS } from "./claims.ts";
import { groupPoints, type Point } from "./points.ts";
import { RANK_COLUMNS, ranksRows } from "./ranks-table.ts";
import { formatLineNumbers, type NumberedRecord } from "./study-record.ts";

export interface StudyFolder {
  readonly folder: string;
  readonly records: readonly NumberedRecord[];
}

/** The whole page. */
export function formatFindings(folders: readonly StudyFolder[]): string {
  const cases = folders.flatMap(({ folder, records }) => {
    const points = groupPoints(records);
    const names = [...new Set(points.map((point) => point.case))];
    return names.map((name) => ({ study: nameOf(folder), points: points.filter((point) => point.case === name) }));
  });
  const judged = CLAIMS.map(({ title, judge }) => ({
    title,
    results: cases.map(({ study, points }) => ({ study, points, ...judge(points) })),
  }));
  const head = ["", ...CLAIMS.map((_, k) => `${k + 1}`)];
  const table = [
    `| ${head.join(" | ")} |`,
    `|${head.map(() => "---").join("|")}|`,
    ...cases.map(({ points }, c) => {
      const verdicts = judged.map(({ results }) => results[c]?.verdict ?? "not measured");
      return `| ${[caseName(points), ...verdicts].join(" | ")} |`;
    }),
  ];
  return [
    "# Results",
    "",
    `Made by \`gossamer study --findings\` from ${formatCount(folders.reduce((sum, { records }) => sum + records.length, 0))} records; do not edit.`,
    "Every number is a median over the repeats of one setting, and a record is named by its study and its line of",
    "`records.jsonl`. Imbalance is the largest over the mean of the workers' computed edges. Counts hold on any machine;",
    "times are from the machines named below, and only of runs with no more workers than cores.",
    "",
    "The claims:",
    "",
    ...CLAIMS.map(({ title }, k) => `${k + 1}. ${title}.`),
    "",
    ...table,
    "",
    ...cases.flatMap(({ study, points }) => describeCase(study, points)),
    ...judged.flatMap(({ title, results }, k) => [
      `## ${k + 1}. ${title}`,
      "",
      ...results
        .filter(({ verdict }) => verdict !== "not measured")
        .flatMap(({ study, points, verdict, sentences, lines }) => [
          `**${caseName(points)}: ${verdict}.**`,
          ...sentences.map((sentence) => `- ${sentence}`),
          "",
          `Records of ${study}: ${formatLineNumbers(lines)}.`,
          "",
        ]),
    ]),
    ...formatRanks(cases),
  ].join("\n");
}

/** What runs on several ranks measured; nothing where no study has any. */
function formatRanks(cases: readonly { readonly study: string; readonly points: readonly Point[] }[]): string[] {
  const measured = cases.filter(({ points }) => points.some(({ ranks }) => ranks > 1));
  if (measured.length === 0) return [];
  return [
    "## Ranks",
    "",
    "Imbalance here is over ranks. Times only where there are as many cores as workers of all ranks.",
    "",
    ...measured.flatMap(({ study, points }) => [
      `**${caseName(points)}**`,
      "",
      `| ${RANK_COLUMNS.join(" | ")} |`,
      `|${RANK_COLUMNS.map(() => "---").join("|")}|`,
      ...ranksRows(points).map((row) => `| ${Object.values(row).join(" | ")} |`),
      "",
      `Records of ${study}: ${formatLineNumbers(linesOnRanks(points))}.`,
      "",
    ]),
  ];
}

function linesOnRanks(points: readonly Point[]): number[] {
  return points.filter(({ ranks }) => ranks > 1).flatMap(({ records }) => records.map(({ line }) => line));
}

function nameOf(folder: string): string {
  return (
    folder
      .replace(/[/\\]+$/, "")
      .split(/[/\\]/)
      .at(-1) ?? folder
  );
}

function caseName(points: readonly Point[]): string {
  return (points[0]?.case ?? "").replaceAll("|", "/");
}

function describeCase(study: string, points: readonly Point[]): string[] {
  const [point] = points;
  if (point === undefined) return [];
  const { network, rows, categories, runtime, study: facts } = point.first;
  const size = `${formatCount(network.layers)} layers, ${formatCount(network.edges)} weights; ${formatCount(rows)} rows`;
  const runs = points.reduce((sum, { records }) => sum + records.length, 0);
  return [
    `- **${caseName(points)}** (study ${study}): ${facts.network}, ${size} (${facts.inputs}); ${formatCount(categories.count)} ` +
      `categories in each of ${formatCount(runs)} runs of ${points.length} settings; ${runtime.cpu}, ${runtime.cores} cores, Node ${runtime.node}.`,
    "",
  ];
}
