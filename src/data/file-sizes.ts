// How large files will be, from what is known before they are written. Gzipped sizes nobody knows.

import { MAX_U16_DIMENSION } from "../sparse/matrix.ts";
import type { LayerEnding } from "./challenge-folder.ts";
import { formatFloat32 } from "./format-triples.ts";
import { DEGREE, type RadixNet } from "./generate/radix-net.ts";
import type { NamedKind } from "./file-kind.ts";
import { INPUTS_HEADER_BYTES } from "./inputs-file.ts";
import type { NetworkSource } from "./network-source.ts";
import { LENGTH_BYTES } from "./safetensors-header.ts";
import { ENTRY_BYTES } from "./triples-binary.ts";
import { networkHeaderBytes } from "./write-network-file.ts";

/** Two bytes an index, or four. */
export function indexBytesOf(dimension: number): 2 | 4 {
  return dimension <= MAX_U16_DIMENSION ? 2 : 4;
}

/** Exactly what a RadiX-Net takes as a file (`safetensors`) or as a folder of layers; null for gzipped ones. */
export function radixNetBytes(net: RadixNet, format: "safetensors" | LayerEnding): number | null {
  const { neurons, layers, distinctLayers, weight } = net;
  const nnz = DEGREE * neurons;
  switch (format) {
    case "safetensors": {
      const once = 4 * (neurons + 1) + 4 + 4;
      return LENGTH_BYTES + networkHeaderBytes(layers) + once + distinctLayers * nnz * indexBytesOf(neurons);
    }
    case "bin":
      return ENTRY_BYTES * nnz * layers;
    case "tsv":
      // Row and column numbers occur DEGREE times each in a layer; two tabs and a line end.
      return layers * (2 * DEGREE * countDigits(neurons) + nnz * (formatFloat32(Math.fround(weight)).length + 3));
    case "bin.gz":
    case "tsv.gz":
      return null;
  }
}

/** Of a network whose arrays are all different. */
export interface NetworkSize {
  readonly layers: number;
  /** The most inputs that a layer has: they decide how wide its indices are. */
  readonly inputs: number;
  /** Of all layers together. */
  readonly neurons: number;
  readonly nnz: number;
  /** Stored values and biases. */
  readonly values: number;
}

/** What such a network takes as a safetensors file; less where arrays are equal. */
export function networkFileBytes({ layers, inputs, neurons, nnz, values }: NetworkSize): number {
  const arrays = 4 * (neurons + layers) + indexBytesOf(inputs) * nnz + 4 * values;
  return LENGTH_BYTES + networkHeaderBytes(layers) + arrays;
}

/** What the layers of `source` take as a safetensors file, equal arrays once; null where only reading them would tell. */
export function copyBytes(source: NetworkSource): number | null {
  const { direct, layerCount, format, bytes } = source;
  if (direct === null) return null;
  const header = LENGTH_BYTES + networkHeaderBytes(layerCount);
  if (format === "generated") return header + bytes;
  const arrays = new Map<number, number>();
  for (let l = 0; l < layerCount; l++) {
    const { places } = direct.outline(l);
    if (places === null) return null;
    for (const { offset, bytes: length } of [places.colPtr, places.rowIdx, places.values, places.bias]) {
      arrays.set(offset, length);
    }
  }
  return Array.from(arrays.values()).reduce((sum, length) => sum + length, header);
}

/** The most that the layers of `source` can take when their values and arrays become different; null as for copyBytes. */
export function largestRewriteBytes(source: NetworkSource): number | null {
  const { direct, layerCount } = source;
  if (direct === null) return null;
  let bytes = LENGTH_BYTES + networkHeaderBytes(layerCount) + 4 * source.outputs;
  for (let l = 0; l < layerCount; l++) {
    const { ncols, nnz, indexBytes } = direct.outline(l);
    bytes += 4 * (ncols + 1) + (indexBytes + 4) * nnz + 4 * ncols;
  }
  return bytes;
}

export interface InputsSize {
  readonly nrows: number;
  readonly ncols: number;
  readonly nnz: number;
  /** One value stands for all entries. */
  readonly isUniform: boolean;
}

/** What inputs take as a file of the kind; null for text and gzipped ones. */
export function inputsBytes(kind: NamedKind, isGzipped: boolean, size: InputsSize): number | null {
  const { nrows, ncols, nnz, isUniform } = size;
  if (kind === "safetensors") {
    const values = isUniform ? 1 : nnz;
    return LENGTH_BYTES + INPUTS_HEADER_BYTES + 4 * (nrows + 1) + indexBytesOf(ncols) * nnz + 4 * values;
  }
  return kind === "binary" && !isGzipped ? ENTRY_BYTES * nnz : null;
}

/** Digits of the numbers 1 .. last, all together. */
function countDigits(last: number): number {
  let digits = 0;
  for (let low = 1, length = 1; low <= last; low *= 10, length++) {
    digits += length * (Math.min(last, 10 * low - 1) - low + 1);
  }
  return digits;
}
