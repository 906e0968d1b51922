// Networks into a safetensors file, or into a challenge folder where that can hold them without loss: the folder keeps
// weights only, so bias and rule must be those that its reader will assume.

import { join } from "node:path";
import { UnsupportedError, UsageError } from "../core/errors.ts";
import { CHALLENGE_RULE, challengeBias } from "../network/layer-rule.ts";
import type { Layer, Network } from "../network/network.ts";
import { checkCsc } from "../sparse/check.ts";
import type { LayerEnding } from "./challenge-folder.ts";
import { checkNotAborted } from "./file-errors.ts";
import { kindOfName } from "./file-kind.ts";
import { eachLayer, type NetworkSource } from "./network-source.ts";
import { writeFolderAtomically } from "./write-atomically.ts";
import { type WriteOptions, writeNetworkFile } from "./write-network-file.ts";
import { writeTriples } from "./write-triples.ts";

/**
 * Writes a network: to a safetensors file where `path` ends so, otherwise to a new challenge folder.
 * @throws UnsupportedError for a network that a challenge folder cannot hold, UsageError, ResourceError
 */
export async function writeNetwork(
  path: string,
  network: Network | NetworkSource,
  options: WriteOptions & { readonly ending?: LayerEnding } = {},
): Promise<void> {
  const isSource = "layerCount" in network;
  const layers = isSource ? eachLayer(network) : network.layers;
  const layerCount = isSource ? network.layerCount : network.layers.length;
  const kind = kindOfName(path);
  const { outputMap } = network;
  if (kind === "safetensors") {
    return writeNetworkFile(path, layers, layerCount, { ...options, outputMap: () => outputMap });
  }
  if (kind !== null) throw new UsageError(`${path}: a network is written as .safetensors or as a folder of layers`);
  return writeChallengeFolder(path, layers, layerCount, { ...options, outputMap: () => outputMap });
}

/** Writes n<N>-l1 .. n<N>-l<L> into a new folder, which appears when it is complete. */
export async function writeChallengeFolder(
  path: string,
  layers: Iterable<Layer> | AsyncIterable<Layer>,
  layerCount: number,
  options: WriteOptions & { readonly ending?: LayerEnding } = {},
): Promise<void> {
  const ending = options.ending ?? "tsv.gz";
  const format = ending.startsWith("bin") ? "binary" : "text";
  if ((options.outputMap?.() ?? null) !== null) {
    throw new UnsupportedError(
      "the network's outputs are mapped, which a challenge folder cannot say; write a .safetensors file",
    );
  }
  await writeFolderAtomically(
    path,
    async (temporary) => {
      let first: FirstLayer | null = null;
      let l = 0;
      for await (const layer of layers) {
        checkNotAborted(options.signal);
        first ??= { neurons: layer.weights.ncols, bias: layer.bias[0]! };
        checkChallengeLayer(layer, first, ++l);
        const name = join(temporary, `n${layer.weights.ncols}-l${l}.${ending}`);
        await writeTriples(name, layer.weights, format, ending.endsWith(".gz"), options.signal);
        options.onLayer?.(l, layerCount, false);
      }
      if (l !== layerCount) throw new UsageError(`${l} layers came, ${layerCount} were announced`);
    },
    options.signal,
  );
}

/** What the first layer says of all: layers themselves may be overwritten once they are written. */
interface FirstLayer {
  readonly neurons: number;
  readonly bias: number;
}

/** @throws UnsupportedError unless the layer reads back as it is. */
function checkChallengeLayer(layer: Layer, first: FirstLayer, number: number): void {
  const { weights, bias, rule } = layer;
  checkCsc(weights, `layer ${number}`);
  const { neurons } = first;
  const other = "; write a .safetensors file";
  if (weights.nrows !== neurons || weights.ncols !== neurons) {
    const shape = `${weights.nrows} x ${weights.ncols}`;
    throw new UnsupportedError(
      `layer ${number} is ${shape}, a challenge folder holds square layers of one size${other}`,
    );
  }
  const { activation, biasRule } = rule;
  const wanted = CHALLENGE_RULE.activation;
  const isClipped = activation.kind === "clipped-relu" && wanted.kind === "clipped-relu";
  if (!isClipped || activation.low !== wanted.low || activation.high !== wanted.high || biasRule !== "stored") {
    throw new UnsupportedError(`layer ${number} has another rule than the challenge's, which a folder assumes${other}`);
  }
  const assumed = Math.fround(challengeBias(neurons) ?? first.bias);
  const at = bias.findIndex((b) => b !== assumed);
  if (at >= 0) {
    throw new UnsupportedError(`layer ${number} has bias ${bias[at]}, a challenge folder assumes ${assumed}${other}`);
  }
}
