// A network that is streamed, as the engine loads it: its first layers, through which many rows go, are placed for good in
// the order that suits the caches; the others have descriptors, and a ring of memory through which they come.

import { ResourceError } from "../../core/errors.ts";
import { makeBreath } from "../../core/breath.ts";
import { formatBytes } from "../../core/units.ts";
import { makeKernels } from "../../kernels/catalog.ts";
import { epilogueOf, LAYER_RECORD_BYTES, type PlacedLayer } from "../../kernels/layer-record.ts";
import type { Kernels } from "../../kernels/kernels.ts";
import { type Layer, makeNetwork, type NetworkShape, preservesZeroRows } from "../../network/network.ts";
import type { LoadedNetwork } from "../loaded-network.ts";
import type { LoadingDock } from "../open-workplace.ts";
import { widthsOf } from "../network-widths.ts";
import { placeNetwork } from "../place-network.ts";
import { type LayerStream, MIN_LISTED_ROWS, openLayerStream, ringBytesOf } from "./layer-stream.ts";
import { readResidentArrays } from "./resident-arrays.ts";
import { alignedBytes } from "./ring.ts";
import { ARRAY_NAMES, elementBytes, elementCount, type StreamedLayer, type StreamedNetwork } from "./sources.ts";

/** Sizes that are chosen by the memory limit unless they are given. */
export interface StreamSizes {
  /** Layers, from the first on, that are placed for good. */
  readonly headLayers?: number;
  readonly ringBytes?: number;
  /** Rows from which on the columns of layers in the ring are listed. */
  readonly minListedRows?: number;
  /** Inputs in memory at a time, and entries of them that are read by one call. */
  readonly inputBytes?: number;
  readonly pieceEntries?: number;
}

/** Reason: rows of the challenge stop dying after some twenty layers, and a few rows gain nothing from an order. */
const MAX_HEAD_LAYERS = 32;
/** More gained nothing: what is read ahead must be touched for the first time, beside the workers (docs/decisions.md). */
const MAX_RING_BYTES = 128 * 1024 * 1024;
/** Head, ring and shared arrays each take at most this share of the memory: most is for inputs and rows between layers. */
const SHARE = 1 / 8;

export interface StreamedLoad extends LoadedNetwork {
  /** Those of the main thread. */
  readonly kernels: Kernels;
  readonly stream: LayerStream;
  readonly headLayers: number;
  readonly ringBytes: number;
}

/** @throws ResourceError where not even the widest layer fits, and what reading throws */
export async function loadStreamed(
  source: StreamedNetwork,
  { arena, limitBytes, kernels, settings }: LoadingDock,
  sizes: StreamSizes,
  signal: AbortSignal | undefined,
): Promise<StreamedLoad> {
  const { layerCount, direct } = source;
  const breathe = makeBreath(signal);
  const outlines = Array.from({ length: layerCount }, (_, l) => direct.outline(l));
  const most = limitBytes * SHARE;
  const headLayers = sizes.headLayers ?? countHead(outlines, most);
  const head: Layer[] = [];
  for (let l = 0; l < headLayers; l++) {
    await breathe();
    head.push(await source.readLayer(l));
  }
  const placed = await placeNetwork(makeNetwork(head), arena, null, breathe);
  const headSafeFrom = zeroSafeFrom(head);
  head.length = 0;

  const tail = outlines.slice(headLayers);
  const descriptors = outlines.map((_, l) =>
    l < headLayers ? placed.layers[l].address : arena.allocate(LAYER_RECORD_BYTES, `descriptor of layer ${l + 1}`),
  );
  const resident = await readResidentArrays(source, headLayers, arena, most);
  const largest = tail.reduce((bytes, layer, k) => Math.max(bytes, ringBytesOf(layer, headLayers + k, resident)), 0);
  const ringBytes =
    sizes.ringBytes ?? Math.min(largest * tail.length, Math.max(2 * largest, Math.min(most, MAX_RING_BYTES)));
  if (ringBytes < largest) {
    throw new ResourceError(
      `no memory for the largest layer: ${formatBytes(largest)}, ${formatBytes(ringBytes)} are set aside`,
    );
  }
  const ownKernels = makeKernels(kernels, arena.memory);
  const ringAddress = arena.allocate(ringBytes, "layers that are read ahead");
  const stream = openLayerStream({
    source,
    memory: arena.memory,
    kernels: ownKernels,
    descriptors,
    head: headLayers,
    resident,
    ringAddress,
    ringBytes: Math.floor(ringBytes / 64) * 64,
    minListedRows: sizes.minListedRows ?? MIN_LISTED_ROWS * settings.workers,
  });
  const layers = [...placed.layers, ...tail.map((layer, k) => placedLayer(layer, descriptors[headLayers + k]))];
  const tailSafeFrom = await tailZeroSafeFrom(source, headLayers);
  const shape: NetworkShape = {
    layers: layerCount,
    inputs: source.inputs,
    outputs: source.outputs,
    outputMap: source.outputMap,
    edges: outlines.reduce((sum, { nnz }) => sum + nnz, 0),
  };
  return {
    layers,
    firstByRows: placed.firstByRows,
    featureOrder: placed.featureOrder,
    outputOrder: headLayers === layerCount ? placed.outputOrder : null,
    formats: null,
    shape,
    warmLayers: headLayers,
    widths: widthsOf(outlines),
    zeroSafeFrom: tailSafeFrom > headLayers ? tailSafeFrom : headSafeFrom,
    bytes: layers.reduce((sum, { bytes }) => sum + bytes, 0),
    kernels: ownKernels,
    stream,
    headLayers,
    ringBytes,
  };
}

function countHead(outlines: readonly StreamedLayer[], most: number): number {
  let bytes = 0;
  for (let l = 0; l < Math.min(outlines.length, MAX_HEAD_LAYERS); l++) {
    bytes += bytesOf(outlines[l]);
    if (l > 0 && bytes > most) return l;
  }
  return Math.min(outlines.length, MAX_HEAD_LAYERS);
}

function bytesOf(layer: StreamedLayer): number {
  return ARRAY_NAMES.reduce(
    (sum, name) => sum + alignedBytes(elementCount(layer, name) * elementBytes(layer, name)),
    0,
  );
}

function placedLayer(layer: StreamedLayer, address: number): PlacedLayer {
  const { nrows, ncols, nnz, valueCount, rule } = layer;
  const { secondPass } = epilogueOf(rule.activation);
  const weightFormat = valueCount > 1 ? "general" : "uniform";
  return { address, nrows, ncols, nnz, weightFormat, secondPass, bytes: bytesOf(layer) };
}

function zeroSafeFrom(layers: readonly Layer[]): number {
  let from = layers.length;
  while (from > 0 && preservesZeroRows(layers[from - 1])) from--;
  return from;
}

/** As LoadedNetwork.zeroSafeFrom, for the layers from `head` on: `head` where all of them keep rows of zeros. */
async function tailZeroSafeFrom({ direct, layerCount }: StreamedNetwork, head: number): Promise<number> {
  let from = layerCount;
  for (; from > head; from--) {
    const { rule, biasCount } = direct.outline(from - 1);
    const bias = new Float32Array(biasCount);
    if (rule.biasRule === "all") await direct.readInto(from - 1, { bias }, "none");
    if (!preservesZeroRows({ rule, bias })) break;
  }
  return from;
}
