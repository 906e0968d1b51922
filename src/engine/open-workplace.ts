// Opens what all runs of an engine share: the memory with its network and buffers, the kernels, the team of workers; and
// lets the runtime optimise kernels and workers before they are needed.

import { ResourceError } from "../core/errors.ts";
import { type CompiledKernels, compileKernels } from "../kernels/catalog.ts";
import { TILE_LANES } from "../kernels/kernels.ts";
import { type Arena, openArena } from "../threads/arena.ts";
import { adviseHugePages } from "../threads/huge-pages.ts";
import { availableCores, openTeam, siblingModule } from "../threads/team.ts";
import { enableRevectorize } from "../threads/v8-flags.ts";
import { layOut, NO_EXTRA_ROWS } from "./lay-out.ts";
import { allocateBuffers } from "./layout.ts";
import { type LoadedNetwork, loadNetwork } from "./loaded-network.ts";
import { checkMemoryLimit, type EngineOptions, formatPairOf, resolveSettings, type Settings } from "./options.ts";
import { planFormats } from "./place-formats.ts";
import { makeRehearsal } from "./rehearsal.ts";
import { runOnce } from "./run-once.ts";
import { makeWholeDriver } from "./segments.ts";
import type { TeamData } from "./task.ts";
import { widestTile, WIDEST_TILE } from "./tiles.ts";
import type { WarmUpTask } from "./worker/warm-up.ts";
import type { Workplace } from "./workplace.ts";

const DEFAULT_LIMIT_BYTES = 4 * 1024 * 1024 * 1024;
/** For each kernel, by turns: until V8 has begun to optimise them all, which goes on during the rehearsal (docs/decisions.md). */
const WARM_UP_MS = 5;

/** What a network is loaded into. */
export interface LoadingDock {
  readonly arena: Arena;
  readonly settings: Settings;
  readonly limitBytes: number;
  readonly kernels: CompiledKernels;
}

export interface OpenedWorkplace<L extends LoadedNetwork> {
  readonly place: Workplace;
  readonly loaded: L;
}

/**
 * @param load puts the network into memory; of its layers the first `loaded.warmLayers` can be computed at once.
 * @throws UsageError | UnsupportedError | ResourceError | WorkerError, and what `load` throws
 */
export async function openWorkplace<L extends LoadedNetwork>(
  options: EngineOptions,
  load: (dock: LoadingDock) => Promise<L>,
): Promise<OpenedWorkplace<L>> {
  checkMemoryLimit(options.memoryBytes);
  const cores = availableCores();
  const settings = resolveSettings(options, cores);
  enableRevectorize();
  const limitBytes = Math.min(options.memoryBytes ?? DEFAULT_LIMIT_BYTES, DEFAULT_LIMIT_BYTES);
  const { failAllocation } = options;
  const arena = openArena({ limitBytes, ...(failAllocation === undefined ? {} : { failAllocation }) });
  await adviseHugePages(arena.memory);
  const kernels = await compileKernels(settings.kernel);
  const loaded = await load({ arena, settings, limitBytes, kernels });
  const pair = formatPairOf(settings);
  const lanes = loaded.formats === null ? widestTile(loaded.widths.typical) : WIDEST_TILE;
  const buffers = allocateBuffers(arena, settings.workers, loaded.widths, lanes);
  const formats = loaded.formats === null || pair === null ? null : planFormats(loaded.formats, pair, arena, settings);
  const team = await openTeam({
    size: settings.workers,
    program: siblingModule(import.meta.url, "./worker/program"),
    data: { memory: arena.memory, kernels } satisfies TeamData,
    fault: options.fault ?? null,
  });
  const hasCores = settings.workers <= cores;
  const base = arena.mark();
  const place: Workplace = { arena, team, settings, buffers, formats, limitBytes, hasCores, base };
  try {
    if (options.warmUp !== false) await warmUp(place, loaded, kernels);
  } catch (error) {
    await team.close();
    throw error;
  }
  return { place, loaded };
}

async function warmUp(place: Workplace, loaded: LoadedNetwork, kernels: CompiledKernels): Promise<void> {
  if (kernels.module === null || loaded.formats !== null) return;
  const task: WarmUpTask = {
    kind: "warm-up",
    layers: loaded.layers.slice(0, loaded.warmLayers),
    buffers: place.buffers.workers,
    lanes: TILE_LANES.filter((lanes) => lanes <= place.buffers.tileLanes),
    milliseconds: WARM_UP_MS,
  };
  await place.team.run(task);
  const { network, inputs } = makeRehearsal(loaded.widths.widest);
  const settings: Settings = { ...place.settings, keepActivations: false };
  try {
    place.arena.release(place.base);
    const toy = await loadNetwork(network, place.arena, null, null, undefined);
    if (toy.widths.widest > loaded.widths.widest || toy.widths.widestOutput > loaded.widths.widestOutput) return;
    const toyPlace: Workplace = { ...place, settings, base: place.arena.mark() };
    await runOnce(toyPlace, toy, {
      settings,
      layOut: () => layOut(toyPlace, settings, toy, inputs, NO_EXTRA_ROWS),
      driver: makeWholeDriver(toy.layers.length),
      signal: undefined,
      onProgress: undefined,
    });
  } catch (error) {
    // Memory too small for a rehearsal may be large enough for the run.
    if (!(error instanceof ResourceError) || place.team.isClosed) throw error;
  }
}

/** Runs one after the other: a function that starts each when all before it have ended. */
export function makeQueue(): <T>(run: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (run) => {
    const mine = last.catch(() => undefined).then(run);
    last = mine;
    return mine;
  };
}
