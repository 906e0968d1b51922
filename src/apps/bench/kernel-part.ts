// The kernels alone: one layer of random columns on one tile, in every width, weight format and kernel set.
// Verified first, then timed with the variants interleaved. An edge is one weight applied to one row.

import { compileKernels, KERNEL_IDS, type KernelId, makeKernels } from "../../kernels/catalog.ts";
import { TILE_LANES } from "../../kernels/kernels.ts";
import { WEIGHT_FORMATS, type WeightFormat } from "../../kernels/layer-record.ts";
import { isWasmSupported } from "../../kernels/wasm/wasm-kernels.ts";
import { makeKernelLayer, runKernel, verifyKernel } from "./kernel-layer.ts";
import { type SamplePlan, sampleInterleaved, type Timing } from "./sampling.ts";

export interface KernelResult {
  readonly name: string;
  readonly neurons: number;
  readonly weights: WeightFormat;
  readonly lanes: number;
  readonly kernel: KernelId;
  readonly data: { readonly kind: "random columns"; readonly weightsPerNeuron: number; readonly seed: number };
  readonly timing: Timing;
  readonly edgesPerSecond: number;
  /** Over the ceiling from the first-level cache; null where that could not be measured. */
  readonly ofCeiling: number | null;
}

export interface KernelPartOptions {
  readonly neurons: readonly number[];
  readonly plan: SamplePlan;
  readonly seed: number;
  readonly ceiling: number | null;
  readonly onProgress: (share: number) => void;
}

/** @throws InvariantError when a kernel does not agree with the oracle. */
export async function measureKernels(options: KernelPartOptions): Promise<KernelResult[]> {
  const { neurons: sizes, plan, seed, ceiling, onProgress } = options;
  const ids = KERNEL_IDS.filter(isSupported);
  const groups = sizes.flatMap((neurons) => WEIGHT_FORMATS.map((weights) => ({ neurons, weights })));
  const samples = groups.length * ids.length * TILE_LANES.length * plan.rounds;
  let taken = 0;
  const results: KernelResult[] = [];
  // Interleaved within a group: variants that are compared with each other meet the same moments.
  for (const { neurons, weights } of groups) {
    const kernelLayer = await makeKernelLayer(neurons, weights, seed);
    const edgesPerLane = kernelLayer.placed.nnz;
    const variants: { kernel: KernelId; lanes: number; name: string; run: () => void }[] = [];
    for (const kernel of ids) {
      const kernels = makeKernels(await compileKernels(kernel), kernelLayer.memory);
      for (const lanes of TILE_LANES) {
        const name = `${neurons} neurons, ${weights}, ${lanes} lanes, ${kernel}`;
        verifyKernel(kernelLayer, kernels, lanes, name);
        variants.push({ kernel, lanes, name, run: () => runKernel(kernelLayer, kernels, lanes) });
      }
    }
    const timings = sampleInterleaved(variants, plan, () => onProgress(++taken / samples));
    variants.forEach(({ kernel, lanes, name }, k) => {
      const timing = timings[k] as Timing;
      const edgesPerSecond = (edgesPerLane * lanes) / (timing.median / 1000);
      results.push({
        name,
        neurons,
        weights,
        lanes,
        kernel,
        data: { kind: "random columns", weightsPerNeuron: edgesPerLane / neurons, seed },
        timing,
        edgesPerSecond,
        ofCeiling: ceiling === null ? null : edgesPerSecond / ceiling,
      });
    });
  }
  return results;
}

function isSupported(id: KernelId): boolean {
  return id === "js" || isWasmSupported(id === "wasm-relaxed" ? "relaxed" : "simd");
}
