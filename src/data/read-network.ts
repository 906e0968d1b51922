// Networks of any kind: a challenge folder or a safetensors file, whole or layer by layer.

import { FormatError, UsageError } from "../core/errors.ts";
import type { Network } from "../network/network.ts";
import { openChallengeFolder, readChallengeFolder } from "./challenge-folder.ts";
import { detectKind, type FileKind } from "./file-kind.ts";
import { openNetworkFile, readNetworkFile } from "./network-file.ts";
import type { NetworkSource } from "./network-source.ts";
import type { ReadOptions } from "./read-options.ts";

/** What to read of a network, and what its files do not say. */
export interface NetworkOptions {
  /** Only the first so many layers. */
  readonly layers?: number | undefined;
  /** Bias of all neurons of a challenge folder; a safetensors file has its own. */
  readonly bias?: number | undefined;
  /** Layers of a safetensors file on shared memory (the default), or not. */
  readonly shared?: boolean | undefined;
}

/**
 * Reads all layers, in parallel where they lie in several files.
 * @throws FormatError for bad files, UsageError for bad options, ResourceError, WorkerError, InterruptedError
 */
export async function readNetwork(path: string, options: NetworkOptions & ReadOptions = {}): Promise<Network> {
  return chooseKind(path, options) === "challenge"
    ? readChallengeFolder(path, options)
    : readNetworkFile(path, options);
}

/** Opens a network for reading layer by layer; the caller closes it. @throws FormatError, UsageError */
export async function openNetwork(path: string, options: NetworkOptions = {}): Promise<NetworkSource> {
  return chooseKind(path, options) === "challenge"
    ? openChallengeFolder(path, options)
    : openNetworkFile(path, options);
}

function chooseKind(path: string, options: NetworkOptions): FileKind {
  const kind = detectKind(path);
  if (kind === "challenge") return kind;
  if (kind !== "safetensors") {
    throw new FormatError(path, null, "holds no network, expected a folder of layers or a .safetensors file");
  }
  if (options.bias !== undefined) {
    throw new UsageError(`bias is given, but ${path} holds its own; only a folder of layers needs one`);
  }
  return kind;
}
