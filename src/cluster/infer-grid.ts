// One run on a grid of ranks: the rows are split over groups of ranks, and the ranks of a group own disjoint neurons of
// every layer. Each group is grid/infer-grid-group.ts; its ranks are told which rows it has, and its results are brought to all.

import { InvariantError, UnsupportedError } from "../core/errors.ts";
import { openNetwork } from "../data/read-network.ts";
import type { NetworkSource } from "../data/network-source.ts";
import { concatenate } from "../engine/first-segment.ts";
import { resolveSettings, type Settings } from "../engine/options.ts";
import type { RunFigures } from "../engine/result.ts";
import { DEAD } from "../engine/task.ts";
import { hashesRows } from "../partition/hashing.ts";
import { availableCores } from "../threads/team.ts";
import { agree, agreeOn } from "./agree.ts";
import { agreeOnWork } from "./agree-on-work.ts";
import type { NumberedRows } from "./exchange-rows.ts";
import type { GridShape } from "./grid-shape.ts";
import { type GridGroupResult, inferGridGroup } from "./grid/infer-grid-group.ts";
import type { RankFigures, RankReport, RanksRun, RowsRunOptions } from "./infer-rows.ts";
import { openMpiWorld } from "./mpi-world.ts";
import { readRankInputs } from "./read-rank-inputs.ts";
import { resolveRows, type RowOutcomes } from "./row-registry.ts";
import { sparseRows } from "./sparse-rows.ts";
import { allgatherValues, bytesOf, gatherValues, type World, wordsOf } from "./world.ts";

/** Collective. @throws RankError, UnsupportedError, and what reading and the group throw */
export async function inferGrid(world: World, grid: GridShape, options: RowsRunOptions): Promise<RanksRun> {
  const { signal, onStep, onProgress } = options;
  const settings = await agree(world, () => checkSettings(options));
  await agreeOnWork(world, options);
  await agreeOn(world, { kernels: settings.kernel });
  const { comm } = world;
  if (comm === null) throw new InvariantError("a grid has ranks, and ranks have a communicator");
  const member = world.rank % grid.columns;
  using groupComm = comm.split(Math.floor(world.rank / grid.columns), member);
  if (groupComm === null) throw new InvariantError("a rank is in no row group");
  const group = await openMpiWorld(groupComm, world.hosts[world.rank], { signal });

  const started = performance.now();
  onStep("reading");
  await using network = await agree(world, () =>
    openNetwork(options.model, { layers: options.layers, bias: options.bias }),
  );
  const { hash, hashMethod: method, seed } = settings;
  const inputs = await readRankInputs(world, options.input, {
    ncols: network.inputs,
    hash: hashesRows(hash) ? { method, seed } : null,
    signal,
  });
  const numbers = concatenate((await group.allgather(bytesOf(inputs.rows.numbers))).map(wordsOf));
  const read = (performance.now() - started) / 1000;

  onStep("inferring");
  const result = await inferGridGroup({
    comm: groupComm,
    member: { rank: world.rank, host: world.hosts[world.rank] },
    network,
    inputs: inputs.rows.matrix,
    settings: {
      ...settings,
      ...(options.engine.memoryBytes === undefined ? {} : { memoryBytes: options.engine.memoryBytes }),
      ...(options.engine.fault === undefined ? {} : { fault: options.engine.fault }),
    },
    signal,
    onProgress,
  });
  const outcomes = await allgatherValues(world, outcomesOf(result, numbers, member));
  const { end, isAlive } = resolveRows(inputs.nrows, outcomes);
  const categories = Uint32Array.from(end.keys()).filter((row) => isAlive[end[row]] === 1);
  const report: RankReport = {
    figures: figuresOf(world, inputs.rows.numbers.length, inputs.access, result),
    run: runFiguresOf(result, settings, member === 0),
  };
  const all = await allgatherValues(world, {
    prepare: report.run.prepareSeconds,
    infer: report.run.inferSeconds,
    read,
  });
  const most = (phase: keyof (typeof all)[number]): number => Math.max(...all.map((seconds) => seconds[phase]));
  return {
    network: {
      layers: network.layerCount,
      inputs: network.inputs,
      outputs: network.outputs,
      edges: result.figures.networkEdges,
    },
    nrows: inputs.nrows,
    categories,
    held: settings.keepActivations ? heldEntries(result, numbers, network) : emptyRows(network.outputs),
    settings,
    seconds: { read: most("read"), prepare: most("prepare"), infer: most("infer") },
    cuts: [],
    resumedLayer: null,
    removeCheckpoint: async () => undefined,
    all: await gatherValues(world, report),
  };
}

/** @throws UnsupportedError for what a grid cannot do */
function checkSettings({ engine, checkpoint }: RowsRunOptions): Settings {
  const settings = resolveSettings(engine, availableCores());
  const where = "a grid that splits neurons";
  if (settings.activationFormat !== "tile") {
    throw new UnsupportedError(`${where} needs activations in tiles: other formats have no lines to exchange`);
  }
  if (settings.strategy !== "auto") {
    throw new UnsupportedError(`${where} is a strategy of its own, expected auto, found ${settings.strategy}`);
  }
  if (checkpoint !== null) {
    throw new UnsupportedError(
      `${where} saves no state: no rank has whole rows; split the rows alone, or save nothing`,
    );
  }
  if (settings.trace) throw new UnsupportedError(`${where} keeps no trace; its record has figures by layer`);
  return settings;
}

/** What became of the rows of the group; one member tells it. */
function outcomesOf({ alive, leaders }: GridGroupResult, numbers: Uint32Array, member: number): RowOutcomes {
  if (member !== 0) return { joined: new Uint32Array(), alive: new Uint32Array() };
  const joined: number[] = [];
  for (const [row, leader] of leaders.entries()) {
    if (leader !== row && leader !== DEAD) joined.push(numbers[row], numbers[leader]);
  }
  return {
    joined: Uint32Array.from(joined),
    alive: numbers.filter((_, row) => leaders[row] === row && alive[row] === 1),
  };
}

/** The entries of this rank's outputs, of the category rows of its group. */
function heldEntries(result: GridGroupResult, numbers: Uint32Array, network: NetworkSource): NumberedRows {
  const place = new Map(Array.from(result.outputs, (neuron, k) => [neuron, k]));
  // Where outputs are mapped, several may be of one neuron.
  const neuronOf = network.outputMap ?? Uint32Array.from({ length: network.outputs }, (_, output) => output);
  const columns = Uint32Array.from(neuronOf.keys()).filter((output) => place.has(neuronOf[output]));
  const places = columns.map((output) => place.get(neuronOf[output]) ?? 0);
  const local = new Map(Array.from(numbers, (number, row) => [number, row]));
  const live = numbers.filter((_, row) => result.alive[row] === 1).toSorted();
  return sparseRows(live, network.outputs, columns, (number) => {
    const own = result.activations(local.get(number) ?? 0);
    return Float32Array.from(places, (at) => own[at]);
  });
}

function emptyRows(ncols: number): NumberedRows {
  return sparseRows(new Uint32Array(), ncols, null, () => new Float32Array());
}

function figuresOf(
  world: World,
  rows: number,
  access: RankFigures["access"],
  { figures }: GridGroupResult,
): RankFigures {
  return {
    rank: world.rank,
    host: world.hosts[world.rank],
    rows,
    access,
    edges: figures.computedEdges,
    busySeconds: sum(figures.workers.map((worker) => worker.busySeconds)),
    waitSeconds: sum(figures.workers.map((worker) => worker.waitSeconds)),
    communicationSeconds: figures.communicationSeconds + figures.sleepSeconds,
    bytesSent: sum(figures.bytesSent),
    messagesSent: sum(figures.messagesSent),
    traffic: Array.from(figures.bytesSent, (bytesSent, l) => ({
      layer: l + 1,
      bytesSent,
      messagesSent: figures.messagesSent[l],
      seconds: null,
    })),
    inferSeconds: figures.inferSeconds,
    peakBytes: process.resourceUsage().maxRSS * 1024,
  };
}

function sum(values: Iterable<number>): number {
  return Array.from(values).reduce((total, value) => total + value, 0);
}

/** Rows are the group's: one member counts them. */
function runFiguresOf({ nrows, figures }: GridGroupResult, settings: Settings, counts: boolean): RunFigures {
  return {
    settings,
    nominalEdges: nrows * figures.networkEdges,
    computedEdges: figures.computedEdges,
    prepareSeconds: figures.prepareSeconds,
    inferSeconds: figures.inferSeconds,
    workers: figures.workers,
    computedRows: counts ? figures.computedRows : figures.computedRows.map(() => 0),
    liveRows: counts ? figures.liveRows : figures.liveRows.map(() => 0),
    networkBytes: figures.networkBytes,
    activationBytes: figures.activationBytes,
    workingSetBytes: 0,
    peakMemoryBytes: figures.peakMemoryBytes,
  };
}
