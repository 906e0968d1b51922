// Long lists of rows are hashed, joined and shortened in blocks: a sign of life between two of them, and functions that end
// soon and are called often. V8 optimises a long loop in the middle of its only call, for that call alone, and again in the
// next run.

import type { WorkerRun } from "./run.ts";

const BLOCK_ROWS = 512;

/** Calls `visit` with first and end of one block of first .. end-1 after the other; layer l is what comes next. */
export function forBlocks(
  run: WorkerRun,
  l: number,
  first: number,
  end: number,
  visit: (first: number, end: number) => void,
): void {
  for (let k = first; k < end; k += BLOCK_ROWS) {
    run.team.beat(l);
    visit(k, Math.min(end, k + BLOCK_ROWS));
  }
}
