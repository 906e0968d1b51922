// Layers of a safetensors file, stored by columns, read into arrays of the caller's: four byte ranges a layer.

import {
  type ArrayPlace,
  checkArrayLengths,
  checkIndexBound,
  type DirectLayers,
  type LayerOutline,
} from "./direct-layers.ts";
import { checkFinite, checkIndices, checkPointers, type CompressedTensors } from "./compressed-tensors.ts";
import type { NetworkMetadata } from "./network-metadata.ts";
import { checkLayerIndex } from "./network-source.ts";
import type { FilePart, SafetensorsFile } from "./safetensors-file.ts";
import type { TensorInfo } from "./safetensors-header.ts";

/** The tensors of one layer, whose sizes are checked. */
export interface LayerTensors {
  readonly weights: CompressedTensors;
  readonly bias: TensorInfo;
}

/** Requires: `metadata` says that the layers are stored by columns. */
export function directLayers(
  file: SafetensorsFile,
  metadata: NetworkMetadata,
  layers: readonly LayerTensors[],
): DirectLayers {
  const { path } = file;
  const outline = (l: number): LayerOutline => {
    checkLayerIndex(l, layers.length);
    const { weights, bias } = layers[l]!;
    const { indptr, indices, values, major, minor } = weights;
    return {
      nrows: minor,
      ncols: major,
      nnz: indices.count,
      indexBytes: indices.dtype === "U16" ? 2 : 4,
      valueCount: values.count,
      biasCount: bias.count,
      rule: metadata.rules[metadata.layers[l]!.rule]!,
      places: {
        path,
        colPtr: placeOf(indptr),
        rowIdx: placeOf(indices),
        values: placeOf(values),
        bias: placeOf(bias),
      },
    };
  };
  return {
    outline,
    async readInto(l, arrays, check = "all") {
      checkArrayLengths(outline(l), arrays);
      const { colPtr, rowIdx, values, bias } = arrays;
      const { weights, bias: biasTensor } = layers[l]!;
      await file.readInto([
        ...partOf(weights.indptr, colPtr),
        ...partOf(weights.indices, rowIdx),
        ...partOf(weights.values, values),
        ...partOf(biasTensor, bias),
      ]);
      if (check === "none") return;
      const { indptr, indices, values: valueTensor, major, minor } = weights;
      if (colPtr !== undefined) checkPointers(path, indptr.name, colPtr, major, indices.count);
      if (rowIdx !== undefined && check === "all" && colPtr !== undefined) {
        checkIndices(path, indices.name, colPtr, rowIdx, minor, 0);
      } else if (rowIdx !== undefined) checkIndexBound(path, indices.name, rowIdx, minor);
      if (check === "bounds") return;
      if (values !== undefined) checkFinite(path, valueTensor.name, values);
      if (bias !== undefined) checkFinite(path, biasTensor.name, bias);
    },
  };
}

function placeOf({ begin, end }: TensorInfo): ArrayPlace {
  return { offset: begin, bytes: end - begin };
}

/** Nothing for an array that is not asked for. */
function partOf(place: TensorInfo, array: Uint16Array | Uint32Array | Float32Array | undefined): FilePart[] {
  if (array === undefined) return [];
  return [{ place, bytes: new Uint8Array(array.buffer, array.byteOffset, array.byteLength) }];
}
