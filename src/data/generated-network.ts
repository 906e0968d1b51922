// Networks that are made layer by layer as they are read: no file, no memory but the layer's own.

import { UsageError } from "../core/errors.ts";
import { CHALLENGE_RULE } from "../network/layer-rule.ts";
import { type Layer, makeNetwork, type Network } from "../network/network.ts";
import { makeIndexArray } from "../sparse/matrix.ts";
import { checkNotAborted } from "./file-errors.ts";
import { parseGeneratedName } from "./generated-name.ts";
import { DEGREE, makeRadixNet, type RadixNet } from "./generate/radix-net.ts";
import { makeFloatArray } from "./growing-array.ts";
import { checkArrayLengths, type LayerOutline } from "./direct-layers.ts";
import { checkLayerIndex, chooseLayerCount, type NetworkSource } from "./network-source.ts";
import type { ReadOptions } from "./read-options.ts";

export interface GeneratedOptions {
  /** Only the first so many layers. */
  readonly layers?: number | undefined;
  /** Layers on shared memory (the default), or not. */
  readonly shared?: boolean | undefined;
}

/** Opens the network that `name` describes. @throws UsageError for a name that describes none */
export function openGeneratedNetwork(name: string, options: GeneratedOptions = {}): NetworkSource {
  const net = makeNamed(name);
  const layerCount = chooseLayerCount(name, net.layers, options.layers);
  const { neurons } = net;
  const shared = options.shared !== false;
  const colPtr = makeIndexArray(neurons + 1, Number.POSITIVE_INFINITY, shared) as Uint32Array;
  colPtr.set(net.makePointers());
  const values = makeFloatArray(1, shared).fill(net.weight);
  const bias = makeFloatArray(1, shared).fill(net.bias);
  const nnz = DEGREE * neurons;
  const rowIdxOf = (l: number): Layer["weights"]["rowIdx"] => {
    const rowIdx = makeIndexArray(nnz, neurons, shared);
    net.indicesInto(rowIdx, l);
    return rowIdx;
  };
  const indexBytes = makeIndexArray(0, neurons).BYTES_PER_ELEMENT as 2 | 4;
  const outline: LayerOutline = {
    nrows: neurons,
    ncols: neurons,
    nnz,
    indexBytes,
    valueCount: 1,
    biasCount: 1,
    rule: CHALLENGE_RULE,
    places: null,
  };
  return {
    path: name,
    format: "generated",
    layerCount,
    inputs: neurons,
    outputs: neurons,
    outputMap: null,
    edges: nnz * layerCount,
    bytes: colPtr.byteLength + 8 + indexBytes * nnz * Math.min(layerCount, net.distinctLayers),
    direct: {
      outline(l) {
        checkLayerIndex(l, layerCount);
        return outline;
      },
      async readInto(l, arrays) {
        checkLayerIndex(l, layerCount);
        checkArrayLengths(outline, arrays);
        arrays.colPtr?.set(colPtr);
        arrays.values?.set(values);
        arrays.bias?.set(bias);
        if (arrays.rowIdx !== undefined) net.indicesInto(arrays.rowIdx, l);
      },
    },
    async readLayer(l) {
      checkLayerIndex(l, layerCount);
      const weights = { format: "csc", nrows: neurons, ncols: neurons, colPtr, rowIdx: rowIdxOf(l), values } as const;
      return { weights, bias, rule: CHALLENGE_RULE };
    },
    close: async () => {},
    [Symbol.asyncDispose]: async () => {},
  };
}

/** Makes all layers. @throws UsageError, InterruptedError */
export async function readGeneratedNetwork(
  name: string,
  options: GeneratedOptions & ReadOptions = {},
): Promise<Network> {
  const source = openGeneratedNetwork(name, options);
  const { layerCount, bytes } = source;
  const layers: Layer[] = [];
  for (let l = 0; l < layerCount; l++) {
    // Signals and the bar have their turn.
    await new Promise((resolve) => setImmediate(resolve));
    checkNotAborted(options.signal);
    layers.push(await source.readLayer(l));
    const bytesDone = (bytes * (l + 1)) / layerCount;
    options.onProgress?.({ filesDone: l + 1 === layerCount ? 1 : 0, filesTotal: 1, bytesDone, bytesTotal: bytes });
  }
  return makeNetwork(layers);
}

/** @throws UsageError, the name in front */
function makeNamed(name: string): RadixNet {
  const options = parseGeneratedName(name);
  try {
    return makeRadixNet(options);
  } catch (error) {
    throw error instanceof UsageError ? new UsageError(`${name}: ${error.message}`, { cause: error }) : error;
  }
}
