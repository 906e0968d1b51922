// A program for tests of worker teams: every task says what a worker is to do with barriers, queues and signs of life.

import { setQueue, takeFromQueue } from "../threads/control.ts";
import type { TeamWorker, WorkerProgram } from "../threads/program.ts";

export type TeamTask =
  /** Returns worker, size and the value. */
  | { readonly kind: "echo"; readonly value: unknown }
  /** Returns how often a worker was seen behind after a barrier; `groups` equal groups, `rounds` barriers each. */
  | { readonly kind: "rounds"; readonly rounds: number; readonly groups: number; readonly words: SharedWords }
  /** Takes numbers below `count` from queue 0 of group 0 and counts each at its place. */
  | { readonly kind: "queue"; readonly count: number; readonly words: SharedWords }
  /** Beats every few milliseconds until it is told to stop, or for `milliseconds`. */
  | { readonly kind: "beat"; readonly milliseconds: number; readonly progress: number }
  /** Worker 0 works for `milliseconds` while the others wait at a barrier. */
  | { readonly kind: "uneven"; readonly milliseconds: number }
  /** Answers at once, and a little later `worker` ends its thread, as a crash would. */
  | { readonly kind: "exit later"; readonly worker: number }
  /** All but `worker` wait at a barrier; that one ends in its way. */
  | { readonly kind: "break"; readonly how: Break; readonly worker: number };

export const BREAKS = ["throw", "throw text", "throw resource", "exit", "hang", "unclonable"] as const;
export type Break = (typeof BREAKS)[number];
export type SharedWords = Int32Array<SharedArrayBuffer>;

export function makeSharedWords(length: number): SharedWords {
  return new Int32Array(new SharedArrayBuffer(length * 4));
}

export const startWorker: WorkerProgram = (data, team) => {
  if (data === "fail to start") throw new Error("no start");
  return (task) => runTask(task as TeamTask, team);
};

function runTask(task: TeamTask, team: TeamWorker): unknown {
  switch (task.kind) {
    case "echo":
      team.beat(0);
      return { worker: team.worker, size: team.size, value: task.value };
    case "rounds":
      return runRounds(task, team);
    case "queue":
      return takeAll(task, team);
    case "beat":
      beatFor(task.milliseconds, task.progress, team);
      return "beaten";
    case "uneven":
      if (team.worker === 0) beatFor(task.milliseconds, 1, team);
      team.wait(0, team.size);
      return "met";
    case "exit later":
      if (team.worker === task.worker) setTimeout(() => process.exit(4), 20);
      return "soon";
    case "break":
      team.beat(0);
      if (team.worker === task.worker) return breakDown(task.how);
      team.wait(0, team.size);
      return "met";
  }
}

function runRounds(task: Extract<TeamTask, { kind: "rounds" }>, team: TeamWorker): number {
  const parties = team.size / task.groups;
  const first = Math.floor(team.worker / parties) * parties;
  let behind = 0;
  for (let round = 1; round <= task.rounds; round++) {
    team.beat(round);
    Atomics.store(task.words, team.worker, round);
    team.wait(first, parties);
    for (let w = first; w < first + parties; w++) if (Atomics.load(task.words, w) < round) behind++;
  }
  return behind;
}

function takeAll(task: Extract<TeamTask, { kind: "queue" }>, team: TeamWorker): number {
  if (team.worker === 0) setQueue(team.control, 0, 0, 0);
  team.wait(0, team.size);
  let taken = 0;
  for (let k = takeFromQueue(team.control, 0, 0); k < task.count; k = takeFromQueue(team.control, 0, 0)) {
    team.beat(k);
    Atomics.add(task.words, k, 1);
    taken++;
  }
  return taken;
}

function beatFor(milliseconds: number, progress: number, team: TeamWorker): void {
  const pause = makeSharedWords(1);
  const end = performance.now() + milliseconds;
  while (performance.now() < end) {
    team.beat(progress);
    Atomics.wait(pause, 0, 0, 5);
  }
}

function breakDown(how: Break): unknown {
  switch (how) {
    case "throw":
      throw new RangeError("out of the range");
    case "throw text":
      throw "only a text";
    case "throw resource": {
      const error = new Error("no memory for a test");
      error.name = "ResourceError";
      throw error;
    }
    case "exit":
      return process.exit(3);
    case "hang":
      for (;;);
    case "unclonable":
      return () => 0;
  }
}
