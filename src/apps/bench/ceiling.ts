// The ceiling of the tile kernels on this machine, measured in the same run: how many edges a second the loads and adds
// alone would allow from the first-level cache, the second and memory (kernels/wasm/assembly/peak.ts).

import { compileWasmKernels, isWasmSupported, makePeakProbe } from "../../kernels/wasm/wasm-kernels.ts";
import { adviseHugePages } from "../../threads/huge-pages.ts";
import { type SamplePlan, sampleInterleaved, type Timing } from "./sampling.ts";

const KIB = 1024;
const PAGE_BYTES = 65_536;

export const CEILING_LEVELS = ["l1", "l2", "memory"] as const;
export type CeilingLevel = (typeof CEILING_LEVELS)[number];

/** Sizes of the buffers: they fit a usual first-level cache, a usual second-level one, and no cache of a core. */
export const CEILING_BYTES: Readonly<Record<CeilingLevel, number>> = {
  l1: 32 * KIB,
  l2: 1024 * KIB,
  memory: 256 * 1024 * KIB,
};

export interface CeilingResult {
  readonly level: CeilingLevel;
  readonly bufferBytes: number;
  /** Independent chains of adds, 4 lanes each. */
  readonly chains: 8 | 16;
  readonly timing: Timing;
  readonly edgesPerSecond: number;
}

export interface Ceiling {
  readonly results: readonly CeilingResult[];
  /** The fastest of each level. An edge is one multiply-add's worth: 4 bytes read, one add. */
  readonly edgesPerSecond: Readonly<Record<CeilingLevel, number>>;
}

/** null where the runtime has no WebAssembly SIMD. */
export async function measureCeiling(plan: SamplePlan): Promise<Ceiling | null> {
  if (!isWasmSupported("simd")) return null;
  // First page: the sums that the probe stores.
  const memory = new WebAssembly.Memory({
    initial: 1 + CEILING_BYTES.memory / PAGE_BYTES,
    maximum: 65_536,
    shared: true,
  });
  await adviseHugePages(memory);
  // Written once, so that every page is really there.
  new Float32Array(memory.buffer, PAGE_BYTES).fill(1);
  const probe = makePeakProbe(await compileWasmKernels("simd"), memory);
  const cases = CEILING_LEVELS.flatMap((level) =>
    ([8, 16] as const).map((chains) => {
      const bufferBytes = CEILING_BYTES[level];
      // A call takes about a millisecond, so that calling costs nothing.
      const rounds = Math.max(1, Math.floor((16 * 1024 * KIB) / bufferBytes));
      const run = (): void => {
        if (chains === 8) probe.streamAdds8(0, PAGE_BYTES, bufferBytes, rounds);
        else probe.streamAdds16(0, PAGE_BYTES, bufferBytes, rounds);
      };
      return { level, chains, bufferBytes, rounds, run };
    }),
  );
  const timings = sampleInterleaved(cases, plan, () => {});
  const results = cases.map(({ level, chains, bufferBytes, rounds }, k): CeilingResult => {
    const timing = timings[k] as Timing;
    const edges = (bufferBytes / 4) * rounds;
    return { level, bufferBytes, chains, timing, edgesPerSecond: edges / (timing.median / 1000) };
  });
  const best = (level: CeilingLevel): number =>
    Math.max(...results.filter((result) => result.level === level).map((result) => result.edgesPerSecond));
  return { results, edgesPerSecond: { l1: best("l1"), l2: best("l2"), memory: best("memory") } };
}
