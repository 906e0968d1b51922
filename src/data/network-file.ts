// Networks in safetensors files: opened by header, read layer by layer or whole. Sizes are checked when the file is
// opened, contents when a layer is read. write-network-file.ts is the other direction.

import { FormatError } from "../core/errors.ts";
import { type Layer, makeNetwork, type Network } from "../network/network.ts";
import { csrToCsc } from "../sparse/convert.ts";
import type { CscMatrix } from "../sparse/matrix.ts";
import { shareCsc } from "./assemble.ts";
import { checkFinite, expectCount, findCompressed, readCompressed } from "./compressed-tensors.ts";
import { checkNotAborted } from "./file-errors.ts";
import { type NetworkMetadata, NETWORK_FORMAT, OUTPUT_MAP_TENSOR, parseMetadata } from "./network-metadata.ts";
import { checkLayerIndex, chooseLayerCount, type NetworkSource } from "./network-source.ts";
import type { ReadOptions } from "./read-options.ts";
import { directLayers, type LayerTensors } from "./network-file-direct.ts";
import { expectTensor, openSafetensors, type SafetensorsFile } from "./safetensors-file.ts";
import { wrong } from "./safetensors-header.ts";

export interface NetworkFileOptions {
  /** Only the first so many layers. */
  readonly layers?: number | undefined;
  /** Layers on shared memory (the default), or not: for reading through layers that are soon dropped. */
  readonly shared?: boolean | undefined;
}

/** Opens a network file for reading layer by layer; the caller closes it. @throws FormatError, UsageError */
export async function openNetworkFile(path: string, options: NetworkFileOptions = {}): Promise<NetworkSource> {
  const file = await openSafetensors(path, options);
  try {
    const metadata = readMetadata(file);
    const layerCount = chooseLayerCount(path, metadata.layers.length, options.layers);
    const tensors = metadata.layers.slice(0, layerCount).map((_, l) => findLayerTensors(file, metadata, l));
    const outputMap = await readOutputMap(file, metadata, layerCount);
    return {
      path,
      format: "safetensors",
      layerCount,
      inputs: metadata.layers[0]!.shape[0],
      outputs: outputMap?.length ?? metadata.layers[layerCount - 1]!.shape[1],
      outputMap,
      edges: tensors.reduce((sum, { weights }) => sum + weights.indices.count, 0),
      bytes: file.bytes,
      direct: metadata.orientation === "csc" ? directLayers(file, metadata, tensors) : null,
      async readLayer(l) {
        checkLayerIndex(l, layerCount);
        const weights = await readWeights(file, metadata, tensors[l]!);
        return completeLayer(file, metadata, tensors[l]!, l, weights);
      },
      close: () => file.close(),
      [Symbol.asyncDispose]: () => file.close(),
    };
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** Reads the whole network; layers stored once are also held once. @throws FormatError, UsageError, InterruptedError */
export async function readNetworkFile(path: string, options: NetworkFileOptions & ReadOptions = {}): Promise<Network> {
  await using file = await openSafetensors(path, options);
  const metadata = readMetadata(file);
  const layerCount = chooseLayerCount(path, metadata.layers.length, options.layers);
  const held = new Map<string, CscMatrix>();
  const layers: Layer[] = [];
  let bytesDone = 0;
  for (let l = 0; l < layerCount; l++) {
    checkNotAborted(options.signal);
    const tensors = findLayerTensors(file, metadata, l);
    const { indptr, indices, values, major, minor } = tensors.weights;
    const key = [indptr.name, indices.name, values.name, major, minor].join(" ");
    const weights = held.get(key) ?? (await readWeights(file, metadata, tensors));
    if (!held.has(key)) bytesDone += [indptr, indices, values].reduce((sum, t) => sum + t.end - t.begin, 0);
    held.set(key, weights);
    layers.push(await completeLayer(file, metadata, tensors, l, weights));
    const filesDone = l === layerCount - 1 ? 1 : 0;
    options.onProgress?.({ filesDone, filesTotal: 1, bytesDone, bytesTotal: Math.max(bytesDone, file.bytes) });
  }
  return makeNetwork(layers, await readOutputMap(file, metadata, layerCount));
}

/** The map belongs to the last layer: the first layers alone have none. @throws FormatError */
async function readOutputMap(
  file: SafetensorsFile,
  { mappedOutputs, layers }: NetworkMetadata,
  layerCount: number,
): Promise<Uint32Array | null> {
  if (mappedOutputs === null || layerCount < layers.length) return null;
  const tensor = expectTensor(file, OUTPUT_MAP_TENSOR, ["U32"]);
  expectCount(file.path, tensor, [mappedOutputs]);
  const map = new Uint32Array(await file.read(tensor));
  const neurons = layers[layers.length - 1]!.shape[1];
  const isUsed = new Uint8Array(neurons);
  for (const neuron of map) {
    if (neuron >= neurons) throw wrong(file.path, `tensor ${OUTPUT_MAP_TENSOR}`, neuron, `neurons below ${neurons}`);
    isUsed[neuron] = 1;
  }
  const unused = isUsed.indexOf(0);
  if (unused >= 0) throw wrong(file.path, `tensor ${OUTPUT_MAP_TENSOR}`, `no ${unused}`, "every neuron");
  return map;
}

/** @throws FormatError unless the file says that it holds a network of a version that is known here. */
function readMetadata(file: SafetensorsFile): NetworkMetadata {
  const { metadata } = file.header;
  const format = metadata.get("format");
  if (format !== NETWORK_FORMAT) throw wrong(file.path, "__metadata__.format", format, `"${NETWORK_FORMAT}"`);
  const text = metadata.get("gossamer");
  if (text === undefined) throw new FormatError(file.path, null, "__metadata__.gossamer is missing");
  return parseMetadata(file.path, text);
}

function findLayerTensors(file: SafetensorsFile, metadata: NetworkMetadata, l: number): LayerTensors {
  const { shape, stored } = metadata.layers[l]!;
  const names = {
    indptr: `layers.${stored.indptr}.indptr`,
    indices: `layers.${stored.indices}.indices`,
    values: `layers.${stored.values}.values`,
  };
  const [inputs, neurons] = shape;
  const [major, minor] = metadata.orientation === "csc" ? [neurons, inputs] : [inputs, neurons];
  const weights = findCompressed(file, names, major, minor);
  const bias = expectTensor(file, `layers.${stored.bias}.bias`, ["F32"]);
  expectCount(file.path, bias, [1, neurons]);
  return { weights, bias };
}

async function readWeights(
  file: SafetensorsFile,
  metadata: NetworkMetadata,
  tensors: LayerTensors,
): Promise<CscMatrix> {
  const { ptr, idx, values } = await readCompressed(file, tensors.weights);
  const { major, minor } = tensors.weights;
  if (metadata.orientation === "csc") {
    return { format: "csc", nrows: minor, ncols: major, colPtr: ptr, rowIdx: idx, values };
  }
  return shareCsc(csrToCsc({ format: "csr", nrows: major, ncols: minor, rowPtr: ptr, colIdx: idx, values }));
}

async function completeLayer(
  file: SafetensorsFile,
  metadata: NetworkMetadata,
  tensors: LayerTensors,
  l: number,
  weights: CscMatrix,
): Promise<Layer> {
  const bias = new Float32Array(await file.read(tensors.bias));
  checkFinite(file.path, tensors.bias.name, bias);
  return { weights, bias, rule: metadata.rules[metadata.layers[l]!.rule]! };
}
