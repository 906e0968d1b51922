// What a grid's groups have found out, as the whole run tells it: outcomes of rows, entries of the output, figures.

import type { NetworkSource } from "../data/network-source.ts";
import type { Settings } from "../engine/options.ts";
import type { RunFigures } from "../engine/result.ts";
import { DEAD } from "../engine/task.ts";
import type { FoundState } from "./checkpointer.ts";
import type { NumberedRows } from "./exchange-rows.ts";
import type { GridBalance } from "./grid-balance.ts";
import type { GridGroupResult } from "./grid/grid-group.ts";
import type { GridNumbers } from "./grid-numbers.ts";
import type { RankFigures } from "./infer-rows.ts";
import type { RowOutcomes } from "./row-registry.ts";
import { mergeRows, sparseRows } from "./sparse-rows.ts";
import type { World } from "./world.ts";

/** What became of the rows of the group; one member tells it. Of what was over before this run, rank 0 knows. */
export function outcomesOf(
  { alive, leaders }: GridGroupResult,
  numbers: GridNumbers,
  member: number,
  found: FoundState | null,
): RowOutcomes {
  const joined = Array.from(found?.joined ?? []);
  const ended = Array.from(found?.alive ?? []);
  if (member === 0) joined.push(...numbers.joined);
  for (const [row, leader] of leaders.entries()) {
    if (member !== 0 || leader === DEAD) continue;
    if (leader !== row) joined.push(numbers.numberOf(row), numbers.numberOf(leader));
    else if (alive[row] === 1) ended.push(numbers.numberOf(row));
  }
  return { joined: Uint32Array.from(joined), alive: Uint32Array.from(ended) };
}

/** The entries of this rank's outputs, of the category rows that its group has computed. */
function heldEntries(
  result: GridGroupResult,
  numbers: Uint32Array,
  network: NetworkSource,
  categories: Uint32Array,
  computedAs: Uint32Array,
): NumberedRows {
  const place = new Map(Array.from(result.outputs, (neuron, k) => [neuron, k]));
  // Where outputs are mapped, several may be of one neuron.
  const neuronOf = network.outputMap ?? Uint32Array.from({ length: network.outputs }, (_, output) => output);
  const columns = Uint32Array.from(neuronOf.keys()).filter((output) => place.has(neuronOf[output]));
  const places = columns.map((output) => place.get(neuronOf[output]) ?? 0);
  const local = new Map<number, number>();
  for (const [row, number] of numbers.entries()) if (result.alive[row] === 1) local.set(number, row);
  const live = categories.filter((row) => local.has(computedAs[row]));
  return sparseRows(live, network.outputs, columns, (row) => {
    const own = result.activations(local.get(computedAs[row]) ?? 0);
    return Float32Array.from(places, (at) => own[at]);
  });
}

/** Whole category rows that had ended in an earlier run. */
function finishedRows(
  found: FoundState | null,
  categories: Uint32Array,
  computedAs: Uint32Array,
  outputs: number,
): NumberedRows {
  const finished = found?.finished ?? new Map<number, Float32Array>();
  const rows = categories.filter((row) => finished.has(computedAs[row]));
  return sparseRows(rows, outputs, null, (row) => finished.get(computedAs[row]) ?? new Float32Array());
}

/** What this rank has of the final activations of the categories; none unless they were kept. */
export function heldRows(
  result: GridGroupResult,
  { numbers, found, categories, computedAs, network, areKept }: HeldFacts,
): NumberedRows {
  const { outputs } = network;
  if (!areKept) return sparseRows(new Uint32Array(), outputs, null, () => new Float32Array());
  return mergeRows([
    heldEntries(result, numbers, network, categories, computedAs),
    finishedRows(found, categories, computedAs, outputs),
  ]);
}

export interface HeldFacts {
  /** Of the group's rows and its guests, among all. */
  readonly numbers: Uint32Array;
  readonly found: FoundState | null;
  readonly categories: Uint32Array;
  /** For every row the one that was computed in its place. */
  readonly computedAs: Uint32Array;
  readonly network: NetworkSource;
  readonly areKept: boolean;
}

export function figuresOf(
  world: World,
  rows: number,
  access: RankFigures["access"],
  { figures }: GridGroupResult,
  shared: GridBalance["traffic"],
): RankFigures {
  const traffic = Array.from(figures.bytesSent, (bytesSent, l) => ({
    layer: l + 1,
    bytesSent,
    messagesSent: figures.messagesSent[l],
    seconds: null,
  }));
  for (const { layer, bytesSent, messagesSent } of shared) {
    traffic[layer - 1].bytesSent += bytesSent;
    traffic[layer - 1].messagesSent += messagesSent;
  }
  return {
    rank: world.rank,
    host: world.hosts[world.rank],
    rows,
    access,
    edges: figures.computedEdges,
    busySeconds: sum(figures.workers.map((worker) => worker.busySeconds)),
    waitSeconds: sum(figures.workers.map((worker) => worker.waitSeconds)),
    communicationSeconds:
      figures.communicationSeconds + figures.sleepSeconds + sum(shared.map(({ seconds }) => seconds)),
    bytesSent: sum(traffic.map(({ bytesSent }) => bytesSent)),
    messagesSent: sum(traffic.map(({ messagesSent }) => messagesSent)),
    traffic,
    inferSeconds: figures.inferSeconds,
    peakBytes: process.resourceUsage().maxRSS * 1024,
  };
}

function sum(values: Iterable<number>): number {
  return Array.from(values).reduce((total, value) => total + value, 0);
}

/** Rows are the group's: one member counts them. */
export function runFiguresOf({ nrows, figures }: GridGroupResult, settings: Settings, counts: boolean): RunFigures {
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
