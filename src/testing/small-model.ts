// A small network and inputs on disk, for tests of the command line: 12 layers of 256 neurons, 1000 rows.

import { join } from "node:path";
import { mkdirSync } from "node:fs";
import { radixNetLayers } from "../data/generate/radix-net.ts";
import { randomInputs } from "../data/generate/random-inputs.ts";
import { writeInputs } from "../data/write-inputs.ts";
import { writeChallengeFolder, writeNetwork } from "../data/write-network.ts";
import { makeNetwork, type Network } from "../network/network.ts";
import type { CsrMatrix } from "../sparse/matrix.ts";

export interface SmallModel {
  readonly network: Network;
  readonly inputs: CsrMatrix;
  /** A folder of gzipped layers, and the same as one file. */
  readonly folderPath: string;
  readonly networkPath: string;
  readonly inputsPath: string;
}

/** Of a folder of layers nobody knows the bias: give `--bias` with it. */
export const SMALL_BIAS = -0.25;

/** Writes the model into `folder`. */
export async function writeSmallModel(folder: string): Promise<SmallModel> {
  const layers = radixNetLayers({ neurons: 256, layers: 12, seed: 1, permute: true, bias: SMALL_BIAS });
  const network = makeNetwork(Array.from(layers));
  const inputs = randomInputs({ rows: 1000, features: 256, density: 0.15, seed: 1 });
  mkdirSync(folder, { recursive: true });
  const folderPath = join(folder, "neuron256");
  const networkPath = join(folder, "network.safetensors");
  const inputsPath = join(folder, "rows.tsv");
  await writeChallengeFolder(folderPath, network.layers, network.layers.length, { ending: "tsv.gz" });
  await writeNetwork(networkPath, network);
  await writeInputs(inputsPath, inputs);
  return { network, inputs, folderPath, networkPath, inputsPath };
}
