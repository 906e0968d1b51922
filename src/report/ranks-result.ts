// The runs of several ranks as one: what a record is made from.

import type { RankReport } from "../cluster/infer-rows.ts";
import type { RunFigures } from "../engine/result.ts";

/** Figures of all ranks together; workers in the order of ranks. `seconds` are those of the slowest rank. */
export function mergeRanks(
  reports: readonly RankReport[],
  nominalEdges: number,
  seconds: { readonly prepare: number; readonly infer: number },
): RunFigures {
  const runs = reports.map(({ run }) => run);
  const sum = (of: (run: RunFigures) => number): number => runs.reduce((total, run) => total + of(run), 0);
  const most = (of: (run: RunFigures) => number): number => Math.max(...runs.map(of));
  const [first] = runs;
  if (first === undefined) throw new RangeError("no rank has reported");
  return {
    settings: first.settings,
    nominalEdges,
    computedEdges: sum((run) => run.computedEdges),
    prepareSeconds: seconds.prepare,
    inferSeconds: seconds.infer,
    workers: runs.flatMap((run) => run.workers),
    computedRows: first.computedRows.map((_, l) => sum((run) => run.computedRows[l] ?? 0)),
    liveRows: first.liveRows.map((_, l) => sumLive(runs.map((run) => run.liveRows[l] ?? null))),
    networkBytes: most((run) => run.networkBytes),
    activationBytes: most((run) => run.activationBytes),
    workingSetBytes: most((run) => run.workingSetBytes),
    peakMemoryBytes: most((run) => run.peakMemoryBytes),
  };
}

/** Null where a rank did not look. */
function sumLive(counts: readonly (number | null)[]): number | null {
  let total = 0;
  for (const count of counts) {
    if (count === null) return null;
    total += count;
  }
  return total;
}
