// A small study, run for tests in a folder of its own: sorted inputs, two strategies, hashing or not, 1 and 2 workers.

import { runStudy } from "../apps/study/run-study.ts";
import { readRecords } from "../apps/study/records-file.ts";
import { checkSpec, type StudySpec } from "../apps/study/spec.ts";
import type { NumberedRecord } from "../report/study/study-record.ts";

export const SMALL_SPEC: StudySpec = checkSpec({
  name: "Small <study>",
  repeats: 2,
  cases: [
    {
      name: "sorted & small",
      network: { radixnet: { neurons: 64, layers: 8 } },
      inputs: { random: { rows: 800, features: 64, density: 0.4 }, sortedByNonzeros: true },
      axes: { strategy: ["data", "model"], hash: ["none", "input"], workers: [1, 2] },
    },
  ],
});

export interface SmallStudyOptions {
  readonly signal?: AbortSignal;
  /** Called with the name of each step. */
  readonly onStep?: (name: string) => void;
  readonly onProgress?: (share: number) => void;
  readonly say?: (text: string) => void;
}

/** Runs what is missing. @returns all records of the folder */
export async function runSmallStudy(
  folder: string,
  spec: StudySpec = SMALL_SPEC,
  { signal, onStep, onProgress, say }: SmallStudyOptions = {},
): Promise<NumberedRecord[]> {
  const before = await readRecords(folder, { repair: true, onHalfLine: () => {} });
  await runStudy(spec, before, {
    folder,
    base: folder,
    runtime: { node: "26.0.0", cpu: "some processor", cores: 2 },
    peakBytes: () => 1,
    signal: signal ?? new AbortController().signal,
    onStep: onStep ?? (() => {}),
    onProgress: onProgress ?? (() => {}),
    say: say ?? (() => {}),
  });
  return readRecords(folder, { repair: false, onHalfLine: () => {} });
}
