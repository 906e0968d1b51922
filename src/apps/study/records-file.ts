// records.jsonl: one record a line, only ever appended to. A run that was cut off while it wrote may have left half a
// line at the end; that line is dropped, everything before it stays.

import { appendFile, readFile, truncate } from "node:fs/promises";
import { join } from "node:path";
import { FormatError } from "../../core/errors.ts";
import { withFileErrors } from "../../data/file-errors.ts";
import { type NumberedRecord, STUDY_SCHEMA, type StudyRecord } from "../../report/study/study-record.ts";

export const RECORDS_FILE = "records.jsonl";

/**
 * All records of a folder; none where there is no file yet.
 * @param onHalfLine called where the last line has no end; with `repair` the file is cut before it.
 * @throws FormatError for a line that is no record.
 */
export async function readRecords(
  folder: string,
  { repair, onHalfLine }: { readonly repair: boolean; readonly onHalfLine: (line: number) => void },
): Promise<NumberedRecord[]> {
  const path = join(folder, RECORDS_FILE);
  const bytes = await withFileErrors(path, "read", () =>
    readFile(path).catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return Buffer.alloc(0);
      throw error;
    }),
  );
  const end = bytes.lastIndexOf("\n") + 1;
  const lines = bytes.toString("utf8", 0, end).split("\n").slice(0, -1);
  if (end < bytes.length) {
    onHalfLine(lines.length + 1);
    if (repair) await withFileErrors(path, "write", () => truncate(path, end));
  }
  return lines.map((text, k) => ({ line: k + 1, record: parseRecord(path, k + 1, text) }));
}

function parseRecord(path: string, line: number, text: string): StudyRecord {
  try {
    const record = JSON.parse(text) as StudyRecord | null;
    if (record?.study?.schema === STUDY_SCHEMA) return record;
  } catch (error) {
    throw new FormatError(path, line, "is no JSON, expected the record of a run", { cause: error });
  }
  throw new FormatError(path, line, `is no record of a study, expected study.schema ${STUDY_SCHEMA}`);
}

/** @throws ResourceError */
export async function appendRecord(folder: string, record: StudyRecord): Promise<void> {
  const path = join(folder, RECORDS_FILE);
  await withFileErrors(path, "write", () => appendFile(path, `${JSON.stringify(record)}\n`));
}
