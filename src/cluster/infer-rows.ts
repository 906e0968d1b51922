// One run on many ranks, its rows split over them: every rank reads the network and its share of the inputs, infers with
// its own engine, and all learn the categories.

import { readNetwork } from "../data/read-network.ts";
import { type Engine, openEngine } from "../engine/engine.ts";
import { hashOptions } from "../engine/lay-out.ts";
import type { EngineOptions, Settings } from "../engine/options.ts";
import { orderAfterLayer } from "../engine/place-network.ts";
import type { InferenceResult } from "../engine/result.ts";
import { edgeCount, factsOf, type Network, type NetworkFacts } from "../network/network.ts";
import { hashesNeurons, hashesRows } from "../partition/hashing.ts";
import { agree, agreeOn } from "./agree.ts";
import { agreeOnWork } from "./agree-on-work.ts";
import type { NumberedRows } from "./exchange-rows.ts";
import { measureLink } from "./link.ts";
import { type CheckpointOptions, findState, identityOf } from "./checkpointer.ts";
import {
  type CutRecord,
  makeRankDriver,
  type LayerTraffic,
  type RankDriverOptions,
  type RedealMode,
} from "./rank-driver.ts";
import { readRankInputs } from "./read-rank-inputs.ts";
import { resolveRows, type RowOutcomes } from "./row-registry.ts";
import { sparseRows } from "./sparse-rows.ts";
import { allgatherValues, gatherValues, trafficSince, type World } from "./world.ts";

export interface RowsRunOptions {
  readonly model: string;
  readonly input: string;
  readonly layers?: number | undefined;
  readonly bias?: number | undefined;
  readonly engine: EngineOptions;
  readonly redeal: RedealMode;
  /** Where the state is saved as the run goes, and how often at most; null for a run that is not saved. */
  readonly checkpoint: { readonly folder: string; readonly seconds: number } | null;
  /** What must be the same on all ranks: the program's version. */
  readonly version: string;
  readonly signal: AbortSignal;
  readonly onStep: (step: "reading" | "preparing" | "inferring") => void;
  readonly onProgress: (share: number) => void;
}

/** What one rank did. */
export interface RankFigures {
  readonly rank: number;
  readonly host: string;
  /** Rows that it began with, and how it read them. */
  readonly rows: number;
  readonly access: "ranges" | "exchange";
  readonly edges: number;
  readonly busySeconds: number;
  /** Of workers that waited for each other. */
  readonly waitSeconds: number;
  /** Of the rank: exchanges, the wait for others among them. */
  readonly communicationSeconds: number;
  readonly bytesSent: number;
  readonly messagesSent: number;
  /** The above of every exchange between two layers, by the layers done before it. */
  readonly traffic: readonly LayerTraffic[];
  readonly inferSeconds: number;
  readonly peakBytes: number;
}

/** A run on ranks, whatever was split over them. */
export interface RanksRun {
  readonly network: NetworkFacts;
  readonly nrows: number;
  /** 0-based, rising; known to all ranks. */
  readonly categories: Uint32Array;
  /** Entries of the final activations of category rows that this rank has; none unless they were kept. */
  readonly held: NumberedRows;
  readonly settings: Settings;
  readonly seconds: { readonly read: number; readonly prepare: number; readonly infer: number };
  readonly cuts: readonly CutRecord[];
  /** Layers that an earlier run had done, whose state this one went on from; null for a run from the start. */
  readonly resumedLayer: number | null;
  /** Removes the saved state, once everything of the run has been written. Collective. */
  removeCheckpoint(): Promise<void>;
  /** Everything of all ranks, at rank 0; null elsewhere. */
  readonly all: readonly RankReport[] | null;
}

/** A rank's figures, and the local run's. */
export interface RankReport {
  readonly figures: RankFigures;
  readonly run: InferenceResult["figures"];
}

/** Collective. @throws RankError, and what reading and the engine throw */
export async function inferRows(world: World, options: RowsRunOptions): Promise<RanksRun> {
  const { signal, onStep, onProgress } = options;
  const started = performance.now();
  onStep("reading");
  await agreeOnWork(world, options);
  const network = await agree(world, () =>
    readNetwork(options.model, { layers: options.layers, bias: options.bias, signal }),
  );
  await agreeOn(world, { "a network of": `${network.layers.length} layers, ${edgeCount(network)} weights` });
  const { hash = "none", hashMethod: method = "deal", seed = 1 } = options.engine;
  const inputs = await readRankInputs(world, options.input, {
    ncols: network.inputs,
    hash: hashesRows(hash) ? { method, seed } : null,
    signal,
    onProgress,
  });
  const read = secondsSince(started);

  onStep("preparing");
  const preparing = performance.now();
  await using engine = await agree(world, () => openEngine(network, options.engine));
  await agreeOn(world, { kernels: engine.settings.kernel });
  // Neurons are dealt to workers: other numbers of workers would mean other numbers of neurons.
  if (hashesNeurons(hash)) await agreeOn(world, { workers: `${engine.settings.workers}` });
  const link = await measureLink(world);
  const checkpoint = await openCheckpoint(world, options, { network, nrows: inputs.nrows, settings: engine.settings });
  const driver = makeRankDriver({
    world,
    redeal: engine.settings.activationFormat === "tile" ? options.redeal : "never",
    rows: engine.settings.rows,
    widths: network.layers.map(({ weights }) => weights.ncols),
    numbers: inputs.rows.numbers,
    link,
    checkpoint,
  });
  const prepare = secondsSince(preparing);

  onStep("inferring");
  await allgatherValues(world, null);
  const inferring = performance.now();
  const result = await engine.infer(inputs.rows.matrix, { signal, onProgress, driver });
  const outcomes = await allgatherValues<RowOutcomes>(world, driver.outcomes());
  const { end, isAlive } = resolveRows(inputs.nrows, outcomes);
  const categories = Uint32Array.from(end.keys()).filter((row) => isAlive[end[row]] === 1);
  const infer = secondsSince(inferring) - result.figures.prepareSeconds;
  const figures = figuresOf(world, {
    rows: inputs.rows.numbers.length,
    access: inputs.access,
    before: driver.trafficBefore,
    infer,
    result,
    traffic: driver.traffic,
  });
  return {
    network: factsOf(network),
    nrows: inputs.nrows,
    categories,
    held: heldRows(categories, end, network.outputs, driver.activationsByNumber()),
    settings: engine.settings,
    seconds: await slowest(world, { read, prepare: prepare + result.figures.prepareSeconds, infer }),
    cuts: driver.cuts,
    resumedLayer: driver.checkpointer?.resumedLayer ?? null,
    removeCheckpoint: async () => driver.checkpointer?.clear(),
    all: await gatherValues<RankReport>(world, { figures, run: result.figures }),
  };
}

function heldRows(
  categories: Uint32Array,
  computedAs: Uint32Array,
  outputs: number,
  activations: ReadonlyMap<number, Float32Array>,
): NumberedRows {
  const here = categories.filter((row) => activations.has(computedAs[row]));
  return sparseRows(here, outputs, null, (row) => activations.get(computedAs[row]) ?? new Float32Array());
}

/** What a run saves and goes on from, and the state found. Collective. */
async function openCheckpoint(
  world: World,
  { checkpoint, model, input }: RowsRunOptions,
  { network, nrows, settings }: { network: Network; nrows: number; settings: Settings },
): Promise<RankDriverOptions["checkpoint"]> {
  if (checkpoint === null) return null;
  const hash = hashesNeurons(settings.hash) ? hashOptions(settings) : null;
  const options: CheckpointOptions = {
    ...checkpoint,
    identity: identityOf({
      model,
      input,
      layers: network.layers.length,
      edges: edgeCount(network),
      nrows,
      keepsActivations: settings.keepActivations,
    }),
    orderAfter: (layers) => orderAfterLayer(network, layers - 1, hash),
  };
  return { options, found: await findState(world, options) };
}

function secondsSince(startedMs: number): number {
  return (performance.now() - startedMs) / 1000;
}

/** The slowest rank's seconds, phase by phase. */
async function slowest(world: World, mine: RanksRun["seconds"]): Promise<RanksRun["seconds"]> {
  const all = await allgatherValues(world, mine);
  const most = (phase: keyof typeof mine): number => Math.max(...all.map((seconds) => seconds[phase]));
  return { read: most("read"), prepare: most("prepare"), infer: most("infer") };
}

interface LocalRun {
  readonly rows: number;
  readonly access: RankFigures["access"];
  /** Traffic before the inference began. */
  readonly before: World["traffic"];
  readonly infer: number;
  readonly traffic: readonly LayerTraffic[];
  readonly result: Awaited<ReturnType<Engine["infer"]>>;
}

function figuresOf(world: World, { rows, access, before, infer, result, traffic }: LocalRun): RankFigures {
  const { workers } = result.figures;
  const sent = trafficSince(before, world.traffic);
  return {
    rank: world.rank,
    host: world.hosts[world.rank],
    rows,
    access,
    edges: result.figures.computedEdges,
    busySeconds: workers.reduce((sum, worker) => sum + worker.busySeconds, 0),
    waitSeconds: workers.reduce((sum, worker) => sum + worker.waitSeconds, 0),
    communicationSeconds: sent.seconds,
    bytesSent: sent.bytesSent,
    messagesSent: sent.messagesSent,
    traffic,
    inferSeconds: infer,
    peakBytes: process.resourceUsage().maxRSS * 1024,
  };
}
