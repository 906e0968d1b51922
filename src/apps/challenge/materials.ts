// What the main job works on: the challenge's inputs, remade from MNIST, and a network of the challenge's kind, generated
// from a seed. Both are kept in the data folder.

import { join } from "node:path";
import { FormatError } from "../../core/errors.ts";
import { mnistInputs } from "../../data/generate/mnist.ts";
import { radixNetLayers } from "../../data/generate/radix-net.ts";
import { readInputsFile, writeInputsFile } from "../../data/inputs-file.ts";
import { readNetworkFile } from "../../data/network-file.ts";
import { writeNetworkFile } from "../../data/write-network-file.ts";
import { makeNetwork, type Network } from "../../network/network.ts";
import type { CsrMatrix } from "../../sparse/matrix.ts";
import { readCached } from "./cache.ts";

/** Images of MNIST's training set. */
export const CHALLENGE_ROWS = 60_000;

export interface MaterialsOptions {
  /** The data folder, which exists. */
  readonly folder: string;
  readonly neurons: number;
  readonly signal: AbortSignal;
  readonly onProgress: (share: number) => void;
  /** Called before anything is made, with what it is. */
  readonly onMake: (what: string) => void;
  readonly onDamaged: (problem: string) => void;
}

/** 60000 rows of `neurons` features. @throws ResourceError, WorkerError, InterruptedError */
export async function challengeInputs(options: MaterialsOptions): Promise<CsrMatrix> {
  const { folder, neurons, signal, onProgress } = options;
  const path = join(folder, `mnist-${neurons}.safetensors`);
  const make = async (): Promise<CsrMatrix> => {
    options.onMake("making inputs from MNIST");
    return mnistInputs({ side: Math.sqrt(neurons), signal, onProgress: (done, total) => onProgress(done / total) });
  };
  const read = (): Promise<CsrMatrix> =>
    readInputsFile(path, ({ nrows, ncols }) => {
      if (nrows !== CHALLENGE_ROWS || ncols !== neurons) {
        throw new FormatError(path, null, `has ${nrows} x ${ncols}, expected ${CHALLENGE_ROWS} x ${neurons}`);
      }
    });
  return readCached({ path, read, make, write: (inputs) => writeInputsFile(path, inputs, signal) }, options);
}

/** A permuted RadiX-Net of `layers` layers. @throws ResourceError, InterruptedError */
export async function challengeNetwork(
  options: MaterialsOptions & { readonly layers: number; readonly seed: number },
): Promise<Network> {
  const { folder, neurons, layers, seed, signal, onProgress } = options;
  const path = join(folder, `radixnet-${neurons}x${layers}-seed${seed}.safetensors`);
  const make = async (): Promise<Network> => {
    options.onMake("generating the network");
    const made = [];
    for (const layer of radixNetLayers({ neurons, layers, seed, permute: true })) {
      // A large network takes seconds: the loop lets signals and the bar have their turn.
      await new Promise((resolve) => setImmediate(resolve));
      signal.throwIfAborted();
      made.push(layer);
      onProgress(made.length / layers);
    }
    return makeNetwork(made);
  };
  const read = async (): Promise<Network> => {
    const network = await readNetworkFile(path, { signal });
    if (network.layers.length === layers && network.inputs === neurons) return network;
    const found = `${network.layers.length} layers of ${network.inputs} inputs`;
    throw new FormatError(path, null, `has ${found}, expected ${layers} of ${neurons}`);
  };
  const write = (network: Network): Promise<void> => writeNetworkFile(path, network.layers, layers, { signal });
  return readCached({ path, read, make, write }, options);
}
