// One row group of a grid: its ranks own disjoint columns of every layer, and exchange between layers what the others
// read. All ranks of the group call `inferGridGroup` with the same settings, each with some of the rows, and get the same
// answer, each with the activations of its own output neurons.

import { ShapeError, UsageError } from "../../core/errors.ts";
import { DEAD } from "../../engine/task.ts";
import { makeTally, reportOf } from "../../engine/worker/tally.ts";
import { warmUp } from "../../engine/worker/warm-up.ts";
import { type CompiledKernels, compileKernels, makeKernels } from "../../kernels/catalog.ts";
import { hashesNeurons } from "../../partition/hashing.ts";
import { checkCsr } from "../../sparse/check.ts";
import { type Arena, openArena } from "../../threads/arena.ts";
import { adviseHugePages } from "../../threads/huge-pages.ts";
import { openTeam, siblingModule, type Team } from "../../threads/team.ts";
import { enableRevectorize } from "../../threads/v8-flags.ts";
import { openMpiWorld } from "../mpi-world.ts";
import type { BatchRun, PoolPlace } from "./batch.ts";
import { dealLayers, type LayerPart } from "./deal-layers.ts";
import type { GridGroupOptions, GridGroupResult } from "./grid-group.ts";
import { NO_TEAM, startTeam, warmUpTask } from "./grid-team.ts";
import type { GridCuts } from "./grid-cuts.ts";
import { makeGridRows, resolveLeaders, shortenRows } from "./grid-rows.ts";
import { type GridPlace, type GridTeamData, makeTaskQueue, putTask, TASK, wakeWorkers } from "./grid-task.ts";
import { agreePlan, gatherFacts, type GroupFacts, refuseSoftmax, zeroSafeFrom } from "./group-facts.ts";
import { type GroupLink, openGroupLink } from "./group-link.ts";
import { inferRows } from "./infer-rows.ts";
import { joinEqualRows } from "./join-rows.ts";
import { allocateLists, allocateSlots, type BatchPlan, planBatches, poolRowBytes, widest } from "./lay-out-grid.ts";
import { dealInputs, type OwnInputs, partsOfInputs } from "./own-inputs.ts";
import { type GridLayer, planRoutes, type Routes } from "./routes.ts";

export type { GridFigures, GridGroupOptions, GridGroupResult, GridSettings } from "./grid-group.ts";

const LIMIT_BYTES = 4 * 1024 * 1024 * 1024;
/** Tasks that the queue holds: more than 64 batches of 64 tiles ever put. */
const QUEUE_TASKS = 8192;

/**
 * Infers the rows of one group. Collective over `comm`. A failure of one rank is thrown on all of them: as RankError on
 * those that only heard of it. @throws also UnsupportedError for softmax, ShapeError, ResourceError, WorkerError
 */
export async function inferGridGroup(options: GridGroupOptions): Promise<GridGroupResult> {
  const { network, inputs, settings } = options;
  if (inputs.ncols !== network.inputs) {
    throw new ShapeError(`inputs have ${inputs.ncols} features, expected ${network.inputs} as the network has`);
  }
  const started = performance.now();
  using link = openGroupLink(options.comm, options.member, options.signal);
  const { hash, hashMethod: method, seed } = settings;
  const neuronHash = hashesNeurons(hash) ? { method, pieces: link.size, seed } : null;
  const parts = await link.share(() => {
    checkCsr(inputs, "inputs");
    return dealLayers(link, network, neuronHash);
  });
  refuseSoftmax(parts);
  return await link.share(() => inferGroup(link, options, parts, started));
}

async function inferGroup(
  link: GroupLink,
  options: GridGroupOptions,
  parts: readonly LayerPart[],
  started: number,
): Promise<GridGroupResult> {
  const { network, inputs, settings } = options;
  const { workers } = settings;
  enableRevectorize();
  const limitBytes = Math.min(settings.memoryBytes ?? LIMIT_BYTES, LIMIT_BYTES);
  const arena = openArena({ limitBytes });
  await adviseHugePages(arena.memory);
  const networkEdges = parts.reduce((sum, part) => sum + part.nnz, 0);
  const widths = parts.map(({ owners }) => owners.length);
  const cuts = (await options.openCuts?.(networkEdges, widths)) ?? null;
  const cutLayers = [...(cuts?.layers ?? []), ...(cuts?.found ? [cuts.found.layer] : [])];
  const routes = await planRoutes(link, arena, parts, network.inputs, cutLayers);
  const { layers } = routes;
  const facts = await gatherFacts(link, parts, layers);
  const waits = { signal: options.signal, check: () => link.check() };
  const group = await openMpiWorld(link.comm, options.member.host, waits);
  const own = await dealInputs(group, arena, inputs, routes.featureLines, layers[0].inWidth);
  const nrows = own.lengths.length + (cuts?.guestRoom ?? 0);
  const lists = allocateLists(arena, workers);
  const plan = await agreePlan(
    link,
    planBatches(arena, layers, link.size, {
      workers,
      rows: Math.max(1, Math.min(nrows, settings.poolRows ?? nrows)),
      limitBytes,
      keepsActivations: settings.keepActivations,
    }),
  );
  const place: GridPlace = {
    layers,
    inputs: own.placed,
    slots: allocateSlots(arena, layers, link.size, plan),
    stride: widest(layers),
    queue: makeTaskQueue(QUEUE_TASKS, plan.slots),
    lists,
    passZeros: settings.rows !== "all",
    hashesRows: settings.rows === "distinct",
  };
  const rowBytes = poolRowBytes(layers);
  const pool = { address: arena.allocate(plan.poolRows * rowBytes, "activations between stages"), rowBytes };
  const kernels = await compileKernels(settings.kernel);
  // The main thread is the only worker where there is one: handing work over would cost a core more than it saves.
  const team =
    workers === 1
      ? null
      : await openTeam({
          size: workers,
          program: siblingModule(import.meta.url, "./grid-program"),
          data: { memory: arena.memory, kernels, place } satisfies GridTeamData,
          fault: settings.fault ?? null,
        });
  try {
    if (kernels.module !== null && settings.warmUp !== false) {
      const task = warmUpTask(place, workers);
      if (team !== null) await team.run(task, options.signal);
      else warmUp(task, { worker: 0, beat: () => undefined }, makeKernels(kernels, arena.memory));
    }
    await link.wait(link.comm.start.barrier());
    const prepareSeconds = (performance.now() - started) / 1000;
    const prepared = { parts, routes, facts, inputs: own, cuts, nrows, place, plan, pool, arena, kernels, team };
    return await inferWithTeam(link, options, prepared, prepareSeconds);
  } finally {
    await team?.close();
  }
}

interface Prepared {
  readonly parts: readonly LayerPart[];
  readonly routes: Routes;
  readonly facts: GroupFacts;
  readonly inputs: OwnInputs;
  readonly cuts: GridCuts | null;
  /** Rows of the group, then its guests. */
  readonly nrows: number;
  readonly place: GridPlace;
  readonly plan: BatchPlan;
  readonly pool: PoolPlace;
  readonly arena: Arena;
  readonly kernels: CompiledKernels;
  /** null where the main thread computes alone. */
  readonly team: Team | null;
}

async function inferWithTeam(
  link: GroupLink,
  { settings, signal, onProgress }: GridGroupOptions,
  { parts, routes, facts, inputs, cuts, nrows, place, plan, pool, arena, kernels, team }: Prepared,
  prepareSeconds: number,
): Promise<GridGroupResult> {
  const { layers } = place;
  const { workers } = settings;
  const inferStarted = performance.now();
  const watch = team === null ? NO_TEAM : startTeam(team, signal);
  const tally = makeTally(layers.length, false);
  const zeroSafe = zeroSafeFrom(parts);
  const lengths = new Uint32Array(nrows).fill(1);
  lengths.set(inputs.lengths);
  const rows = makeGridRows(lengths, settings.rows !== "all" && zeroSafe === 0);
  let pending = shortenRows(rows, cuts?.found?.pending ?? Uint32Array.from(inputs.lengths.keys()));
  if (settings.rows === "distinct") {
    await joinEqualRows(link, rows, pending, partsOfInputs(arena.memory, inputs.placed));
    pending = shortenRows(rows, pending);
  }
  const run: BatchRun = {
    link,
    memory: arena.memory,
    work: {
      place,
      kernels: makeKernels(kernels, arena.memory),
      words: new Uint32Array(arena.memory.buffer),
      list: place.lists[0],
      tally,
      beat: () => undefined,
    },
    rows,
    pool,
    rowMode: settings.rows,
    keepsActivations: settings.keepActivations,
    zeroSafeFrom: zeroSafe,
    isExchanged: facts.isExchanged,
    sent: { bytes: new Float64Array(layers.length), messages: new Float64Array(layers.length) },
    counts: {
      rows: new Float64Array(layers.length),
      live: new Float64Array(layers.length),
      looked: new Float64Array(layers.length),
    },
    nextPlace: 0,
    done: { seconds: 0, rowLayers: 0 },
    communicationSeconds: 0,
    sleepSeconds: 0,
    onProgress: ({ first, end }, share) => onProgress?.((first + (end - first) * share) / layers.length),
    check: () => {
      watch.check();
      link.check();
    },
  };
  const { columnsAfter, outputs } = routes;
  const kept = await inferRows(run, {
    batches: plan,
    edges: facts.meanEdges,
    workers,
    pending,
    cuts,
    columnsAfter,
    outputs,
  });
  if (team !== null) {
    for (let w = 0; w < workers; w++) putTask(place.queue, [TASK.stop]);
    wakeWorkers(place.queue);
  }
  const reports = [...(await watch.reports), reportOf(tally)];
  // Nobody leaves before all are through: a rank that failed at the very end still finds the others here.
  await link.wait(link.comm.start.barrier());
  const inferSeconds = (performance.now() - inferStarted) / 1000;
  const leaders = resolveLeaders(run.rows);
  const zeros = new Float32Array(outputs.length);
  return {
    nrows,
    alive: Uint8Array.from(leaders, (leader) => (leader === DEAD ? 0 : run.rows.alive[leader])),
    leaders,
    outputs,
    activations(row) {
      if (kept === null) throw new UsageError("activations were not kept: ask for them with keepActivations");
      if (!(Number.isInteger(row) && row >= 0 && row < nrows)) {
        throw new RangeError(`row ${row}, expected 0 to ${nrows - 1}`);
      }
      return leaders[row] === DEAD ? zeros : (kept.get(leaders[row]) ?? zeros);
    },
    figures: {
      computedEdges: reports.reduce((sum, report) => sum + report.edges, 0),
      networkEdges: parts.reduce((sum, part) => sum + part.nnz, 0),
      workers: reports,
      prepareSeconds,
      inferSeconds,
      communicationSeconds: run.communicationSeconds,
      sleepSeconds: run.sleepSeconds,
      bytesSent: run.sent.bytes,
      messagesSent: run.sent.messages,
      ownNeurons: Float64Array.from(layers, ({ width }) => width),
      linesSent: Float64Array.from(layers, (_, l) => countLines(layers.at(l + 1))),
      computedRows: Array.from(run.counts.rows),
      liveRows: Array.from(run.counts.live, (live, l) => (run.counts.looked[l] < run.counts.rows[l] ? null : live)),
      networkBytes: layers.reduce((sum, { placed }) => sum + placed.bytes, 0),
      activationBytes: plan.poolRows * pool.rowBytes,
      peakMemoryBytes: arena.peakBytes,
    },
  };
}

function countLines(reader: GridLayer | undefined): number {
  return (reader?.sends ?? []).reduce((sum, { count }) => sum + count, 0);
}
