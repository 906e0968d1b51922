// The rows of one group through the whole network: in tiles, or in the formats that a study asks for. Strategies say which
// rows and which workers, and know neither.

import { runFormats } from "./formats/run-batches.ts";
import type { Group } from "./group.ts";
import type { WorkerRun } from "./run.ts";
import { runStages, type Sharing } from "./stages.ts";

export function runRows(run: WorkerRun, group: Group, sharing: Sharing): void {
  const { formats } = run.task;
  if (formats === null) runStages(run, group, sharing);
  else runFormats(run, formats, group);
}
