// The record of one run of a study: the record of the run, and which point of the grid it is. A study's file holds one a
// line and is only ever appended to, so a record's line number names it for good.

import type { RunRecord } from "../run-record.ts";

export const STUDY_SCHEMA = "gossamer.study/1";

export interface StudyFacts {
  readonly schema: typeof STUDY_SCHEMA;
  /** Name of the study and of the case: a network with its inputs. */
  readonly study: string;
  readonly case: string;
  /** The case in words. */
  readonly network: string;
  readonly inputs: string;
  /** Of everything that the case is made from: cases of one name must have one definition. */
  readonly definition: string;
  /** The settings that the grid varies or fixes, by axis. */
  readonly combo: Readonly<Record<string, string | number>>;
  /** Case and combo as one text: repeats of one point share it. */
  readonly key: string;
  /** From 1. */
  readonly repeat: number;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly verified: Verification;
}

/** What was checked before anything was measured. */
export interface Verification {
  /** Rows on which all combos of the case named the same categories. */
  readonly rows: number;
  /** Rows whose activations were compared with float64, by which reference, and the largest distance found. */
  readonly referenceRows: number;
  readonly reference: string;
  readonly largestError: number;
}

export type StudyRecord = RunRecord & { readonly study: StudyFacts };

/** A record and its line in the file, from 1. */
export interface NumberedRecord {
  readonly line: number;
  readonly record: StudyRecord;
}

/** "1-3, 7": lines as people cite them. */
export function formatLineNumbers(lines: readonly number[]): string {
  const sorted = [...new Set(lines)].toSorted((a, b) => a - b);
  const ranges: [number, number][] = [];
  for (const line of sorted) {
    const last = ranges.at(-1);
    if (last !== undefined && line === last[1] + 1) last[1] = line;
    else ranges.push([line, line]);
  }
  return ranges.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`)).join(", ");
}
