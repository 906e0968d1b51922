// What every `gossamer generate` has: where the output goes, and the examples.

import type { Command } from "commander";
import type { LayerEnding } from "../../../data/challenge-folder.ts";

export interface OutputFlags {
  readonly output: string;
  readonly quiet?: true;
}

export interface NetworkFlags extends OutputFlags {
  readonly layerFiles: LayerEnding;
  readonly seed: number;
}

/** Below the help of every kind of output. */
export const GENERATE_HELP = `
Examples:
  gossamer generate radixnet --neurons 1024 --layers 120 --seed 1 --output network.safetensors
  gossamer generate mnist --neurons 1024 --output images.tsv.gz
  gossamer generate random --inputs 784 --neurons 512 --layers 4 --density 0.05 --output random.safetensors
  gossamer generate random-inputs --rows 1000 --features 784 --density 0.2 --output rows.tsv

A network goes to a .safetensors file or a new folder of layers, inputs to .safetensors, .tsv, .bin or .mtx.
A RadiX-Net needs no file: every command takes radixnet:NEURONSxLAYERS[:seed=N][:bias=B][:weight=W][:no-permute]
where it takes a network, and makes each layer when it is needed.`;

export function addOutput(command: Command, what: string): Command {
  return command.requiredOption("--output <path>", what).option("--quiet", "no progress on stderr");
}
