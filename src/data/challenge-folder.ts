// A network as the Sparse DNN Graph Challenge lays it out: a folder of n<N>-l<k>.tsv (or .tsv.gz, .bin, .bin.gz) for
// k = 1 .. L, row = input neuron, column = output neuron. The files hold weights only: the bias follows from N and the
// rule is the challenge's. Source: graphchallenge.mit.edu, Sparse Deep Neural Network Graph Challenge.

import { readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { checkFloat32 } from "../core/checks.ts";
import { FormatError, UsageError } from "../core/errors.ts";
import { CHALLENGE_RULE, challengeBias } from "../network/layer-rule.ts";
import { type Layer, makeNetwork, type Network } from "../network/network.ts";
import type { CscMatrix } from "../sparse/matrix.ts";
import { probeFile } from "./byte-source.ts";
import { toFileError } from "./file-errors.ts";
import { checkLayerIndex, chooseLayerCount, type NetworkSource } from "./network-source.ts";
import { emptyFileError, type ReadJob } from "./read-job.ts";
import { type ReadOptions, runReadJobs } from "./read-options.ts";
import { checkBinarySize, ENTRY_BYTES } from "./triples-binary.ts";

/** Endings in the order of preference when a layer is there twice. */
export const LAYER_ENDINGS = ["bin", "tsv", "bin.gz", "tsv.gz"] as const;
export type LayerEnding = (typeof LAYER_ENDINGS)[number];

const LAYER_NAME = /^n(\d+)-l(\d+)\.(bin|tsv|bin\.gz|tsv\.gz)$/;
const MAX_NEURONS = 2 ** 28;

export interface ChallengeOptions {
  /** Read only the first so many layers. */
  readonly layers?: number | undefined;
  /** Bias of all neurons; needed where the number of neurons is none of the challenge's. */
  readonly bias?: number | undefined;
}

/** True when the folder, or a folder neuron<N> in it, holds files named as layers. */
export function isChallengeFolder(entries: readonly string[]): boolean {
  return entries.some((name) => LAYER_NAME.test(name) || /^neuron\d+$/.test(name));
}

export interface ChallengeLayers {
  readonly neurons: number;
  /** Paths of layers 1 .. L. */
  readonly paths: readonly string[];
}

/** Opens a challenge folder, or the folder above it. Reads no layer yet. @throws FormatError, UsageError */
export function openChallengeFolder(path: string, options: ChallengeOptions = {}): NetworkSource {
  const { neurons, paths } = findChallengeLayers(path);
  const layerCount = chooseLayerCount(path, paths.length, options.layers);
  const bias = chooseBias(path, neurons, options.bias);
  const chosen = paths.slice(0, layerCount);
  const jobs = chosen.map((file) => makeLayerJob(file, neurons));
  const sizes = chosen.map((file) => probeFile(file).bytes);
  const bytes = sizes.reduce((sum, size) => sum + size, 0);
  const isCountable = jobs.every((job) => job.encoding === "binary" && !job.range.gzip);
  return {
    path,
    format: "challenge",
    layerCount,
    inputs: neurons,
    outputs: neurons,
    outputMap: null,
    edges: isCountable ? bytes / ENTRY_BYTES : null,
    bytes,
    direct: null,
    async readLayer(l) {
      checkLayerIndex(l, layerCount);
      const [result] = await runReadJobs(jobs.slice(l, l + 1), {}, sizes[l]!, 1);
      return makeChallengeLayer(result!.layer!, bias);
    },
    close: async () => {},
    [Symbol.asyncDispose]: async () => {},
  };
}

/** Reads all layers in parallel. @throws FormatError, UsageError, ResourceError, WorkerError, InterruptedError */
export async function readChallengeFolder(
  path: string,
  options: ChallengeOptions & ReadOptions = {},
): Promise<Network> {
  const { neurons, paths } = findChallengeLayers(path);
  const chosen = paths.slice(0, chooseLayerCount(path, paths.length, options.layers));
  const bias = chooseBias(path, neurons, options.bias);
  const jobs = chosen.map((file) => makeLayerJob(file, neurons));
  const bytes = chosen.reduce((sum, file) => sum + probeFile(file).bytes, 0);
  const results = await runReadJobs(jobs, options, bytes, jobs.length);
  return makeNetwork(results.map((result) => makeChallengeLayer(result.layer!, bias)));
}

function makeChallengeLayer(weights: CscMatrix, bias: number): Layer {
  return { weights, bias: Float32Array.of(bias), rule: CHALLENGE_RULE };
}

function chooseBias(path: string, neurons: number, given: number | undefined): number {
  if (given !== undefined) return checkFloat32(given, "bias");
  const known = challengeBias(neurons);
  if (known !== null) return known;
  throw new UsageError(`${path} has ${neurons} neurons, which the challenge gives no bias for: give one (option bias)`);
}

/** A job that reads one file as a layer of `neurons` x `neurons`. @throws FormatError for a missing or empty file. */
export function makeLayerJob(path: string, neurons: number): ReadJob {
  const { bytes, gzip } = probeFile(path);
  if (bytes === 0) throw emptyFileError(path);
  const binary = /\.bin(\.gz)?$/.test(path);
  if (binary && !gzip) checkBinarySize(path, bytes);
  const range = { path, gzip, begin: 0, end: Number.POSITIVE_INFINITY };
  return { range, encoding: binary ? "binary" : "text", maxRow: neurons, maxCol: neurons, want: "layer" };
}

/** Finds the number of neurons and the layers' files. @throws FormatError naming what is missing or ambiguous. */
export function findChallengeLayers(path: string, lookInside = true): ChallengeLayers {
  const names = listFolder(path);
  const found = new Map<number, Map<number, string>>();
  for (const name of names) {
    const match = LAYER_NAME.exec(name);
    if (match === null) continue;
    const neurons = Number(match[1]);
    const layers = found.get(neurons) ?? new Map<number, string>();
    found.set(neurons, layers);
    const layer = Number(match[2]);
    const other = layers.get(layer);
    if (other === undefined || preference(name) < preference(other)) layers.set(layer, name);
  }
  const [first, second] = found;
  if (first === undefined) {
    const inside = lookInside ? names.filter((name) => /^neuron\d+$/.test(name)) : [];
    const [only] = inside;
    if (only !== undefined && inside.length === 1) return findChallengeLayers(join(path, only), false);
    const problem = inside.length > 1 ? `holds ${inside.join(" and ")}, expected one: give its path` : "holds no layer";
    throw new FormatError(path, null, inside.length > 1 ? problem : `${problem} (n<N>-l1.tsv, .tsv.gz or .bin)`);
  }
  if (second !== undefined) {
    throw new FormatError(path, null, `holds layers of ${first[0]} and of ${second[0]} neurons, expected one network`);
  }
  const [neurons, layers] = first;
  if (neurons < 1 || neurons > MAX_NEURONS) {
    throw new FormatError(path, null, `layers of ${neurons} neurons, expected 1 to ${MAX_NEURONS}`);
  }
  return { neurons, paths: orderLayers(path, neurons, layers) };
}

function orderLayers(path: string, neurons: number, layers: ReadonlyMap<number, string>): string[] {
  const last = Math.max(...layers.keys());
  const paths: string[] = [];
  const numbers = Array.from(layers.keys()).toSorted((a, b) => a - b);
  if (numbers[0] === 0) throw new FormatError(path, null, `holds layer 0 (${layers.get(0)}), layers count from 1`);
  for (let k = 1; k <= numbers.length; k++) {
    const name = layers.get(k);
    if (name === undefined) {
      const held = `the folder holds ${layers.size} layers, the last is ${last}`;
      throw new FormatError(path, null, `layer ${k} is missing (n${neurons}-l${k}.tsv, .tsv.gz or .bin); ${held}`);
    }
    paths.push(join(path, name));
  }
  return paths;
}

function preference(name: string): number {
  return LAYER_ENDINGS.findIndex((ending) => name.endsWith(`.${ending}`));
}

function listFolder(path: string): string[] {
  try {
    return readdirSync(path);
  } catch (error) {
    throw toFileError(error, path, "read");
  }
}

/** Number of neurons in a layer file's name ("n1024-l7.tsv.gz"), or null for another name. */
export function neuronsOfLayerName(path: string): number | null {
  const match = LAYER_NAME.exec(basename(path));
  return match === null ? null : Number(match[1]);
}
