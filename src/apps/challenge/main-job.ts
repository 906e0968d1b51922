// The main job: the challenge's inputs and a network of its kind, all rows through all layers, a sample checked against
// float64. Prints nothing; the command around it does.

import { makeFolder } from "../../data/make-folder.ts";
import { openEngine } from "../../engine/engine.ts";
import type { EngineOptions } from "../../engine/options.ts";
import type { InferenceResult } from "../../engine/result.ts";
import type { Network } from "../../network/network.ts";
import { availableCores } from "../../threads/team.ts";
import { checkSample, type SampleCheck } from "./check-sample.ts";
import { challengeInputs, challengeNetwork } from "./materials.ts";

export interface MainJobOptions {
  readonly neurons: number;
  readonly layers: number;
  readonly seed: number;
  /** Where inputs and network are kept. */
  readonly folder: string;
  readonly engine: EngineOptions;
  readonly signal: AbortSignal;
  readonly onStep: (name: string) => void;
  /** The share of the present step that is done. */
  readonly onProgress: (share: number) => void;
  readonly onDamaged: (problem: string) => void;
}

export interface MainJobResult {
  readonly network: Network;
  readonly result: InferenceResult;
  readonly check: SampleCheck;
  readonly seconds: {
    /** Of getting inputs and network, from the cache or anew. */
    readonly read: number;
    /** Of opening the engine. */
    readonly prepare: number;
    readonly check: number;
  };
}

/** @throws UsageError, ResourceError, WorkerError, InterruptedError */
export async function runMainJob(options: MainJobOptions): Promise<MainJobResult> {
  const { folder, neurons, layers, seed, signal, onStep, onProgress, onDamaged } = options;
  makeFolder(folder);
  const started = performance.now();
  const materials = { folder, neurons, signal, onProgress, onMake: onStep, onDamaged };
  onStep("reading inputs");
  const inputs = await challengeInputs(materials);
  onStep("reading the network");
  const network = await challengeNetwork({ ...materials, layers, seed });
  const read = (performance.now() - started) / 1000;

  onStep("preparing");
  await using engine = await openEngine(network, { ...options.engine, keepActivations: true, signal });
  signal.throwIfAborted();
  onStep("inferring");
  const result = await engine.infer(inputs, { signal, onProgress });

  onStep("checking against float64");
  const checkStarted = performance.now();
  const check = await checkSample(network, inputs, result, { seed, workers: availableCores(), signal, onProgress });
  const seconds = { read, prepare: engine.prepareSeconds, check: (performance.now() - checkStarted) / 1000 };
  return { network, result, check, seconds };
}
