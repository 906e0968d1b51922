// The engine: a network in shared memory and a team of workers that infer with it, run after run.

import { ShapeError, UsageError } from "../core/errors.ts";
import type { Network } from "../network/network.ts";
import { hashesNeurons } from "../partition/hashing.ts";
import { checkCsr } from "../sparse/check.ts";
import type { CsrMatrix } from "../sparse/matrix.ts";
import { hashOptions, layOut, NO_EXTRA_ROWS } from "./lay-out.ts";
import { checkWidth } from "./layout.ts";
import { type LoadedNetwork, loadNetwork } from "./loaded-network.ts";
import { makeQueue, openWorkplace } from "./open-workplace.ts";
import {
  type EngineOptions,
  formatPairOf,
  overrideSettings,
  type PickOrder,
  type Settings,
  type Strategy,
} from "./options.ts";
import type { InferenceResult } from "./result.ts";
import { runOnce } from "./run-once.ts";
import { makeWholeDriver, type SegmentDriver } from "./segments.ts";
import { WIDEST_TILE } from "./tiles.ts";
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

/** Opens an engine for a network. @throws UsageError | UnsupportedError | ResourceError | WorkerError | InterruptedError */
export async function openEngine(network: Network, options: EngineOptions = {}): Promise<Engine> {
  const started = performance.now();
  const { place, loaded } = await openWorkplace(options, ({ arena, settings, limitBytes }) => {
    checkWidth(network, settings.workers, WIDEST_TILE, limitBytes);
    const hash = hashesNeurons(settings.hash) ? hashOptions(settings) : null;
    return loadNetwork(network, arena, hash, formatPairOf(settings), options.signal);
  });
  const { team, settings } = place;
  const prepareSeconds = (performance.now() - started) / 1000;
  const enqueue = makeQueue();
  const close = (): Promise<void> => team.close();
  return {
    network,
    settings,
    prepareSeconds,
    networkBytes: loaded.bytes,
    infer: (inputs, inferOptions = {}) =>
      enqueue(async () => {
        if (team.isClosed) throw new UsageError("the engine is closed: by its user, or by a run that failed");
        return infer(place, loaded, inputs, inferOptions);
      }),
    close,
    [Symbol.asyncDispose]: close,
  };
}

async function infer(
  place: Workplace,
  loaded: LoadedNetwork,
  inputs: CsrMatrix,
  { signal, onProgress, driver = makeWholeDriver(loaded.layers.length), ...chosen }: InferOptions,
): Promise<InferenceResult> {
  const settings = overrideSettings(place.settings, chosen);
  const { shape } = loaded;
  if (inputs.ncols !== shape.inputs) {
    throw new ShapeError(`inputs have ${inputs.ncols} features, expected ${shape.inputs} as the network has`);
  }
  checkCsr(inputs, "inputs");
  return runOnce(place, loaded, {
    settings,
    layOut: () => layOut(place, settings, loaded, inputs, driver.extra ?? NO_EXTRA_ROWS),
    driver,
    signal,
    onProgress,
  });
}
