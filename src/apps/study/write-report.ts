// What a study's folder shows: summary.csv and report.html, made anew from records.jsonl whenever there are new ones.

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseHTML } from "linkedom";
import { writeAtomically } from "../../data/write-atomically.ts";
import { groupPoints } from "../../report/study/points.ts";
import { makeReportPage } from "../../report/study/report-page.ts";
import type { NumberedRecord } from "../../report/study/study-record.ts";
import { formatCsv, summarizePoint, type SummaryRow } from "../../report/study/summary-table.ts";

export const REPORT_FILE = "report.html";
export const SUMMARY_FILE = "summary.csv";

/** @returns the rows of the summary. @throws ResourceError, InterruptedError */
export async function writeReport(
  folder: string,
  records: readonly NumberedRecord[],
  signal: AbortSignal,
): Promise<SummaryRow[]> {
  const rows = groupPoints(records).map(summarizePoint);
  const title = records.at(-1)?.record.study.study ?? "study";
  const { document } = parseHTML("<!doctype html><html><body></body></html>");
  const write = (name: string, text: string): Promise<void> =>
    writeAtomically(join(folder, name), (temporary) => writeFile(temporary, text), signal);
  await write(SUMMARY_FILE, formatCsv(rows));
  await write(REPORT_FILE, makeReportPage(records, { title, document }));
  return rows;
}
