// What always-on measuring costs: looks at the clock a run makes, times what a look takes, over the run's own time. Spans
// are counted by a traced run, and timed by runs that keep none.

import { mnistInputs } from "../../data/generate/mnist.ts";
import { radixNetLayers } from "../../data/generate/radix-net.ts";
import { openEngine } from "../../engine/engine.ts";
import type { RowMode, Strategy } from "../../engine/options.ts";
import { makeNetwork } from "../../network/network.ts";
import { type SampleFigures, summarize } from "../../report/statistics.ts";

export interface MeasuringResult extends SampleFigures {
  readonly name: string;
  readonly strategy: Strategy;
  readonly rowMode: RowMode;
  readonly workers: number;
  readonly rows: number;
  readonly layers: number;
  /** Of the worker that has most. */
  readonly spans: number;
  readonly samplesMs: readonly number[];
  /** Looks of that worker x time of a look / median time of the run. */
  readonly share: number;
}

export interface MeasuringReport {
  readonly lookNs: { readonly samples: readonly number[] } & SampleFigures;
  readonly results: readonly MeasuringResult[];
}

export interface MeasuringOptions {
  readonly neurons: number;
  readonly layers: number;
  readonly rows: number;
  readonly rounds: number;
  readonly seed: number;
  readonly onProgress: (share: number) => void;
}

const CASES = [
  { strategy: "auto", rowMode: "distinct" },
  { strategy: "data", rowMode: "nonzero" },
  { strategy: "model", rowMode: "nonzero" },
  { strategy: "data-then-model", rowMode: "nonzero" },
  { strategy: "work-stealing", rowMode: "distinct" },
] as const;
const WORKERS = 2;
const LOOKS = 200_000;
/** A span is two looks; where one span follows another directly they share one, so this is an upper bound. */
const LOOKS_PER_SPAN = 2;

export async function measureMeasuring(options: MeasuringOptions): Promise<MeasuringReport> {
  const { neurons, layers, rows, rounds, seed, onProgress } = options;
  const samples = Array.from({ length: rounds + 1 }, timeLook).slice(1);
  const lookNs = { samples, ...summarize(samples) };
  const network = makeNetwork([...radixNetLayers({ neurons, layers, seed, permute: true })]);
  const inputs = await mnistInputs({ side: Math.sqrt(neurons), images: rows });
  const results: MeasuringResult[] = [];
  for (const [k, { strategy, rowMode }] of CASES.entries()) {
    const settings = { strategy, rows: rowMode, workers: WORKERS };
    const spans = await countSpans();
    await using engine = await openEngine(network, settings);
    const samplesMs: number[] = [];
    for (let round = 0; round < rounds; round++) {
      samplesMs.push((await engine.infer(inputs)).figures.inferSeconds * 1000);
    }
    const figures = summarize(samplesMs);
    const share = (spans * LOOKS_PER_SPAN * lookNs.median) / (figures.median * 1e6);
    const name = `measuring ${strategy}, ${rowMode}`;
    results.push({ name, strategy, rowMode, workers: WORKERS, rows, layers, spans, samplesMs, ...figures, share });
    onProgress((k + 1) / CASES.length);

    async function countSpans(): Promise<number> {
      await using traced = await openEngine(network, { ...settings, trace: true, warmUp: false });
      const { workers } = (await traced.infer(inputs)).figures;
      return Math.max(...workers.map(({ trace }) => trace.length));
    }
  }
  return { lookNs, results };
}

/** Nanoseconds of one look at the clock. */
function timeLook(): number {
  const started = performance.now();
  let sum = 0;
  for (let k = 0; k < LOOKS; k++) sum += performance.now();
  return sum > 0 ? ((performance.now() - started) * 1e6) / LOOKS : Number.NaN;
}
