// `gossamer infer` where the network is streamed: the same options and the same record, with what was read meanwhile.

import type { TruthComparison } from "../../../network/categories.ts";
import { openInputSource } from "../../../data/open-input-source.ts";
import type { EngineOptions } from "../../../engine/options.ts";
import type { InferenceResult } from "../../../engine/result.ts";
import {
  checkStreamable,
  openStreamingEngine,
  type StreamFigures,
} from "../../../engine/stream/open-streaming-engine.ts";
import { resolveSettings } from "../../../engine/options.ts";
import { edgesPerSecond } from "../../../report/rates.ts";
import { makeRunRecord, type RunRecord, type StreamRecord } from "../../../report/run-record.ts";
import { availableCores } from "../../../threads/team.ts";
import { sharedMemoryBytes, type StreamableNetwork, type StreamFlags } from "../choose-stream.ts";
import { peakMemoryBytes, processSeconds, runtimeFacts } from "../runtime.ts";

export interface StreamedRunOptions {
  readonly inputPath: string;
  readonly rows?: number;
  readonly engine: EngineOptions;
  readonly flags: StreamFlags & { readonly seed: number };
  readonly signal: AbortSignal;
  readonly onStep: (step: string) => void;
  readonly onProgress: (share: number) => void;
  /** Called with the result before the engine is closed. */
  readonly onResult: (result: InferenceResult) => Promise<TruthComparison | null>;
}

export interface StreamedRun {
  readonly record: RunRecord;
  readonly comparison: TruthComparison | null;
}

/** Runs a network that is open; the caller closes it. @throws what reading and the engine throw */
export async function inferStreamed(source: StreamableNetwork, options: StreamedRunOptions): Promise<StreamedRun> {
  const { engine: chosen, flags, signal, onStep, onProgress } = options;
  checkStreamable(resolveSettings(chosen, availableCores()));
  onStep("reading");
  const readStarted = performance.now();
  await using inputs = await openInputSource(options.inputPath, { ncols: source.inputs, shared: false, signal });
  let readSeconds = (performance.now() - readStarted) / 1000;

  onStep("preparing");
  const held = inputs.access === "whole" ? inputs.nnz * 8 : 0;
  const memoryBytes = sharedMemoryBytes(flags, held);
  await using engine = await openStreamingEngine(source, {
    ...chosen,
    signal,
    ...(memoryBytes === undefined ? {} : { memoryBytes }),
  });
  signal.throwIfAborted();
  onStep("inferring");
  const { result, stream, readSeconds: inputSeconds } = await engine.infer(inputs, { signal, onProgress });
  readSeconds += inputSeconds;
  const comparison = await options.onResult(result);
  const record = await makeRunRecord(result, {
    network: engine.shape,
    truth: comparison,
    seed: flags.seed,
    readSeconds,
    prepareSeconds: engine.prepareSeconds,
    totalSeconds: processSeconds(),
    peakBytes: peakMemoryBytes(),
    limitBytes: flags.memory,
    stream: streamRecord(stream),
    runtime: runtimeFacts(),
  });
  return { record, comparison };
}

function streamRecord({ bytes, ...rest }: StreamFigures): StreamRecord {
  return { ...rest, bytesRead: bytes, bytesPerSecond: edgesPerSecond(bytes, rest.readSeconds) };
}
