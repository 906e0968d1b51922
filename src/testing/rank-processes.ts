// The processes of a job on this machine, as Linux shows them: whose rank is which, who is the process that the launcher
// started and who its child, and what is left when the job has ended.

import type { ChildProcess } from "node:child_process";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

export interface RankProcess {
  readonly pid: number;
  readonly rank: number;
  /** The one that the launcher started, or the one that does the work. */
  readonly role: "parent" | "child";
}

/** All that have `mark` in their command line, launchers included as rank -1. Those that only wait to be reaped are none. */
export function findRankProcesses(mark: string): RankProcess[] {
  const found: RankProcess[] = [];
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
      if (!command.some((word) => word.includes(mark))) continue;
      const env = readFileSync(`/proc/${pid}/environ`, "utf8");
      const rank = /(?:^|\0)(?:OMPI_COMM_WORLD_RANK|PMI_RANK)=(\d+)/.exec(env)?.[1];
      const role = command.some((word) => word.endsWith("bin/start.mjs")) ? "child" : "parent";
      found.push({ pid: Number(pid), rank: rank === undefined ? -1 : Number(rank), role });
    } catch {
      // It has ended meanwhile.
    }
  }
  return found;
}

/** Whether the process has `path` open. */
export function hasOpen(pid: number, path: string): boolean {
  try {
    return readdirSync(`/proc/${pid}/fd`).some((file) => readlink(`/proc/${pid}/fd/${file}`) === path);
  } catch {
    return false;
  }
}

function readlink(path: string): string | null {
  try {
    return readlinkSync(path);
  } catch {
    return null;
  }
}

/**
 * Waits for the child of a rank of `job`, until it `isReady`. @param mark as for findRankProcesses
 * @returns its process, or null when the job has ended before
 */
export async function waitForChild(
  job: ChildProcess,
  mark: string,
  rank: number,
  isReady: (pid: number) => boolean = () => true,
): Promise<number | null> {
  while (job.exitCode === null && job.signalCode === null) {
    const child = findRankProcesses(mark).find((one) => one.rank === rank && one.role === "child");
    if (child !== undefined && isReady(child.pid)) return child.pid;
    await sleep(2);
  }
  return null;
}
