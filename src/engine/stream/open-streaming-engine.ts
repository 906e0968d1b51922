// An engine for networks and inputs that need not fit into memory: layers are read while others are computed, rows come
// block by block. What it computes equals what the other engine computes, bit for bit.

import { InterruptedError, ShapeError, UsageError } from "../../core/errors.ts";
import type { NetworkShape } from "../../network/network.ts";
import { hashesNeurons } from "../../partition/hashing.ts";
import { layOutRows } from "../lay-out.ts";
import { checkWidth } from "../layout.ts";
import { makeQueue, openWorkplace } from "../open-workplace.ts";
import { type EngineOptions, formatPairOf, resolveSettings, type Settings } from "../options.ts";
import type { InferenceResult } from "../result.ts";
import { runOnce } from "../run-once.ts";
import type { SegmentDriver } from "../segments.ts";
import { WIDEST_TILE } from "../tiles.ts";
import type { Workplace } from "../workplace.ts";
import { availableCores } from "../../threads/team.ts";
import { returnUnusedMemory } from "../../threads/unused-memory.ts";
import { type InputStream, openInputStream } from "./input-stream.ts";
import { loadStreamed, type StreamedLoad, type StreamSizes } from "./load-streamed.ts";
import type { StreamedNetwork, StreamedRows } from "./sources.ts";

export interface StreamingOptions extends EngineOptions {
  readonly sizes?: StreamSizes;
}

/** What was read in a run, and how much of that the workers waited for. */
export interface StreamFigures {
  readonly headLayers: number;
  readonly ringBytes: number;
  readonly inputBlocks: number;
  /** Of layers that were read ahead in the run. */
  readonly bytes: number;
  readonly readSeconds: number;
  readonly inputSeconds: number;
  /** Of the run, in which the workers waited for layers or inputs. */
  readonly waitSeconds: number;
  /** Whose columns were put in order as they were read, because many rows were to go through. */
  readonly listedLayers: number;
}

export interface StreamedResult {
  readonly result: InferenceResult;
  readonly stream: StreamFigures;
  /** Of reading inputs before the run began. */
  readonly readSeconds: number;
}

export interface StreamingEngine extends AsyncDisposable {
  readonly shape: NetworkShape;
  readonly settings: Settings;
  readonly prepareSeconds: number;
  /** One run after the other. @throws what Engine.infer throws, and what reading throws; either closes the engine */
  infer(
    inputs: StreamedRows,
    options?: { readonly signal?: AbortSignal; readonly onProgress?: (share: number) => void },
  ): Promise<StreamedResult>;
  close(): Promise<void>;
}

/** Inputs take at most this share of the memory; the rest is for the rows between layers. */
const INPUT_SHARE = 1 / 4;

/** Opens an engine; the source stays the caller's to close, after the engine. @throws UsageError, and what openEngine throws */
export async function openStreamingEngine(
  source: StreamedNetwork,
  options: StreamingOptions = {},
): Promise<StreamingEngine> {
  const started = performance.now();
  checkStreamable(resolveSettings(options, availableCores()));
  const { sizes = {}, signal } = options;
  const { place, loaded } = await openWorkplace(options, (dock) => {
    checkWidths(source, dock.settings.workers, dock.limitBytes);
    return loadStreamed(source, dock, sizes, signal);
  });
  // What reading and ordering the first layers left behind would count against the memory of the runs.
  await returnUnusedMemory();
  const prepareSeconds = (performance.now() - started) / 1000;
  const enqueue = makeQueue();
  const close = async (): Promise<void> => {
    await place.team.close();
    loaded.stream.stop(new InterruptedError("the engine was closed"));
    await loaded.stream.idle();
  };
  return {
    shape: loaded.shape,
    settings: place.settings,
    prepareSeconds,
    infer: (inputs, { signal: ending, onProgress } = {}) =>
      enqueue(async () => {
        if (place.team.isClosed) throw new UsageError("the engine is closed: by its user, or by a run that failed");
        try {
          return await infer(place, loaded, inputs, sizes, ending, onProgress);
        } catch (error) {
          await close();
          throw error;
        }
      }),
    close,
    [Symbol.asyncDispose]: close,
  };
}

async function infer(
  place: Workplace,
  loaded: StreamedLoad,
  inputs: StreamedRows,
  sizes: StreamSizes,
  signal: AbortSignal | undefined,
  onProgress: ((share: number) => void) | undefined,
): Promise<StreamedResult> {
  const { arena, settings, limitBytes } = place;
  const { stream, shape } = loaded;
  if (inputs.ncols !== shape.inputs) {
    throw new ShapeError(`inputs have ${inputs.ncols} features, expected ${shape.inputs} as the network has`);
  }
  arena.release(place.base);
  const inputBytes = sizes.inputBytes ?? limitBytes * INPUT_SHARE;
  const feed = openInputStream(inputs, arena, loaded.kernels, loaded.featureOrder, inputBytes, sizes.pieceEntries);
  // A read that fails, or a signal, ends the workers too, wherever they are.
  const ending = new AbortController();
  const onAbort = (): void => {
    stream.stop(new InterruptedError("interrupted"));
    ending.abort();
  };
  signal?.addEventListener("abort", onAbort, { once: true });
  if (signal?.aborted === true) onAbort();
  stream.failed.catch(() => ending.abort());
  const before = { ...stream.figures };
  try {
    await Promise.race([feed.readFirst(), stream.failed]);
    const readSeconds = feed.figures.seconds;
    const running = runOnce(place, loaded, {
      settings,
      layOut: () => layOutRows(place, settings, loaded, inputs, feed, 0),
      driver: makeStreamDriver(loaded, feed),
      signal: ending.signal,
      onProgress,
    });
    // The first of the two to fail says why.
    const result = await Promise.race([running, stream.failed]);
    return { result, readSeconds, stream: figuresOf(loaded, feed, before, readSeconds) };
  } finally {
    signal?.removeEventListener("abort", onAbort);
    await feed.stop();
  }
}

function makeStreamDriver({ stream, headLayers, layers }: StreamedLoad, feed: InputStream): SegmentDriver {
  const last = layers.length;
  return {
    async begin({ task, pieces }) {
      // Under other modes as many are expected as the pass before had left, if there was one.
      stream.expectRows(task.rowMode === "all" ? pieces.rowCount : Math.min(stream.expectedRows, pieces.rowCount));
      await stream.restart();
      return undefined;
    },
    openSegment: (first) => (first === 0 ? headLayers : stream.waitFor(first)),
    betweenSegments(layer, { pieces }) {
      stream.expectRows(pieces.rowCount);
      stream.release(layer);
      return { mergeFirst: false, isDone: pieces.rowCount === 0 || layer === last };
    },
    beginPass: (pending) => pending > 0 && feed.blocks.length > 0,
  };
}

function figuresOf(
  { stream, headLayers, ringBytes }: StreamedLoad,
  feed: InputStream,
  before: LayerFigures,
  inputSecondsBefore: number,
): StreamFigures {
  const { figures } = stream;
  return {
    headLayers,
    ringBytes,
    inputBlocks: feed.blocks.length,
    bytes: figures.bytes - before.bytes,
    readSeconds: figures.seconds - before.seconds,
    inputSeconds: feed.figures.seconds - inputSecondsBefore,
    waitSeconds: figures.waitSeconds - before.waitSeconds + feed.figures.waitSeconds,
    listedLayers: figures.listedLayers - before.listedLayers,
  };
}

type LayerFigures = Readonly<StreamedLoad["stream"]["figures"]>;

/** @throws UsageError for settings that need all layers in memory at once. */
export function checkStreamable(settings: Settings): void {
  if (hashesNeurons(settings.hash)) {
    throw new UsageError(
      `hash is ${settings.hash}, expected none or input where layers are streamed: it renumbers all of them`,
    );
  }
  if (formatPairOf(settings) !== null) {
    throw new UsageError(`activation format is ${settings.activationFormat}, expected tile where layers are streamed`);
  }
}

function checkWidths({ direct, layerCount }: StreamedNetwork, workers: number, limitBytes: number): void {
  const layers = Array.from({ length: layerCount }, (_, l) => ({ weights: direct.outline(l) }));
  checkWidth({ layers }, workers, WIDEST_TILE, limitBytes);
}
