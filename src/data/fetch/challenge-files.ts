// What the Sparse DNN Graph Challenge publishes: the sizes of its networks, and the names and addresses of its files.
// Source: graphchallenge.mit.edu/data-sets (sparse DNN). Nothing here touches the network or the disk.

import { UsageError } from "../../core/errors.ts";

export const CHALLENGE_NEURONS = [1024, 4096, 16384, 65536] as const;
export type ChallengeNeurons = (typeof CHALLENGE_NEURONS)[number];

/** Depths that have published categories. */
export const CHALLENGE_LAYERS = [120, 480, 1920] as const;
export type ChallengeLayers = (typeof CHALLENGE_LAYERS)[number];

/** Every archive neuronN.tar.gz holds this many layers. */
export const ARCHIVE_LAYERS = 1920;

/** Weights into each neuron of every published network. */
export const WEIGHTS_PER_NEURON = 32;

export const CHALLENGE_URL = "https://graphchallenge.s3.amazonaws.com/synthetic/sparsechallenge_2019/";

/** @throws UsageError unless the challenge has networks of that many neurons. */
export function checkNeurons(neurons: number): ChallengeNeurons {
  return checkPublished(neurons, CHALLENGE_NEURONS, "neurons");
}

/** @throws UsageError unless the challenge has categories for that many layers. */
export function checkLayers(layers: number): ChallengeLayers {
  return checkPublished(layers, CHALLENGE_LAYERS, "layers");
}

/** @returns the folder's address with a slash at its end. @throws UsageError unless it is a plain http(s) address. */
export function checkBaseUrl(text: string): string {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol) || url.username !== "" || url.search !== "" || url.hash !== "") {
    throw new UsageError(`base URL is "${text}", expected http(s)://host/folder/ without user name, query or fragment`);
  }
  return url.href.endsWith("/") ? url.href : `${url.href}/`;
}

export function imagesName(neurons: number): string {
  return `sparse-images-${neurons}.tsv.gz`;
}

export function categoriesName(neurons: number, layers: number): string {
  return `neuron${neurons}-l${layers}-categories.tsv`;
}

export function archiveName(neurons: number): string {
  return `neuron${neurons}.tar.gz`;
}

export function networkName(neurons: number): string {
  return `neuron${neurons}`;
}

/** `layer` is 1-based, as in every file of the challenge. */
export function layerName(neurons: number, layer: number): string {
  return `n${neurons}-l${layer}.tsv`;
}

function checkPublished<T extends number>(value: number, published: readonly T[], name: string): T {
  const found = published.find((one) => one === value);
  if (found === undefined) {
    throw new UsageError(`${name} is ${value}, the challenge has ${published.join(", ")}`);
  }
  return found;
}
