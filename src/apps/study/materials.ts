// The network and the inputs of one case, read or made.

import { createHash } from "node:crypto";
import { statSync } from "node:fs";
import { basename, resolve } from "node:path";
import { UsageError } from "../../core/errors.ts";
import { mnistInputs } from "../../data/generate/mnist.ts";
import { radixNetLayers } from "../../data/generate/radix-net.ts";
import { randomInputs, type RandomInputsOptions } from "../../data/generate/random-inputs.ts";
import { randomLayers, type RandomLayersOptions } from "../../data/generate/random-layers.ts";
import { probeFile } from "../../data/byte-source.ts";
import { readInputs } from "../../data/read-inputs.ts";
import { readNetwork } from "../../data/read-network.ts";
import { type Layer, makeNetwork, type Network } from "../../network/network.ts";
import type { CsrMatrix } from "../../sparse/matrix.ts";
import { sortByNonzeros } from "./sort-rows.ts";
import type { CaseSpec, InputsSpec, NetworkSpec } from "./spec.ts";

export interface Materials {
  readonly network: Network;
  readonly inputs: CsrMatrix;
  /** In words, for the report. */
  readonly networkText: string;
  readonly inputsText: string;
}

export interface MaterialsOptions {
  /** Folder that paths of the specification start from. */
  readonly base: string;
  readonly seed: number;
  readonly signal: AbortSignal;
}

/** Mean weights into a neuron of a random network, as the challenge's have. */
const RANDOM_WEIGHTS_PER_NEURON = 32;
const RANDOM_DEFAULTS = {
  weights: "general",
  columnLengths: "equal",
  biasRule: "stored",
  activation: { kind: "clipped-relu", low: 0, high: 32 },
} as const;

/** What a case is made from, as 12 hexadecimal digits: cases of one name must agree in it. */
export function definitionOf({ network, inputs }: CaseSpec, { base, seed }: Omit<MaterialsOptions, "signal">): string {
  const sizes = [network.path, inputs.path].map((path) =>
    path === undefined ? null : sizeOf(resolvePath(base, path)),
  );
  return createHash("sha256").update(JSON.stringify({ network, inputs, seed, sizes })).digest("hex").slice(0, 12);
}

/** @throws UsageError for a variable of the environment that is not set */
function resolvePath(base: string, path: string): string {
  const [first = "", ...rest] = path.split("/");
  if (!first.startsWith("$")) return resolve(base, path);
  const value = process.env[first.slice(1)] ?? "";
  if (value === "") throw new UsageError(`${path}: the variable ${first.slice(1)} is not set, expected a folder`);
  return resolve(value, ...rest);
}

/** Bytes of a file; of a folder nothing, its layers are read and checked anyway. */
function sizeOf(path: string): number | null {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat?.isFile() === true ? probeFile(path).bytes : null;
}

/** @throws FormatError, UsageError, ResourceError, WorkerError, InterruptedError */
export async function makeMaterials(spec: CaseSpec, options: MaterialsOptions): Promise<Materials> {
  const network = await makeStudyNetwork(spec.network, options);
  const inputs = await makeStudyInputs(spec.inputs, network, options);
  return {
    network,
    inputs: spec.inputs.sortedByNonzeros === true ? sortByNonzeros(inputs) : inputs,
    networkText: describeNetwork(spec.network),
    inputsText: describeInputs(spec.inputs),
  };
}

async function makeStudyNetwork(spec: NetworkSpec, { base, seed, signal }: MaterialsOptions): Promise<Network> {
  if (spec.path !== undefined) {
    return readNetwork(resolvePath(base, spec.path), { layers: spec.layers, bias: spec.bias, signal });
  }
  if (spec.radixnet !== undefined) {
    return collectLayers(radixNetLayers({ seed, permute: true, bias: spec.bias, ...spec.radixnet }), signal);
  }
  const given = spec.random ?? {};
  const length = "density" in given ? {} : { nnzPerColumn: RANDOM_WEIGHTS_PER_NEURON };
  const options = { ...RANDOM_DEFAULTS, ...length, seed, ...given } as unknown as RandomLayersOptions;
  return collectLayers(randomLayers(options), signal);
}

async function collectLayers(layers: Iterable<Layer>, signal: AbortSignal): Promise<Network> {
  const made: Layer[] = [];
  for (const layer of layers) {
    // A large network takes seconds: signals have their turn.
    await new Promise((done) => setImmediate(done));
    signal.throwIfAborted();
    made.push(layer);
  }
  return makeNetwork(made);
}

async function makeStudyInputs(
  spec: InputsSpec,
  network: Network,
  { base, seed, signal }: MaterialsOptions,
): Promise<CsrMatrix> {
  if (spec.path !== undefined) return readInputs(resolvePath(base, spec.path), { ncols: network.inputs, signal });
  if (spec.mnist !== undefined) {
    return mnistInputs({ side: Math.sqrt(spec.mnist.neurons), images: spec.mnist.rows, signal });
  }
  return randomInputs({ seed, ...spec.random } as unknown as RandomInputsOptions);
}

function describeNetwork({ path, radixnet, random, layers }: NetworkSpec): string {
  if (path !== undefined) return `${basename(path)}${layers === undefined ? "" : `, first ${layers} layers`}`;
  if (radixnet !== undefined) return `RadiX-Net of ${radixnet.neurons} neurons`;
  const { columnLengths = RANDOM_DEFAULTS.columnLengths, sorted } = random ?? {};
  return `random, column lengths ${String(columnLengths)}${sorted === true ? ", the longest first" : ""}`;
}

function describeInputs({ path, mnist, sortedByNonzeros }: InputsSpec): string {
  const source =
    path !== undefined ? basename(path) : mnist !== undefined ? "MNIST as the challenge resizes it" : "random";
  return `${source}${sortedByNonzeros === true ? ", sorted by nonzeros, the longest first" : ""}`;
}
