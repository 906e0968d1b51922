// The record of one run of the benchmark: what was run, on what, every sample, and what to doubt. One JSON object.

import { execFileSync } from "node:child_process";
import { availableParallelism, cpus, totalmem } from "node:os";
import { fileURLToPath } from "node:url";
import type { Ceiling } from "./ceiling.ts";
import type { InferenceResultRecord } from "./inference-part.ts";
import type { KernelResult } from "./kernel-part.ts";
import type { MeasuringReport } from "./measuring-part.ts";
import type { PeerReport } from "./peer-part.ts";
import type { SizeResult } from "./size-part.ts";
import type { SizePeerReport } from "./size-peer-part.ts";

export const BENCH_SCHEMA = "gossamer.bench/1";

/** A doubt about a number, as data: which result, and why. */
export interface Warning {
  readonly kind: "spread" | "oversubscribed" | "fallback" | "dirty";
  readonly what: string;
}

export interface MachineRecord {
  readonly cpu: string | null;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly platform: string;
  readonly node: string;
  readonly v8: string;
  readonly v8Flags: readonly string[];
}

export interface GitRecord {
  readonly commit: string;
  /** True when files differ from the commit. */
  readonly dirty: boolean;
}

export interface BenchRecord {
  readonly schema: typeof BENCH_SCHEMA;
  readonly startedAt: string;
  readonly command: readonly string[];
  readonly git: GitRecord | null;
  readonly machine: MachineRecord;
  readonly seed: number;
  /** null: this part was not asked for. */
  readonly ceiling: Ceiling | null;
  readonly kernels: readonly KernelResult[] | null;
  readonly sizes: readonly SizeResult[] | null;
  /** null too where no comparison was asked for. */
  readonly sizePeer: SizePeerReport | null;
  readonly inference: readonly InferenceResultRecord[] | null;
  readonly measuring: MeasuringReport | null;
  readonly peer: PeerReport | null;
  readonly warnings: readonly Warning[];
}

/** `v8Flags`: those set by the program; those of the command line are added. */
export function describeMachine(v8Flags: readonly string[]): MachineRecord {
  return {
    cpu: cpus()[0]?.model.trim() ?? null,
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    platform: `${process.platform} ${process.arch}`,
    node: process.versions.node,
    v8: process.versions.v8,
    v8Flags: [...process.execArgv, ...v8Flags],
  };
}

/** Commit of the working tree that holds this program, or null outside of one. */
export function describeGit(): GitRecord | null {
  const cwd = fileURLToPath(new URL(".", import.meta.url));
  const git = (...args: string[]): string =>
    execFileSync("git", args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
  try {
    return { commit: git("rev-parse", "HEAD"), dirty: git("status", "--porcelain") !== "" };
  } catch {
    return null;
  }
}

/** Samples that differ more than this make a warning. */
const MAX_SPREAD = 0.1;

/** A warning for every timing whose spread is above 10 %. */
export function spreadWarnings(timings: readonly { name: string; spread: number | null }[]): Warning[] {
  return timings.flatMap(({ name, spread }): Warning[] =>
    spread !== null && spread > MAX_SPREAD
      ? [
          {
            kind: "spread",
            what: `${name}: the middle half of the samples spans ${(100 * spread).toFixed(0)} % of the median`,
          },
        ]
      : [],
  );
}
