// Compiles a network that is read layer by layer: one sweep from the last layer to the first, then the layers come out
// rewritten from the first to the last. Three layers are in memory at a time, and a byte a neuron for layers with neurons
// that nobody reads.
//
// One round drops, folds and merges all that there is, with exceptions: where weights of merged inputs cancel, a neuron
// may lose its last reader after its own layer has been given out; and a sum that must not be rounded may need no
// rounding later. `needsAnotherRound` then says that the result should be compiled again; most networks need one round.

import type { Layer } from "../network/network.ts";
import { makeBackwardSweep } from "./backward-sweep.ts";
import { makeForwardPass } from "./forward-pass.ts";
import { makeOrderPass } from "./order-layers.ts";
import { account, type CompileReport, type CompileSettings, forgetMoves } from "./passes.ts";
import { composeMaps } from "./output-map.ts";
import { addSize } from "./size.ts";

export interface LayerSource {
  readonly layerCount: number;
  readonly outputMap: Uint32Array | null;
  /** A layer must stay as it is until the third next call: the one before is held until its reader is rewritten. */
  readLayer(l: number): Promise<Layer>;
}

export interface CompileRound {
  /** The rewritten layers; to be gone through once, to the end. */
  readonly layers: AsyncGenerator<Layer, void, undefined>;
  /** Known when all layers have been given out. */
  needsAnotherRound(): boolean;
  /** Of the rewritten network; known then, too. */
  outputMap(): Uint32Array | null;
}

/**
 * @param report is added to; its `before` in the first round, its `after` in every round anew.
 * @param onSweep called after each layer of the backward sweep
 */
export function compileLayers(
  source: LayerSource,
  settings: CompileSettings,
  report: CompileReport,
  onSweep: (layersDone: number) => void = () => {},
): CompileRound {
  let isDone = false;
  let outputMap = source.outputMap;
  async function* rewrite(): AsyncGenerator<Layer, void, undefined> {
    const isFirst = report.rounds++ === 0;
    report.after.neurons = 0;
    report.after.weights = 0;
    const sweep = makeBackwardSweep(settings);
    for (let l = source.layerCount - 1; l >= 0; l--) {
      const layer = await source.readLayer(l);
      if (isFirst) addSize(report.before, layer);
      const started = performance.now();
      sweep.add(layer);
      account(report, "unread", { seconds: (performance.now() - started) / 1000 });
      onSweep(source.layerCount - l);
    }
    const pass = makeForwardPass(settings, sweep.plan(), report);
    let next: Layer | null = await source.readLayer(0);
    for (let l = 0; next !== null; l++) {
      const layer: Layer = next;
      next = l + 1 < source.layerCount ? await source.readLayer(l + 1) : null;
      const rewritten = pass.step(layer, next);
      addSize(report.after, rewritten);
      yield rewritten;
    }
    isDone = !pass.needsAnotherRound;
    outputMap = composeMaps(outputMap, pass.outputMap);
  }
  async function* rewriteInOrder(): AsyncGenerator<Layer, void, undefined> {
    forgetMoves(report);
    const order = makeOrderPass(report);
    for await (const layer of rewrite()) {
      const before = order.add(layer);
      if (before !== null) yield before;
    }
    yield order.finish();
  }
  return {
    layers: settings.passes.has("order") ? rewriteInOrder() : rewrite(),
    needsAnotherRound: () => !isDone,
    outputMap: () => outputMap,
  };
}
