// A network that is read layer by layer, so that one larger than memory can be streamed.

import { UsageError } from "../core/errors.ts";
import type { Layer } from "../network/network.ts";
import type { DirectLayers } from "./direct-layers.ts";
import { openReadAhead } from "./read-ahead.ts";

export const NETWORK_FORMATS = ["safetensors", "challenge", "generated"] as const;
export type NetworkFormat = (typeof NETWORK_FORMATS)[number];

export interface NetworkSource extends AsyncDisposable {
  readonly path: string;
  readonly format: NetworkFormat;
  readonly layerCount: number;
  /** Features of an input row. */
  readonly inputs: number;
  /** Values of an output row. */
  readonly outputs: number;
  /** As in Network: for every output its neuron of the last layer, or null. */
  readonly outputMap: Uint32Array | null;
  /** Stored weights of all layers; null where only reading the files would tell. */
  readonly edges: number | null;
  /** Bytes on disk of what readLayer would read for all layers; of the arrays, equal ones once, where they are generated. */
  readonly bytes: number;
  /** For reading layers into arrays of the caller's; null where layers have to be parsed. */
  readonly direct: DirectLayers | null;
  /** Reads layer `l` (0-based). May be called for several layers at once. @throws FormatError, RangeError */
  readLayer(l: number): Promise<Layer>;
  close(): Promise<void>;
}

/** @throws RangeError for a layer that the source does not have: a mistake of the caller. */
export function checkLayerIndex(l: number, layerCount: number): void {
  if (!Number.isInteger(l) || l < 0 || l >= layerCount) {
    throw new RangeError(`layer index is ${l}, expected an integer from 0 to ${layerCount - 1}`);
  }
}

/** One line for people: "network of 120 layers, 1024 inputs, 1024 outputs (challenge)". */
export function describeSource(source: NetworkSource): string {
  const edges = source.edges === null ? "" : `, ${source.edges} weights`;
  const layers = source.layerCount === 1 ? "1 layer" : `${source.layerCount} layers`;
  return `network of ${layers}, ${source.inputs} inputs, ${source.outputs} outputs${edges} (${source.format})`;
}

/** Layers 0 .. layerCount-1 of a source, one after the other, each whole until the third after it. */
export async function* eachLayer(source: NetworkSource): AsyncGenerator<Layer> {
  await using reader = openReadAhead(source);
  for (let l = 0; l < source.layerCount; l++) yield await reader.readLayer(l);
}

/** How many layers to read when the caller asks for the first `wanted`. @throws UsageError when there are fewer. */
export function chooseLayerCount(path: string, found: number, wanted: number | undefined): number {
  if (wanted === undefined) return found;
  if (Number.isInteger(wanted) && wanted >= 1 && wanted <= found) return wanted;
  throw new UsageError(`layers is ${wanted}, expected an integer from 1 to ${found} (${path} holds ${found})`);
}
