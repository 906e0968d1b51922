// The program of a worker: gets the memory and the kernels once, then a task a run.

import { InvariantError } from "../../core/errors.ts";
import { makeFormatKernels, makeKernels } from "../../kernels/catalog.ts";
import type { WorkerProgram } from "../../threads/program.ts";
import type { Strategy } from "../options.ts";
import type { RunTask, SegmentMessage, TeamData } from "../task.ts";
import { makeWorkerRun, type WorkerRun } from "./run.ts";
import { runAuto } from "./strategies/auto.ts";
import { runDataThenModel } from "./strategies/data-then-model.ts";
import { runData } from "./strategies/data.ts";
import { runManagerWorker } from "./strategies/manager-worker.ts";
import { runModel } from "./strategies/model.ts";
import { runWorkStealing } from "./strategies/work-stealing.ts";
import { segmentReportOf } from "./tally.ts";
import { warmUp, type WarmUpTask } from "./warm-up.ts";

const RUNNERS: Record<Strategy, (run: WorkerRun) => void> = {
  auto: runAuto,
  data: runData,
  model: runModel,
  "data-then-model": runDataThenModel,
  "manager-worker": runManagerWorker,
  "work-stealing": runWorkStealing,
};

export const startWorker: WorkerProgram = (data, team) => {
  const { memory, kernels: compiled } = data as TeamData;
  const kernels = makeKernels(compiled, memory);
  const formatKernels = makeFormatKernels(compiled, memory);
  let current: RunTask | null = null;
  return (message) => {
    const known = message as SegmentMessage | WarmUpTask;
    if (known.kind === "warm-up") return warmUp(known, team, kernels);
    current = known.run ?? current;
    if (current === null) throw new InvariantError("a segment came before its run");
    const run = makeWorkerRun({ ...current, ...known.segment }, team, kernels, formatKernels, memory);
    RUNNERS[current.strategy](run);
    return segmentReportOf(run.tally, known.segment.firstLayer, known.segment.endLayer);
  };
};
