// What size costs a native program: the C peer on the random layers of the part `sizes`, one tile at a time on one thread. It says how much
// of the loss between two sizes is the machine's: lines in no order come no faster from the same caches.

import { randomInputs } from "../../data/generate/random-inputs.ts";
import { makeNetwork } from "../../network/network.ts";
import { type SampleFigures, summarize } from "../../report/statistics.ts";
import { DEGREE, makeRandomLayer } from "./kernel-layer.ts";
import { openPeer, type PeerSettings } from "./peer-program.ts";

export interface SizePeerResult extends SampleFigures {
  readonly name: string;
  readonly neurons: number;
  readonly lanes: PeerSettings["lanes"];
  readonly samplesSeconds: readonly number[];
  readonly edgesPerSecond: number;
  /** Over the smallest size with the same lanes: medians. */
  readonly ofSmallest: number;
}

export type SizePeerReport =
  | { readonly compiler: string; readonly flags: readonly string[]; readonly results: readonly SizePeerResult[] }
  | { readonly unavailable: string };

export interface SizePeerOptions {
  readonly sizes: readonly number[];
  readonly rounds: number;
  readonly seed: number;
  readonly onProgress: (share: number) => void;
}

const LANES = [16, 32] as const;
/** The same layer so often that filling tiles and emptying them, which is timed too, takes a few percent. */
const LAYERS = 64;
/** Rows of all sizes together fill the same number of lines. */
const NEURON_ROWS = 64 * 65_536;
const INPUT_DENSITY = 0.02;

export async function measureSizePeer({ sizes, rounds, seed, onProgress }: SizePeerOptions): Promise<SizePeerReport> {
  await using stack = new AsyncDisposableStack();
  const cases = [];
  let compiler = "";
  let flags: readonly string[] = [];
  for (const neurons of sizes) {
    const peer = await openPeer();
    if ("unavailable" in peer) return peer;
    stack.use(peer);
    ({ compiler, flags } = peer);
    const rows = Math.ceil(NEURON_ROWS / neurons);
    const layer = makeRandomLayer(neurons, "uniform", seed);
    const network = makeNetwork(Array.from({ length: LAYERS }, () => layer));
    await peer.writeProblem(network, randomInputs({ rows, features: neurons, density: INPUT_DENSITY, seed }));
    const edges = rows * LAYERS * neurons * DEGREE;
    for (const lanes of LANES) cases.push({ peer, neurons, lanes, edges, samplesSeconds: [] as number[] });
  }
  for (let round = 0; round < rounds; round++) {
    for (const [k, { peer, lanes, samplesSeconds }] of cases.entries()) {
      samplesSeconds.push((await peer.run({ lanes, threads: 1, batchTiles: 1 })).seconds);
      onProgress((round * cases.length + k + 1) / (rounds * cases.length));
    }
  }
  const measured = cases.map(({ neurons, lanes, edges, samplesSeconds }) => {
    const figures = summarize(samplesSeconds);
    const name = `peer, random, ${neurons} neurons, ${lanes} lanes`;
    return { name, neurons, lanes, samplesSeconds, ...figures, edgesPerSecond: edges / figures.median };
  });
  const results = measured.map((result): SizePeerResult => {
    const smallest = measured.find(({ lanes }) => lanes === result.lanes) ?? result;
    return { ...result, ofSmallest: result.edgesPerSecond / smallest.edgesPerSecond };
  });
  return { compiler, flags, results };
}
