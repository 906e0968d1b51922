// What the size of a layer costs: the fastest kernels with equal weights on one tile, layers of a permuted RadiX-Net and
// of random columns, in sizes that fit the second-level cache and in sizes that do not. Verified first, then timed with
// all sizes interleaved, so that their ratios are of the same moments.

import { compileKernels, makeKernels, probeFastestKernel } from "../../kernels/catalog.ts";
import { TILE_LANES } from "../../kernels/kernels.ts";
import { type KernelLayer, makeKernelLayer, makeRadixKernelLayer, runKernel, verifyKernel } from "./kernel-layer.ts";
import { type SamplePlan, sampleInterleaved, type Timing } from "./sampling.ts";

export const LAYER_KINDS = ["radixnet", "random"] as const;
export type LayerKind = (typeof LAYER_KINDS)[number];

export interface SizeResult {
  readonly name: string;
  readonly kind: LayerKind;
  readonly neurons: number;
  readonly lanes: number;
  /** Share of the lines of the tile that are not zero in all rows. */
  readonly liveLines: number;
  readonly timing: Timing;
  readonly edgesPerSecond: number;
  /** Over the smallest size of the same kind, lanes and live lines: medians, and fastest samples. */
  readonly ofSmallest: number;
  readonly ofSmallestFastest: number;
  /** Over the ceiling from the first-level cache; null where that could not be measured. */
  readonly ofCeiling: number | null;
}

export interface SizePartOptions {
  readonly sizes: readonly number[];
  readonly plan: SamplePlan;
  readonly seed: number;
  readonly ceiling: number | null;
  readonly onProgress: (share: number) => void;
}

interface SizeCase {
  readonly name: string;
  readonly kind: LayerKind;
  readonly neurons: number;
  readonly lanes: number;
  readonly liveLines: number;
  readonly edges: number;
  run(): void;
}

/** @throws InvariantError when a kernel does not agree with the oracle. */
export async function measureSizes(options: SizePartOptions): Promise<SizeResult[]> {
  const { sizes, plan, seed, ceiling, onProgress } = options;
  const compiled = await compileKernels(probeFastestKernel());
  const cases: SizeCase[] = [];
  for (const kind of LAYER_KINDS) {
    for (const neurons of sizes) {
      // Zero lines are passed over by columns with equal inputs: only RadiX-Net layers have such.
      for (const liveLines of kind === "radixnet" ? [1, 0.5] : [1]) {
        const making =
          kind === "radixnet" ? makeRadixKernelLayer(neurons, seed) : makeKernelLayer(neurons, "uniform", seed);
        const layer = await making;
        const kernels = makeKernels(compiled, layer.memory);
        for (const lanes of liveLines === 1 ? TILE_LANES : ([32] as const)) {
          const name = `${kind}, ${neurons} neurons, ${lanes} lanes${liveLines === 1 ? "" : ", half of the lines zero"}`;
          if (liveLines < 1) blankLines(layer, lanes);
          verifyKernel(layer, kernels, lanes, name);
          const edges = layer.placed.nnz * lanes;
          cases.push({ name, kind, neurons, lanes, liveLines, edges, run: () => runKernel(layer, kernels, lanes) });
        }
      }
    }
  }
  let taken = 0;
  const timings = sampleInterleaved(cases, plan, () => onProgress(++taken / (cases.length * plan.rounds)));
  return cases.map((given, k) => {
    const { name, kind, neurons, lanes, liveLines, edges } = given;
    const timing = timings[k] as Timing;
    const smallest = cases.findIndex((other) => isSameSeries(other, given));
    const base = timings[smallest] as Timing;
    const grown = edges / (cases[smallest]?.edges ?? edges);
    const edgesPerSecond = edges / (timing.median / 1000);
    return {
      name,
      kind,
      neurons,
      lanes,
      liveLines,
      timing,
      edgesPerSecond,
      ofSmallest: (grown * base.median) / timing.median,
      ofSmallestFastest: (grown * base.min) / timing.min,
      ofCeiling: ceiling === null ? null : edgesPerSecond / ceiling,
    };
  });
}

function isSameSeries(a: SizeCase, b: SizeCase): boolean {
  return a.kind === b.kind && a.lanes === b.lanes && a.liveLines === b.liveLines;
}

/** Every other stretch of 16 lines of the tile becomes zero: neurons that are read together die together. */
function blankLines({ memory, input, neurons }: KernelLayer, lanes: number): void {
  const tile = new Float32Array(memory.buffer, input, neurons * lanes);
  for (let k = 16; k < neurons; k += 32) tile.fill(0, k * lanes, (k + 16) * lanes);
}
