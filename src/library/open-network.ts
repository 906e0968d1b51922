// A network from disk, ready to infer: reading and opening an engine in one call.

import { type NetworkOptions, readNetwork } from "../data/read-network.ts";
import { type Engine, openEngine } from "../engine/engine.ts";
import type { EngineOptions } from "../engine/options.ts";

/** How a network is run. Everything has a default: all cores, distinct rows, the fastest kernel. */
export type RunOptions = Omit<EngineOptions, "fault" | "failAllocation">;

/** What to read (`layers`, `bias`), how to run it, and a signal that ends reading and opening. */
export interface OpenNetworkOptions extends RunOptions, NetworkOptions {}

/**
 * Reads a network (a .safetensors file, or a folder of layers as the Graph Challenge has them) and opens an engine for it.
 * The caller disposes it: `await using network = await openNetwork(path)`.
 * @throws FormatError, UsageError, UnsupportedError, ResourceError, WorkerError, InterruptedError
 */
export async function openNetwork(path: string, options: OpenNetworkOptions = {}): Promise<Engine> {
  const { layers, bias, ...run } = options;
  const network = await readNetwork(path, { layers, bias, signal: run.signal });
  return openEngine(network, run);
}
