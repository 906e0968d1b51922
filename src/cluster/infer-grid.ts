// One run on a grid of ranks: the rows are split over groups of ranks, and the ranks of a group own disjoint neurons of
// every layer. Each group is grid/infer-grid-group.ts; its ranks are told which rows it has, and its results are brought to all.

import { InvariantError, UnsupportedError } from "../core/errors.ts";
import { openNetwork } from "../data/read-network.ts";
import { concatenate } from "../engine/first-segment.ts";
import { resolveSettings, type Settings } from "../engine/options.ts";
import { hashesRows } from "../partition/hashing.ts";
import { availableCores } from "../threads/team.ts";
import { agree, agreeOn } from "./agree.ts";
import { agreeOnWork } from "./agree-on-work.ts";
import { identityOf } from "./checkpointer.ts";
import { type GridDriver, openGridDriver } from "./grid-driver.ts";
import { GridNumbers } from "./grid-numbers.ts";
import { figuresOf, heldRows, outcomesOf, runFiguresOf } from "./grid-results.ts";
import type { GridShape } from "./grid-shape.ts";
import { inferGridGroup } from "./grid/infer-grid-group.ts";
import type { RankReport, RanksRun, RowsRunOptions } from "./infer-rows.ts";
import { openMpiWorld } from "./mpi-world.ts";
import { readRankInputs } from "./read-rank-inputs.ts";
import { resolveRows } from "./row-registry.ts";
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
  const own = concatenate((await group.allgather(bytesOf(inputs.rows.numbers))).map(wordsOf));
  const read = (performance.now() - started) / 1000;

  onStep("inferring");
  let opening: Promise<GridDriver | null> = Promise.resolve(null);
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
    openCuts: (edges, widths) => {
      const { model, input, redeal } = options;
      const { rows, keepActivations: keepsActivations } = settings;
      const identity = identityOf({
        model,
        input,
        edges,
        layers: widths.length,
        nrows: inputs.nrows,
        keepsActivations,
      });
      const checkpoint = options.checkpoint === null ? null : { ...options.checkpoint, identity };
      const { outputMap } = network;
      opening = openGridDriver({ world, group, grid, redeal, rows, widths, outputMap, own, checkpoint, signal });
      return opening;
    },
    signal,
    onProgress,
  });
  using driver = await opening;
  const numbers = driver?.numbers ?? new GridNumbers(own, 0);
  const found = driver?.state ?? null;
  const outcomes = await allgatherValues(world, outcomesOf(result, numbers, member, found));
  const { end, isAlive } = resolveRows(inputs.nrows, outcomes);
  const categories = Uint32Array.from(end.keys()).filter((row) => isAlive[end[row]] === 1);
  const report: RankReport = {
    figures: figuresOf(world, inputs.rows.numbers.length, inputs.access, result, driver?.traffic ?? []),
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
    held: heldRows(result, {
      numbers: numbers.all,
      found,
      categories,
      computedAs: end,
      network,
      areKept: settings.keepActivations,
    }),
    settings,
    seconds: { read: most("read"), prepare: most("prepare"), infer: most("infer") },
    cuts: driver?.records ?? [],
    resumedLayer: found?.state.layer ?? null,
    removeCheckpoint: async () => driver?.clear(),
    all: await gatherValues(world, report),
  };
}

/** @throws UnsupportedError for what a grid cannot do */
function checkSettings({ engine }: RowsRunOptions): Settings {
  const settings = resolveSettings(engine, availableCores());
  const where = "a grid that splits neurons";
  if (settings.activationFormat !== "tile") {
    throw new UnsupportedError(`${where} needs activations in tiles: other formats have no lines to exchange`);
  }
  if (settings.strategy !== "auto") {
    throw new UnsupportedError(`${where} is a strategy of its own, expected auto, found ${settings.strategy}`);
  }
  if (settings.trace) throw new UnsupportedError(`${where} keeps no trace; its record has figures by layer`);
  return settings;
}
