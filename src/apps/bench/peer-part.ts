// Gossamer's `--rows all` against the C peer with AVX-512: the same network, rows and tiles, every edge computed, on one
// thread and on two. Before timing, both must give the same activations and afterwards the same categories.

import { InvariantError } from "../../core/errors.ts";
import { makeNetwork, type Network } from "../../network/network.ts";
import { radixNetLayers } from "../../data/generate/radix-net.ts";
import { randomInputs } from "../../data/generate/random-inputs.ts";
import { type Engine, openEngine } from "../../engine/engine.ts";
import { sliceCsrRows } from "../../sparse/convert.ts";
import type { CsrMatrix } from "../../sparse/matrix.ts";
import { MAX_KEPT_ROWS, openPeer, type PeerProgram, type PeerSettings } from "./peer-program.ts";
import { type SampleFigures, summarize } from "../../report/statistics.ts";

export interface PeerTiming extends SampleFigures {
  readonly name: string;
  readonly program: "peer" | "gossamer";
  /** null: as the engine decides. */
  readonly lanes: number | null;
  readonly threads: number;
  readonly samplesSeconds: readonly number[];
  readonly edgesPerSecond: number;
}

export interface PeerComparison {
  readonly compiler: string;
  readonly flags: readonly string[];
  readonly data: { readonly kind: "RadiX-Net, random rows"; readonly seed: number };
  readonly neurons: number;
  readonly layers: number;
  readonly rows: number;
  readonly edges: number;
  /** Rows whose final activations have the same bits in both programs. */
  readonly checkedRows: number;
  readonly timings: readonly PeerTiming[];
  /** Gossamer's rate over the fastest peer's, by threads. */
  readonly ratio: readonly { readonly threads: number; readonly ratio: number }[];
}

export type PeerReport = PeerComparison | { readonly unavailable: string };

export interface PeerPartOptions {
  readonly neurons: number;
  readonly layers: number;
  readonly rows: number;
  readonly rounds: number;
  readonly seed: number;
  readonly onProgress: (share: number) => void;
}

const THREADS = [1, 2] as const;
const LANES = [16, 32] as const;
const CHECKED_ROWS = 512;
/** With this share of ones, rows of all zeros and rows at the upper bound are both common at the end. */
const INPUT_DENSITY = 0.3;

/** @throws InvariantError when the two programs disagree. */
export async function measurePeer(options: PeerPartOptions): Promise<PeerReport> {
  const { neurons, layers, rows, rounds, seed, onProgress } = options;
  const opened = await openPeer();
  if ("unavailable" in opened) return opened;
  await using peer = opened;
  const network = makeNetwork([...radixNetLayers({ neurons, layers, seed, permute: true })]);
  const inputs = randomInputs({ rows, features: neurons, density: INPUT_DENSITY, seed });
  const checkedRows = Math.min(CHECKED_ROWS, rows, MAX_KEPT_ROWS);
  const sample = sliceCsrRows(inputs, 0, checkedRows);
  await peer.writeProblem(network, sample);
  await verifyBits(network, peer, sample);

  await peer.writeProblem(network, inputs);
  const edges = rows * network.layers.reduce((sum, layer) => sum + layer.weights.rowIdx.length, 0);
  const engines = await Promise.all(THREADS.map((workers) => openEngine(network, { workers, rows: "all" })));
  try {
    const variants = THREADS.flatMap((threads, t) => [
      ...LANES.map((lanes) => ({ program: "peer" as const, lanes, threads, samplesSeconds: [] as number[] })),
      { program: "gossamer" as const, engine: engines[t] as Engine, threads, samplesSeconds: [] as number[] },
    ]);
    let done = 0;
    let categories: string | null = null;
    for (let round = 0; round < rounds; round++) {
      for (const variant of variants) {
        const { seconds, live } =
          variant.program === "peer" ? await runPeer(peer, variant, rows) : await runEngine(variant.engine, inputs);
        categories ??= live;
        if (live !== categories)
          throw new InvariantError(`${variant.program}: other categories than the peer's first run`);
        variant.samplesSeconds.push(seconds);
        onProgress(++done / (rounds * variants.length));
      }
    }
    const timings = variants.map((variant): PeerTiming => {
      const { program, threads, samplesSeconds } = variant;
      const lanes = variant.program === "peer" ? variant.lanes : null;
      const name = `${program}${lanes === null ? "" : `, ${lanes} lanes`}, threads: ${threads}`;
      const figures = summarize(samplesSeconds);
      return { name, program, lanes, threads, samplesSeconds, ...figures, edgesPerSecond: edges / figures.median };
    });
    const fastest = (program: string, threads: number): number =>
      Math.max(...timings.filter((t) => t.program === program && t.threads === threads).map((t) => t.edgesPerSecond));
    return {
      compiler: peer.compiler,
      flags: peer.flags,
      data: { kind: "RadiX-Net, random rows", seed },
      neurons,
      layers,
      rows,
      edges,
      checkedRows,
      timings,
      ratio: THREADS.map((threads) => ({ threads, ratio: fastest("gossamer", threads) / fastest("peer", threads) })),
    };
  } finally {
    for (const engine of engines) await engine.close();
  }
}

async function runPeer(
  peer: PeerProgram,
  settings: PeerSettings,
  rows: number,
): Promise<{ seconds: number; live: string }> {
  const { seconds, output } = await peer.run(settings);
  const width = output.length / rows;
  const live: number[] = [];
  for (let i = 0; i < rows; i++)
    if (output.subarray(i * width, (i + 1) * width).some((byte) => byte !== 0)) live.push(i);
  return { seconds, live: live.join(" ") };
}

async function runEngine(engine: Engine, inputs: CsrMatrix): Promise<{ seconds: number; live: string }> {
  const { figures, categories } = await engine.infer(inputs);
  return { seconds: figures.inferSeconds, live: categories.join(" ") };
}

/** Both sum in stored order, so that the bits are the same in every tile width. @throws InvariantError where they are not. */
async function verifyBits(network: Network, peer: PeerProgram, rows: CsrMatrix): Promise<void> {
  await using engine = await openEngine(network, { workers: 1, rows: "all", keepActivations: true });
  const ours = await engine.infer(rows);
  for (const lanes of LANES) {
    const { output } = await peer.run({ lanes, threads: 1 });
    const theirs = new Float32Array(output.buffer);
    for (let i = 0; i < rows.nrows; i++) {
      const row = ours.activations(i);
      for (let j = 0; j < row.length; j++) {
        const their = theirs[i * row.length + j];
        if (row[j] === their) continue;
        throw new InvariantError(`row ${i}, neuron ${j}: ${row[j]}, but ${their} in the peer with ${lanes} lanes`);
      }
    }
  }
}
