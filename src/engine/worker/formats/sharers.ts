// Who computes a batch: one worker alone, a group whose members all run this code and meet, or a leader that calls helpers.
// The loop over the layers (run-batches.ts) is the same for the three; they differ in how a phase reaches every member.

import { countHelpers, type ForkWords, forkJob } from "../../../threads/fork.ts";
import type { FormatPlan } from "../../place-formats.ts";
import { type Group, meet } from "../group.ts";
import type { WorkerRun } from "../run.ts";
import { book } from "../tally.ts";
import { computePart, countPart, type FormatBatch, type PartOf, relabelPart, softmaxPart } from "./part.ts";

export const PHASES = ["symbolic", "numeric", "relabel", "softmax"] as const;
export type Phase = (typeof PHASES)[number];

export interface Sharers {
  /** Members that compute the next layer; asked once a layer, by everyone who runs the loop. */
  size(): number;
  /** Lets every member do its part of a phase; all have when it returns. */
  all(phase: Phase, batch: FormatBatch, l: number, input: 0 | 1, size: number): void;
  /** Does `work` once; it is done for everyone when this returns. */
  once(l: number, work: () => void): void;
}

export function runPhase(run: WorkerRun, plan: FormatPlan, phase: Phase, batch: FormatBatch, part: PartOf): void {
  run.team.beat(part.l);
  if (phase === "symbolic") countPart(run, plan, batch, part);
  else if (phase === "numeric") computePart(run, plan, batch, part);
  else if (phase === "relabel") relabelPart(run, plan, part);
  else softmaxPart(run, batch, part);
}

/** Every worker of the group runs the same loop; a group of one is a worker alone. */
export function shareInGroup(run: WorkerRun, plan: FormatPlan, group: Group): Sharers {
  const member = run.team.worker - group.leader;
  return {
    size: () => group.size,
    all(phase, batch, l, input, size) {
      runPhase(run, plan, phase, batch, { l, input, member, size });
      meet(run, group, l);
    },
    once(l, work) {
      if (member === 0) work();
      meet(run, group, l);
    },
  };
}

/** Only the leader runs the loop; helpers that have joined get the phases as jobs. */
export function shareWithHelpers(run: WorkerRun, plan: FormatPlan, forks: ForkWords): Sharers {
  const leader = run.team.worker;
  return {
    size: () => 1 + countHelpers(forks, leader),
    all(phase, batch, l, input, size) {
      const own = (): void => runPhase(run, plan, phase, batch, { l, input, member: 0, size });
      if (size === 1) {
        own();
        return;
      }
      let waitingSince = 0;
      forkJob(
        forks,
        () => run.team.beat(l),
        leader,
        size - 1,
        [PHASES.indexOf(phase), l, input, batch.nrows],
        () => {
          own();
          waitingSince = performance.now();
        },
      );
      book(run.tally, "wait", l, 0, waitingSince);
    },
    once: (_l, work) => work(),
  };
}

/** A helper's side of a job of `leader`. */
export function helpPhase(
  run: WorkerRun,
  plan: FormatPlan,
  leader: number,
  member: number,
  size: number,
  job: readonly number[],
): void {
  const [phase, l, input, nrows] = job;
  const batch: FormatBatch = { leader, matrices: plan.workers[leader].matrices, nrows };
  runPhase(run, plan, PHASES[phase], batch, { l, input: input === 0 ? 0 : 1, member, size });
}
