// Networks of any kind: a challenge folder, a safetensors file, or made on the fly; whole or layer by layer.

import { FormatError, UsageError } from "../core/errors.ts";
import type { Network } from "../network/network.ts";
import { openChallengeFolder, readChallengeFolder } from "./challenge-folder.ts";
import { detectKind } from "./file-kind.ts";
import { openGeneratedNetwork, readGeneratedNetwork } from "./generated-network.ts";
import { openNetworkFile, readNetworkFile } from "./network-file.ts";
import type { NetworkFormat, NetworkSource } from "./network-source.ts";
import type { ReadOptions } from "./read-options.ts";

/** What to read of a network, and what its files do not say. */
export interface NetworkOptions {
  /** Only the first so many layers. */
  readonly layers?: number | undefined;
  /** Bias of all neurons of a challenge folder; a safetensors file has its own. */
  readonly bias?: number | undefined;
  /** Layers of a safetensors file, or of one that is made, on shared memory (the default), or not. */
  readonly shared?: boolean | undefined;
}

/**
 * Reads all layers, in parallel where they lie in several files. A name such as `radixnet:1024x120:seed=1` stands for a
 * network that is made instead.
 * @throws FormatError for bad files, UsageError for bad options, ResourceError, WorkerError, InterruptedError
 */
export async function readNetwork(path: string, options: NetworkOptions & ReadOptions = {}): Promise<Network> {
  switch (chooseKind(path, options)) {
    case "challenge":
      return readChallengeFolder(path, options);
    case "generated":
      return readGeneratedNetwork(path, options);
    case "safetensors":
      return readNetworkFile(path, options);
  }
}

/** Opens a network for reading layer by layer; the caller closes it. @throws FormatError, UsageError */
export async function openNetwork(path: string, options: NetworkOptions = {}): Promise<NetworkSource> {
  switch (chooseKind(path, options)) {
    case "challenge":
      return openChallengeFolder(path, options);
    case "generated":
      return openGeneratedNetwork(path, options);
    case "safetensors":
      return openNetworkFile(path, options);
  }
}

function chooseKind(path: string, options: NetworkOptions): NetworkFormat {
  const kind = detectKind(path);
  if (kind === "challenge") return kind;
  if (kind !== "safetensors" && kind !== "generated") {
    throw new FormatError(path, null, "holds no network, expected a folder of layers or a .safetensors file");
  }
  if (options.bias !== undefined) {
    throw new UsageError(`bias is given, but ${path} holds its own; only a folder of layers needs one`);
  }
  return kind;
}
