// Compiles a network from file to file. A network in one file is read twice, once from the back and once from the front,
// two layers at a time, so that one larger than memory can be compiled; a folder of layers is text that takes long to
// read, and is held in memory when it is not large.

import { rename, stat } from "node:fs/promises";
import { type CompileRound, compileLayers, type LayerSource } from "../../compile/compile-layers.ts";
import { type CompileReport, type CompileSettings, makeReport } from "../../compile/passes.ts";
import { checkNotAborted } from "../../data/file-errors.ts";
import { largestRewriteBytes } from "../../data/file-sizes.ts";
import { openNetworkFile } from "../../data/network-file.ts";
import type { NetworkSource } from "../../data/network-source.ts";
import { openReadAhead } from "../../data/read-ahead.ts";
import { type NetworkOptions, openNetwork, readNetwork } from "../../data/read-network.ts";
import { writeAtomically } from "../../data/write-atomically.ts";
import { writeNetworkFile } from "../../data/write-network-file.ts";
import type { Layer } from "../../network/network.ts";
import { announceLargestOutput } from "./output-room.ts";
import type { Progress } from "./progress.ts";

/** Folders up to so many bytes on disk are read whole: gzipped text grows about fourfold in memory. */
const MAX_HELD_BYTES = 128 << 20;

export interface CompiledFile {
  readonly report: CompileReport;
  readonly layerCount: number;
  readonly inputs: number;
  readonly outputs: number;
  /** Neurons of the last layer; fewer than `outputs` where equal ones were merged. */
  readonly lastNeurons: number;
  /** Layers whose weights stand in the file once for several. */
  readonly sharedLayers: number;
  /** Of the source and of the file written. */
  readonly bytes: { readonly before: number; readonly after: number };
}

/** @throws FormatError, UsageError, ResourceError, InterruptedError; nothing is left behind then. */
export async function compileFile(
  from: string,
  to: string,
  options: NetworkOptions,
  settings: CompileSettings,
  run: { readonly signal: AbortSignal; readonly progress: Progress },
): Promise<CompiledFile> {
  const report = makeReport(settings);
  await using source = await openNetwork(from, { ...options, shared: false });
  const { layerCount, inputs, outputs } = source;
  await announceLargestOutput(to, largestRewriteBytes(source), run.progress);
  const written = await writeAtomically(
    to,
    async (temporary) => {
      const held = await holdFolder(source, from, options, run);
      let result = await writeRound(temporary, held ?? source, settings, report, run);
      while (result.round.needsAnotherRound()) {
        const part = `${temporary}.again`;
        {
          await using last = await openNetworkFile(temporary, { shared: false });
          result = await writeRound(part, last, settings, report, run);
        }
        await rename(part, temporary);
      }
      return { ...result, bytes: (await stat(temporary)).size };
    },
    run.signal,
  );
  const { lastNeurons, sharedLayers } = written;
  const bytes = { before: source.bytes, after: written.bytes };
  return { report, layerCount, inputs, outputs, lastNeurons, sharedLayers, bytes };
}

async function holdFolder(
  source: NetworkSource,
  path: string,
  options: NetworkOptions,
  { signal, progress }: { readonly signal: AbortSignal; readonly progress: Progress },
): Promise<LayerSource | null> {
  if (source.format !== "challenge" || source.bytes > MAX_HELD_BYTES) return null;
  progress.step("reading");
  const network = await readNetwork(path, {
    ...options,
    signal,
    onProgress: ({ bytesDone, bytesTotal }) => progress.update(bytesDone / bytesTotal),
  });
  return {
    layerCount: network.layers.length,
    outputMap: network.outputMap,
    readLayer: async (l) => network.layers[l]!,
  };
}

interface WrittenRound {
  readonly round: CompileRound;
  readonly lastNeurons: number;
  readonly sharedLayers: number;
}

async function writeRound(
  path: string,
  source: LayerSource | NetworkSource,
  settings: CompileSettings,
  report: CompileReport,
  { signal, progress }: { readonly signal: AbortSignal; readonly progress: Progress },
): Promise<WrittenRound> {
  const { layerCount, outputMap } = source;
  await using reader = "direct" in source ? openReadAhead(source) : null;
  const readLayer = (l: number): Promise<Layer> => (reader ?? source).readLayer(l);
  let sharedLayers = 0;
  let lastNeurons = 0;
  progress.step(report.rounds === 0 ? "compiling" : `compiling, round ${report.rounds + 1}`);
  const round = compileLayers({ layerCount, outputMap, readLayer }, settings, report, (done) => {
    checkNotAborted(signal);
    progress.update(done / (2 * layerCount));
  });
  async function* follow(): AsyncGenerator<Layer, void, undefined> {
    for await (const layer of round.layers) {
      lastNeurons = layer.weights.ncols;
      yield layer;
    }
  }
  await writeNetworkFile(path, follow(), layerCount, {
    signal,
    outputMap: () => round.outputMap(),
    onLayer: (done, count, isShared) => {
      if (isShared) sharedLayers++;
      progress.update(0.5 + done / (2 * count));
    },
  });
  progress.end();
  return { round, lastNeurons, sharedLayers };
}
