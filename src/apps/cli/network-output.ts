// Networks on their way to disk from `generate` and `convert`: a .safetensors file, or a folder of layers.

import { Option } from "commander";
import { UsageError } from "../../core/errors.ts";
import { LAYER_ENDINGS, type LayerEnding } from "../../data/challenge-folder.ts";
import { kindOfName } from "../../data/file-kind.ts";
import { writeChallengeFolder } from "../../data/write-network.ts";
import { writeNetworkFile } from "../../data/write-network-file.ts";
import type { Layer } from "../../network/network.ts";
import { checkOutputFile, checkOutputFolder } from "./output-path.ts";
import type { Progress } from "./progress.ts";

/** `--layer-files`: only a folder of layers has them. */
export function layerFilesOption(): Option {
  return new Option("--layer-files <ending>", "kind of the layers' files in a folder")
    .choices(LAYER_ENDINGS)
    .default("tsv.gz");
}

/** @throws UsageError, ResourceError unless a network can be written there. */
export function checkNetworkOutput(path: string, sources: readonly string[] = []): void {
  const kind = kindOfName(path);
  if (kind === "safetensors") checkOutputFile(path, sources);
  else if (kind === null) checkOutputFolder(path, sources);
  else throw new UsageError(`${path}: a network is written as .safetensors or as a folder of layers`);
}

export interface SaveOptions {
  readonly ending: LayerEnding;
  readonly signal: AbortSignal;
  readonly progress: Progress;
  /** As in Network, of the network that the layers belong to. */
  readonly outputMap?: Uint32Array | null;
}

/** Writes the layers as they come, so that memory holds one at a time. */
export async function saveNetwork(
  path: string,
  layers: Iterable<Layer> | AsyncIterable<Layer>,
  layerCount: number,
  { ending, signal, progress, outputMap = null }: SaveOptions,
): Promise<void> {
  progress.step("writing layers");
  const onLayer = (done: number, count: number): void => progress.update(done / count);
  const options = { signal, onLayer, outputMap: () => outputMap };
  if (kindOfName(path) === "safetensors") await writeNetworkFile(path, layers, layerCount, options);
  else await writeChallengeFolder(path, layers, layerCount, { ...options, ending });
  progress.end();
  progress.say(`wrote ${path}: ${layerCount} ${layerCount === 1 ? "layer" : "layers"}`);
}
