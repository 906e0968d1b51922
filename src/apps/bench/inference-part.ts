// The whole inference through the engine: row modes x workers x sizes, on generated challenge networks and MNIST inputs.
// Verified first: all settings must name the same categories, and where the dense oracle fits it must agree on a sample.

import { InvariantError } from "../../core/errors.ts";
import { mnistInputs } from "../../data/generate/mnist.ts";
import { radixNetLayers } from "../../data/generate/radix-net.ts";
import { type Engine, openEngine } from "../../engine/engine.ts";
import { ROW_MODES, type RowMode } from "../../engine/options.ts";
import { makeNetwork, type Network } from "../../network/network.ts";
import { inferOracle } from "../../network/oracle.ts";
import { copyDenseRows, sliceCsrRows } from "../../sparse/convert.ts";
import type { CsrMatrix } from "../../sparse/matrix.ts";
import { type SampleFigures, summarize } from "../../report/statistics.ts";

export interface InferenceResultRecord extends SampleFigures {
  readonly name: string;
  readonly neurons: number;
  readonly layers: number;
  readonly rows: number;
  readonly rowMode: RowMode;
  readonly workers: number;
  readonly kernel: string;
  readonly data: { readonly kind: "RadiX-Net, MNIST"; readonly seed: number };
  /** "oracle": a sample of rows equals the float64 oracle; "agreement": the settings agree with each other. */
  readonly verified: "oracle" | "agreement";
  /** A run's mean within each sample. */
  readonly samplesMs: readonly number[];
  readonly nominalEdges: number;
  readonly computedEdges: number;
  /** By the median. */
  readonly edgesPerSecond: { readonly nominal: number; readonly computed: number };
}

export interface InferencePartOptions {
  readonly neurons: readonly number[];
  readonly layers: number;
  /** Rows of the smallest network; larger ones take fewer, in proportion, and the mode `all` a quarter. */
  readonly rows: number;
  readonly workers: readonly number[];
  readonly rounds: number;
  /** Least length of one sample; short runs are repeated within it, as kernels are: a pause costs the first of them its caches. */
  readonly sampleSeconds: number;
  readonly seed: number;
  readonly onProgress: (share: number) => void;
}

const SMALLEST = 1024;
const SHARE_OF_ALL = 1 / 4;
/** The oracle's dense matrix of a layer takes 8 MiB for 1024 neurons, 2 GiB for 16384. */
const MAX_ORACLE_NEURONS = 1024;
const ORACLE_ROWS = 16;

/** @throws InvariantError when settings disagree with each other or with the oracle; whatever the engine throws. */
export async function measureInference(options: InferencePartOptions): Promise<InferenceResultRecord[]> {
  const { neurons: sizes, layers, rounds, sampleSeconds, workers, seed, onProgress } = options;
  const total = sizes.length * workers.length * ROW_MODES.length * (rounds + 1);
  let done = 0;
  const results: InferenceResultRecord[] = [];
  for (const neurons of sizes) {
    const network = makeNetwork([...radixNetLayers({ neurons, layers, seed, permute: true })]);
    const rows = Math.max(1, Math.round((options.rows * SMALLEST) / neurons));
    const inputs = await mnistInputs({ side: Math.sqrt(neurons), images: rows });
    const few = sliceCsrRows(inputs, 0, Math.ceil(rows * SHARE_OF_ALL));
    const verified = neurons <= MAX_ORACLE_NEURONS ? "oracle" : "agreement";
    if (verified === "oracle") await verifyWithOracle(network, inputs);
    const cases: { engine: Engine; rowMode: RowMode; workers: number; inputs: CsrMatrix }[] = [];
    try {
      for (const count of workers) {
        for (const rowMode of ROW_MODES) {
          const engine = await openEngine(network, { workers: count, rows: rowMode });
          cases.push({ engine, rowMode, workers: count, inputs: rowMode === "all" ? few : inputs });
        }
      }
      await verifyAgreement(cases, few.nrows, () => onProgress(++done / total));
      const samples = cases.map((): number[] => []);
      const computed = cases.map(() => 0);
      for (let round = 0; round < rounds; round++) {
        for (const [k, one] of cases.entries()) {
          let seconds = 0;
          let runs = 0;
          do {
            const { figures } = await one.engine.infer(one.inputs);
            seconds += figures.inferSeconds;
            runs++;
            computed[k] = figures.computedEdges;
          } while (seconds < sampleSeconds);
          samples[k]?.push((seconds / runs) * 1000);
          onProgress(++done / total);
        }
      }
      for (const [k, one] of cases.entries()) {
        const samplesMs = samples[k] ?? [];
        const figures = summarize(samplesMs);
        const nominalEdges = one.inputs.nrows * network.layers.reduce((sum, l) => sum + l.weights.rowIdx.length, 0);
        const computedEdges = computed[k] ?? Number.NaN;
        results.push({
          name: `${neurons} neurons, rows ${one.rowMode}, ${one.workers} workers`,
          neurons,
          layers,
          rows: one.inputs.nrows,
          rowMode: one.rowMode,
          workers: one.workers,
          kernel: one.engine.settings.kernel,
          data: { kind: "RadiX-Net, MNIST", seed },
          verified,
          samplesMs,
          ...figures,
          nominalEdges,
          computedEdges,
          edgesPerSecond: {
            nominal: nominalEdges / (figures.median / 1000),
            computed: computedEdges / (figures.median / 1000),
          },
        });
      }
    } finally {
      for (const { engine } of cases) await engine.close();
    }
  }
  return results;
}

/** The first run of every case, which warms it up as well: the categories below `common` rows must be the same in all. */
async function verifyAgreement(
  cases: readonly { engine: Engine; rowMode: RowMode; workers: number; inputs: CsrMatrix }[],
  common: number,
  onDone: () => void,
): Promise<void> {
  let first: string | null = null;
  for (const { engine, rowMode, workers, inputs } of cases) {
    const { categories } = await engine.infer(inputs);
    const found = categories.filter((row) => row < common).join(" ");
    first ??= found;
    if (found !== first)
      throw new InvariantError(`rows ${rowMode} with ${workers} workers: other categories than rows all`);
    onDone();
  }
}

/** @throws InvariantError for a value further than 1e-4 from the float64 oracle. */
async function verifyWithOracle(network: Network, inputs: CsrMatrix): Promise<void> {
  const count = Math.min(ORACLE_ROWS, inputs.nrows);
  const expected = inferOracle(network, copyDenseRows(inputs, 0, count), count);
  await using engine = await openEngine(network, { workers: 1, rows: "all", keepActivations: true });
  const result = await engine.infer(sliceCsrRows(inputs, 0, count));
  for (let i = 0; i < count; i++) {
    const actual = result.activations(i);
    for (let j = 0; j < network.outputs; j++) {
      const wanted = expected[i * network.outputs + j] ?? Number.NaN;
      const found = actual[j] ?? Number.NaN;
      if (Math.abs(found - wanted) <= 1e-5 + 1e-4 * Math.abs(wanted)) continue;
      throw new InvariantError(`inference: row ${i}, neuron ${j} is ${found}, the oracle says ${wanted}`);
    }
  }
}
