// One run on a workplace: lays its rows out, takes them through all segments, and collects the result.

import { collectResult } from "./collect.ts";
import type { LaidOutRun } from "./lay-out.ts";
import type { LoadedNetwork } from "./loaded-network.ts";
import type { Settings } from "./options.ts";
import type { InferenceResult } from "./result.ts";
import { runSegments, type SegmentDriver } from "./segments.ts";
import type { Workplace } from "./workplace.ts";

const PROGRESS_MS = 100;

export interface OneRun {
  readonly settings: Settings;
  /** Puts inputs and tables into memory: with what the driver does then, the part of a run that is booked as `prepare`. */
  readonly layOut: () => LaidOutRun | Promise<LaidOutRun>;
  readonly driver: SegmentDriver;
  readonly signal: AbortSignal | undefined;
  readonly onProgress: ((share: number) => void) | undefined;
}

/** @throws what layOut, the driver and the team throw */
export async function runOnce(place: Workplace, loaded: LoadedNetwork, one: OneRun): Promise<InferenceResult> {
  const { settings, driver, signal, onProgress } = one;
  const { arena, team } = place;
  const { shape, layers } = loaded;
  const started = performance.now();
  const run = await one.layOut();
  await driver.ready?.();
  const timer =
    onProgress === undefined ? undefined : setInterval(() => onProgress(team.progress() / layers.length), PROGRESS_MS);
  try {
    const inferStarted = performance.now();
    const { reports, kept } = await runSegments(place, settings, loaded, run, driver, signal);
    const seconds = { prepare: (inferStarted - started) / 1000, infer: (performance.now() - inferStarted) / 1000 };
    const { memory, peakBytes } = arena;
    return collectResult({ shape, settings, memory, task: run.task, reports, kept, seconds, peakBytes });
  } finally {
    clearInterval(timer);
  }
}
