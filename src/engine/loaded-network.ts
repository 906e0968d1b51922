// A network as the engine holds it: placed in shared memory, with what every run needs to know of it.

import { makeBreath } from "../core/breath.ts";
import type { FormatPair } from "../kernels/format-pairs.ts";
import { type PlacedLayer, SECOND_PASS } from "../kernels/layer-record.ts";
import { type Network, type NetworkShape, preservesZeroRows, shapeOf } from "../network/network.ts";
import type { HashOptions } from "../partition/hashing.ts";
import type { Arena } from "../threads/arena.ts";
import { type NetworkWidths, widthsOf } from "./network-widths.ts";
import { type LoadedFormats, loadFormats } from "./place-formats.ts";
import { type PlacedNetwork, placeNetwork } from "./place-network.ts";

export interface LoadedNetwork extends PlacedNetwork {
  /** The layers in other formats than tiles take; null on the fast path. */
  readonly formats: LoadedFormats | null;
  readonly shape: NetworkShape;
  /** Layers, from the first on, that lie in memory for good. */
  readonly warmLayers: number;
  readonly widths: NetworkWidths;
  /** The first layer from which on every layer keeps a row of zeros a row of zeros. */
  readonly zeroSafeFrom: number;
  /** Bytes of all layers in memory. */
  readonly bytes: number;
}

/** Places the network, in formats where a pair is given and its neurons hashed where `hash` is. @throws ResourceError, InterruptedError */
export async function loadNetwork(
  network: Network,
  arena: Arena,
  hash: HashOptions | null,
  pair: FormatPair | null,
  signal: AbortSignal | undefined,
): Promise<LoadedNetwork> {
  const formats = pair === null ? null : loadFormats(network, pair, arena, hash);
  const placed =
    formats === null ? await placeNetwork(network, arena, hash, makeBreath(signal)) : describeFormats(formats);
  let zeroSafeFrom = network.layers.length;
  while (zeroSafeFrom > 0 && preservesZeroRows(network.layers[zeroSafeFrom - 1])) zeroSafeFrom--;
  return {
    ...placed,
    formats,
    shape: shapeOf(network),
    warmLayers: placed.layers.length,
    widths: widthsOf(placed.layers),
    zeroSafeFrom,
    bytes: placed.layers.reduce((sum, layer) => sum + layer.bytes, 0),
  };
}

/** The sizes of layers that lie in other formats; they have no descriptor for the tile kernels. */
function describeFormats({ layers, featureOrder, outputOrder }: LoadedFormats): PlacedNetwork {
  return {
    layers: layers.map(({ weights }): PlacedLayer => {
      const { nrows, ncols, nnz, bytes } = weights;
      return { address: 0, nrows, ncols, nnz, weightFormat: "general", secondPass: SECOND_PASS.none, bytes };
    }),
    firstByRows: 0,
    featureOrder,
    outputOrder,
  };
}
