// The engine: a network in shared memory and a team of workers that infer with it, run after run.

import { ResourceError, ShapeError, UsageError } from "../core/errors.ts";
import { type CompiledKernels, compileKernels } from "../kernels/catalog.ts";
import { TILE_LANES } from "../kernels/kernels.ts";
import type { Network } from "../network/network.ts";
import { hashesNeurons } from "../partition/hashing.ts";
import { checkCsr } from "../sparse/check.ts";
import type { CsrMatrix } from "../sparse/matrix.ts";
import { openArena } from "../threads/arena.ts";
import { availableCores, openTeam, siblingModule } from "../threads/team.ts";
import { enableRevectorize } from "../threads/v8-flags.ts";
import { collectResult } from "./collect.ts";
import { hashOptions, layOut, WIDEST_TILE } from "./lay-out.ts";
import { allocateBuffers, checkWidth } from "./layout.ts";
import { type LoadedNetwork, loadNetwork } from "./loaded-network.ts";
import {
  checkMemoryLimit,
  type EngineOptions,
  formatPairOf,
  overrideSettings,
  type PickOrder,
  resolveSettings,
  type Settings,
  type Strategy,
} from "./options.ts";
import { planFormats } from "./place-formats.ts";
import { makeRehearsal } from "./rehearsal.ts";
import type { InferenceResult } from "./result.ts";
import { makeWholeDriver, runSegments, type SegmentDriver } from "./segments.ts";
import type { TeamData } from "./task.ts";
import type { WarmUpTask } from "./worker/warm-up.ts";
import type { Workplace } from "./workplace.ts";

/** How one run is followed and ended. */
export interface InferOptions {
  /** For this run instead of the engine's: nothing in memory depends on it. */
  readonly strategy?: Strategy;
  readonly pickOrder?: PickOrder;
  readonly signal?: AbortSignal;
  /** Cuts the run into segments of layers (segments.ts); by default it is one. */
  readonly driver?: SegmentDriver;
  /** Called several times a second with the share of the layers done, 0 to 1. */
  readonly onProgress?: (share: number) => void;
}

/** A network in shared memory with its team of workers. Dispose it: `await using engine = await openEngine(network)`. */
export interface Engine extends AsyncDisposable {
  readonly network: Network;
  readonly settings: Settings;
  /** Seconds that `openEngine` took: layout, compiling kernels, starting workers. */
  readonly prepareSeconds: number;
  /** Bytes of all layers in memory. */
  readonly networkBytes: number;
  /**
   * Infers all rows of `inputs` (nrows x network.inputs). Runs follow one another: a second call waits for the first.
   * @throws ShapeError | ResourceError | WorkerError | InterruptedError | UsageError (closed). An error that strikes while
   * the workers run closes the engine.
   */
  infer(inputs: CsrMatrix, options?: InferOptions): Promise<InferenceResult>;
  /** Ends the workers and gives the memory back. Idempotent. */
  close(): Promise<void>;
}

const DEFAULT_LIMIT_BYTES = 4 * 1024 * 1024 * 1024;
/** Long enough for V8 to optimise a kernel, measured: 10 to 40 ms each. */
const WARM_UP_MS = 60;
const PROGRESS_MS = 100;

/** Opens an engine for a network. @throws UsageError | UnsupportedError | ResourceError | WorkerError | InterruptedError */
export async function openEngine(network: Network, options: EngineOptions = {}): Promise<Engine> {
  const started = performance.now();
  checkMemoryLimit(options.memoryBytes);
  const cores = availableCores();
  const settings = resolveSettings(options, cores);
  enableRevectorize();
  const limitBytes = Math.min(options.memoryBytes ?? DEFAULT_LIMIT_BYTES, DEFAULT_LIMIT_BYTES);
  checkWidth(network, settings.workers, WIDEST_TILE, limitBytes);
  const { failAllocation } = options;
  const arena = openArena({ limitBytes, ...(failAllocation === undefined ? {} : { failAllocation }) });
  const kernels = await compileKernels(settings.kernel);
  const hash = hashesNeurons(settings.hash) ? hashOptions(settings) : null;
  const pair = formatPairOf(settings);
  const loaded = await loadNetwork(network, arena, hash, pair, options.signal);
  const buffers = allocateBuffers(arena, settings.workers, loaded.maxWidth, WIDEST_TILE);
  const formats =
    loaded.formats === null || pair === null ? null : planFormats(loaded.formats, pair, arena, settings.workers);
  const team = await openTeam({
    size: settings.workers,
    program: siblingModule(import.meta.url, "./worker/program"),
    data: { memory: arena.memory, kernels } satisfies TeamData,
    fault: options.fault ?? null,
  });
  const hasCores = settings.workers <= cores;
  const base = arena.mark();
  const place: Workplace = { arena, team, settings, buffers, formats, limitBytes, hasCores, base };
  const close = (): Promise<void> => team.close();
  try {
    if (options.warmUp !== false) await warmUp(place, loaded, kernels);
  } catch (error) {
    await close();
    throw error;
  }
  const prepareSeconds = (performance.now() - started) / 1000;

  let last: Promise<unknown> = Promise.resolve();
  return {
    network,
    settings,
    prepareSeconds,
    networkBytes: loaded.bytes,
    async infer(inputs, inferOptions = {}) {
      const before = last;
      const mine = (async () => {
        await before.catch(() => undefined);
        if (team.isClosed) throw new UsageError("the engine is closed: by its user, or by a run that failed");
        return infer(place, loaded, inputs, inferOptions);
      })();
      last = mine;
      return mine;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** Lets the runtime optimise kernels and workers before they are needed. */
async function warmUp(place: Workplace, loaded: LoadedNetwork, kernels: CompiledKernels): Promise<void> {
  if (kernels.module === null || loaded.formats !== null) return;
  const task: WarmUpTask = {
    kind: "warm-up",
    layers: loaded.layers,
    buffers: place.buffers.workers,
    lanes: TILE_LANES,
    milliseconds: WARM_UP_MS,
  };
  await place.team.run(task);
  const { network, inputs } = makeRehearsal();
  const settings: Settings = { ...place.settings, keepActivations: false };
  try {
    place.arena.release(place.base);
    const toy = await loadNetwork(network, place.arena, null, null, undefined);
    if (toy.maxWidth > loaded.maxWidth) return;
    await infer({ ...place, settings, base: place.arena.mark() }, toy, inputs, {});
  } catch (error) {
    // Memory too small for a rehearsal may be large enough for the run.
    if (!(error instanceof ResourceError) || place.team.isClosed) throw error;
  }
}

async function infer(
  place: Workplace,
  loaded: LoadedNetwork,
  inputs: CsrMatrix,
  { signal, onProgress, driver = makeWholeDriver(loaded.layers.length), ...chosen }: InferOptions,
): Promise<InferenceResult> {
  const { shape, layers } = loaded;
  const { arena, team } = place;
  const settings = overrideSettings(place.settings, chosen);
  if (inputs.ncols !== shape.inputs) {
    throw new ShapeError(`inputs have ${inputs.ncols} features, expected ${shape.inputs} as the network has`);
  }
  checkCsr(inputs, "inputs");
  const started = performance.now();
  const run = layOut(place, settings, loaded, inputs, driver.extraRows ?? 0);
  const timer =
    onProgress === undefined ? undefined : setInterval(() => onProgress(team.progress() / layers.length), PROGRESS_MS);
  try {
    const inferStarted = performance.now();
    const { reports, kept } = await runSegments(place, settings, loaded, run, driver, signal);
    const seconds = { prepare: (inferStarted - started) / 1000, infer: (performance.now() - inferStarted) / 1000 };
    return collectResult({
      shape,
      settings,
      memory: arena.memory,
      task: run.task,
      reports,
      kept,
      seconds,
      peakBytes: arena.peakBytes,
    });
  } finally {
    clearInterval(timer);
  }
}
