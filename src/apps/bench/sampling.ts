// Taking samples of several variants so that a slow moment of the machine meets all of them: every variant is warmed
// up, then each round takes one sample of every variant. As much work as a sample has goes before it untimed, since what the
// variant before it left in the caches is not what precedes the work in a run.

import { type SampleFigures, summarize } from "../../report/statistics.ts";

export interface Variant {
  /** Does the work once. */
  run(): void;
}

export interface SamplePlan {
  readonly rounds: number;
  /** Least length of one sample; short work is repeated within it. */
  readonly sampleMs: number;
  /** Least time of running before the first sample. */
  readonly warmUpMs: number;
}

export interface Timing extends SampleFigures {
  /** Time of this thread on a processor, which other programs do not lengthen; wall time where the runtime has none. */
  readonly clock: "thread" | "wall";
  /** How often one sample did the work. */
  readonly repeats: number;
  /** Milliseconds for doing the work once, a sample each, in order. */
  readonly samplesMs: readonly number[];
}

// From Node 23.9 on.
const hasThreadClock = typeof process.threadCpuUsage === "function";

/** Milliseconds. A sample is one thread's work alone. */
function now(): number {
  if (!hasThreadClock) return performance.now();
  // Linux brings a thread's own figure up to date at its ticks only, every 4 ms; asking for the whole process does it now.
  process.cpuUsage();
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

/** Samples of each variant, in the given order. `onSample` is called after every one, for progress. */
export function sampleInterleaved(
  variants: readonly Variant[],
  { rounds, sampleMs, warmUpMs }: SamplePlan,
  onSample: () => void,
): Timing[] {
  const prepared = variants.map((variant) => ({
    variant,
    repeats: warmUp(variant, warmUpMs, sampleMs),
    samplesMs: [] as number[],
  }));
  for (let round = 0; round < rounds; round++) {
    for (const { variant, repeats, samplesMs } of prepared) {
      for (let k = 0; k < repeats; k++) variant.run();
      const started = now();
      for (let k = 0; k < repeats; k++) variant.run();
      samplesMs.push((now() - started) / repeats);
      onSample();
    }
  }
  const clock = hasThreadClock ? "thread" : "wall";
  return prepared.map(({ repeats, samplesMs }) => ({ clock, repeats, samplesMs, ...summarize(samplesMs) }));
}

/** Runs for `warmUpMs` at least, then finds how many repeats fill a sample. */
function warmUp(variant: Variant, warmUpMs: number, sampleMs: number): number {
  const started = performance.now();
  do variant.run();
  while (performance.now() - started < warmUpMs);
  const once = now();
  variant.run();
  const took = now() - once;
  return Math.max(1, Math.ceil(sampleMs / Math.max(took, 1e-3)));
}
