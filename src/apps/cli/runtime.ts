// Facts about this process for the record of a run.

import { readFileSync } from "node:fs";
import { cpus } from "node:os";
import type { RuntimeFacts } from "../../report/run-record.ts";
import { availableCores } from "../../threads/team.ts";

export function runtimeFacts(): RuntimeFacts {
  return { node: process.versions.node, cpu: cpus()[0]?.model.trim() ?? "unknown", cores: availableCores() };
}

/**
 * The most memory that this process has held. Linux keeps it for the process itself; what `resourceUsage` says there
 * can be the parent's from before this program was loaded.
 */
export function peakMemoryBytes(): number {
  if (process.platform === "linux") {
    const match = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync("/proc/self/status", "utf8"));
    if (match !== null) return Number(match[1]) * 1024;
  }
  return process.resourceUsage().maxRSS * 1024;
}

/** Seconds since this process began. */
export function processSeconds(): number {
  return performance.now() / 1000;
}
