// How much of the time that this process's threads asked for they were given, as far as the system says: on Linux every
// thread has a file with the time that it ran and the time that it stood ready and was not let.
// Source: Linux, Documentation/scheduler/sched-stats.rst, /proc/<pid>/schedstat.

import { readdirSync, readFileSync } from "node:fs";

/** Nanoseconds by thread: ran, and waited for a processor. Empty where the system does not say. */
export type Schedule = ReadonlyMap<string, readonly [ranNs: number, readyNs: number]>;

const TASKS = "/proc/self/task";

export function readSchedule(): Schedule {
  const schedule = new Map<string, readonly [number, number]>();
  try {
    for (const task of readdirSync(TASKS)) {
      const [ran, ready] = readFileSync(`${TASKS}/${task}/schedstat`, "utf8").split(" ").map(Number);
      schedule.set(task, [ran, ready]);
    }
  } catch {
    // Another system, or a thread that ended between the two calls: what was read holds.
  }
  return schedule;
}

/**
 * Share of the time asked for that the worst-off thread was given between two looks, 0 to 1. Threads that asked for less
 * than half of `spanMs` do not count; 1 where none did.
 */
export function givenShare(before: Schedule, after: Schedule, spanMs: number): number {
  let share = 1;
  for (const [task, [ran, ready]] of after) {
    const [ranBefore, readyBefore] = before.get(task) ?? [ran, ready];
    const asked = ran - ranBefore + ready - readyBefore;
    if (asked >= (spanMs * 1e6) / 2) share = Math.min(share, (ran - ranBefore) / asked);
  }
  return share;
}
