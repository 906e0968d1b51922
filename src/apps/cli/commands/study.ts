// `gossamer study`: runs a grid of settings over networks and inputs, and writes records, a summary and a report.

import { dirname, join, resolve } from "node:path";
import type { Command } from "commander";
import { UsageError } from "../../../core/errors.ts";
import { formatCount } from "../../../core/units.ts";
import { makeFolder } from "../../../data/make-folder.ts";
import type { NumberedRecord } from "../../../report/study/study-record.ts";
import type { SummaryRow } from "../../../report/study/summary-table.ts";
import { readRecords } from "../../study/records-file.ts";
import { runStudy } from "../../study/run-study.ts";
import { checkSpec, DEFAULT_SPEC, readSpec } from "../../study/spec.ts";
import { wholeNumber } from "../arguments.ts";
import { type CommandContext, print } from "../context.ts";
import { openProgress, type Progress } from "../progress.ts";
import { peakMemoryBytes, runtimeFacts } from "../runtime.ts";
import { studyChallenge, type TwelveFlags } from "./study-challenge.ts";

interface StudyFlags extends TwelveFlags {
  readonly out?: string;
  readonly reportOnly?: string;
  readonly findings?: readonly string[];
  readonly json?: true;
  readonly quiet?: true;
}

const HELP = `
SPEC.json names networks, inputs, and the values of each axis (docs/studies.md); without it a small study runs, in about
a minute. A study that was interrupted goes on where it stopped when the same command is given again.

The folder gets records.jsonl (one run a line), summary.csv (medians), and report.html, which needs nothing else.

Examples:
  gossamer study --out first
  gossamer study studies/sorted-inputs.json --out sorted --json
  gossamer study challenge --out twelve --sizes 1024x120,65536x1920
  gossamer study --report-only sorted
  gossamer study --findings sorted official > results.md

Exit status: 0 ok, 2 wrong usage, 3 bad input, 4 out of resources, 5 a worker failed, 70 settings disagree, 130 Ctrl-C.`;

export function addStudyCommand(program: Command, context: CommandContext): void {
  program
    .command("study")
    .summary("measure a grid of strategies, hashings and workers, and report")
    .description("Runs a grid of settings over networks and inputs: verified first, repeats interleaved, resumable.")
    .argument("[spec]", "specification of the study: a JSON file; or `challenge`: the challenge's twelve sizes")
    .option("--out <folder>", "folder of the study; made where it is missing")
    .option("--report-only <folder>", "make summary.csv and report.html anew from the records of a folder")
    .option("--findings <folders...>", "print what the records of these folders say about the claims of the field")
    .option("--sizes <list>", "of the challenge: only these, such as 1024x120,65536x1920")
    .option("--minutes <n>", "of the challenge: begin no run after so many", wholeNumber(0))
    .option("--note <text>", "of the challenge: a line for the page, such as what else the machine did")
    .option("--json", "print the rows of the summary as one JSON list")
    .option("--quiet", "no progress on stderr")
    .addHelpText("after", HELP)
    .action((spec: string | undefined, flags: StudyFlags) => study(spec, flags, context));
}

async function study(specPath: string | undefined, flags: StudyFlags, { signal }: CommandContext): Promise<void> {
  if (specPath === "challenge") {
    await studyChallenge(flags, signal);
    return;
  }
  checkFlags(specPath, flags);
  using progress = openProgress(flags.quiet === true);
  if (flags.findings !== undefined) {
    const { formatFindings } = await import("../../../report/study/findings.ts");
    const records = await Promise.all(flags.findings.map((folder) => readFolder(folder, progress, false)));
    print(formatFindings(flags.findings.map((folder, k) => ({ folder, records: records[k] ?? [] }))).trimEnd());
    return;
  }
  if (flags.reportOnly !== undefined) {
    const records = await readFolder(flags.reportOnly, progress, false);
    finish(flags.reportOnly, await report(flags.reportOnly, records, signal), flags, progress);
    return;
  }
  const folder = flags.out ?? "";
  const spec = specPath === undefined ? checkSpec(DEFAULT_SPEC) : await readSpec(specPath);
  makeFolder(folder);
  const before = await readFolder(folder, progress, true);
  if (before.length > 0) progress.say(`${folder}: holds ${formatCount(before.length)} records, the study goes on`);
  await runStudy(spec, before, {
    folder,
    base: specPath === undefined ? process.cwd() : dirname(resolve(specPath)),
    runtime: runtimeFacts(),
    peakBytes: peakMemoryBytes,
    signal,
    onStep: (name) => progress.step(name),
    onProgress: (share) => progress.update(share),
    say: (text) => progress.say(text),
  });
  progress.step("drawing the report");
  finish(folder, await report(folder, await readFolder(folder, progress, false), signal), flags, progress);
}

/** The charts' library is loaded when it is needed: it would double the start of every other command. */
async function report(folder: string, records: readonly NumberedRecord[], signal: AbortSignal): Promise<SummaryRow[]> {
  const { writeReport } = await import("../../study/write-report.ts");
  return writeReport(folder, records, signal);
}

/** @throws UsageError */
function checkFlags(spec: string | undefined, { out, reportOnly, findings, sizes, minutes }: StudyFlags): void {
  if (sizes !== undefined || minutes !== undefined)
    throw new UsageError("--sizes and --minutes are of `study challenge`");
  const given = [out, reportOnly, findings].filter((flag) => flag !== undefined);
  if (given.length !== 1) throw new UsageError("give one of --out, --report-only and --findings");
  if (spec !== undefined && out === undefined) throw new UsageError(`${spec}: a study to run needs --out`);
}

/** The folder's records. @throws UsageError where a report is wanted and there is none. */
async function readFolder(folder: string, progress: Progress, repair: boolean): Promise<NumberedRecord[]> {
  const records = await readRecords(folder, {
    repair,
    onHalfLine: (line) =>
      progress.say(`${folder}: line ${line} of records.jsonl was cut off in the middle; it is dropped`),
  });
  if (records.length === 0 && !repair) throw new UsageError(`${folder}: holds no records of a study`);
  return records;
}

function finish(folder: string, rows: readonly SummaryRow[], { json }: StudyFlags, progress: Progress): void {
  progress.end();
  progress.say(`wrote ${join(folder, "report.html")}: ${formatCount(rows.length)} settings`);
  if (json === true) print(JSON.stringify(rows, null, 2));
}
