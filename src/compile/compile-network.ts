// Compiles a network that is held in memory: exact rewriting into a smaller one that computes the same. A pure function;
// layers in which nothing changed are shared with the original.

import { type Layer, makeNetwork, type Network } from "../network/network.ts";
import { makeBackwardSweep } from "./backward-sweep.ts";
import { makeForwardPass } from "./forward-pass.ts";
import { orderLayers } from "./order-layers.ts";
import {
  account,
  type CompileOptions,
  type CompileReport,
  forgetMoves,
  makeReport,
  resolveCompileOptions,
} from "./passes.ts";
import { composeMaps } from "./output-map.ts";
import { addSize } from "./size.ts";

/** A network that computes the same as the original, and the account of what is gone. */
export interface CompiledNetwork {
  /** Same features, same outputs in the same order; its `outputMap` says which neuron of its last layer gives which. */
  readonly network: Network;
  readonly report: CompileReport;
}

/** Rewrites a network exactly, or within 1e-5 relative where sums need rounding. Cost: O(weights) time. @throws UsageError */
export function compileNetwork(network: Network, options: CompileOptions = {}): CompiledNetwork {
  const settings = resolveCompileOptions(options);
  const report = makeReport(settings);
  for (const layer of network.layers) addSize(report.before, layer);
  let { layers, outputMap } = network;
  for (let isDone = false; !isDone; ) {
    report.rounds++;
    const sweep = makeBackwardSweep(settings);
    const started = performance.now();
    for (const layer of layers.toReversed()) sweep.add(layer);
    account(report, "unread", { seconds: (performance.now() - started) / 1000 });
    const pass = makeForwardPass(settings, sweep.plan(), report);
    layers = layers.map((layer: Layer, l) => pass.step(layer, layers[l + 1] ?? null));
    forgetMoves(report);
    if (settings.passes.has("order")) layers = orderLayers(layers, report);
    outputMap = composeMaps(outputMap, pass.outputMap);
    isDone = !pass.needsAnotherRound;
  }
  for (const layer of layers) addSize(report.after, layer);
  return { network: makeNetwork(layers, outputMap), report };
}
