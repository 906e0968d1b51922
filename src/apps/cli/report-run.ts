// The end of a run on the command line: its record on stdout, and what its categories say of the truth.

import type { TruthComparison } from "../../network/categories.ts";
import type { RunRecord } from "../../report/run-record.ts";
import { complain, type CommandContext, print } from "./context.ts";
import { EXIT } from "./exit.ts";
import { printRun } from "./print-run.ts";

/** Prints the record; a difference to the truth is exit status 1. */
export function reportRun(
  record: RunRecord,
  comparison: TruthComparison | null,
  flags: { readonly json?: true; readonly truth?: string },
  context: CommandContext,
): void {
  if (flags.json === true) print(JSON.stringify(record, null, 2));
  else printRun(record);
  if (comparison?.verdict === "differ") {
    const counts = `${comparison.missing} missing, ${comparison.extra} extra`;
    complain(`the categories differ from ${flags.truth}: ${counts}`);
    context.setStatus(EXIT.differ);
  }
}
