// What streaming needs of a network and of inputs that are read piece by piece. Files opened by the room `data` are such
// sources.

import type { LayerRule } from "../../network/layer-rule.ts";
import type { Layer } from "../../network/network.ts";
import type { CsrMatrix, IndexArray } from "../../sparse/matrix.ts";

export interface StreamedArrays {
  readonly colPtr?: Uint32Array | undefined;
  readonly rowIdx?: IndexArray | undefined;
  readonly values?: Float32Array | undefined;
  readonly bias?: Float32Array | undefined;
}

/** The arrays of a layer, by columns. */
export const ARRAY_NAMES = ["colPtr", "rowIdx", "values", "bias"] as const;
export type ArrayName = (typeof ARRAY_NAMES)[number];

export interface StreamedLayer {
  readonly nrows: number;
  readonly ncols: number;
  readonly nnz: number;
  readonly indexBytes: 2 | 4;
  /** nnz, or 1. */
  readonly valueCount: number;
  /** ncols, or 1. */
  readonly biasCount: number;
  readonly rule: LayerRule;
  /** Equal places hold equal arrays; null where nothing is known. */
  readonly places: Readonly<Record<ArrayName, { readonly offset: number }>> | null;
}

export interface StreamedNetwork {
  readonly path: string;
  readonly layerCount: number;
  readonly inputs: number;
  readonly outputs: number;
  readonly outputMap: Uint32Array | null;
  readonly direct: {
    outline(l: number): StreamedLayer;
    /** Fills arrays of the caller's; `all` checks what they promise, `none` nothing. @throws what reading throws */
    readInto(l: number, arrays: StreamedArrays, check: "all" | "none"): Promise<void>;
  };
  readLayer(l: number): Promise<Layer>;
}

export interface StreamedRows {
  readonly path: string;
  readonly nrows: number;
  readonly ncols: number;
  readonly nnz: number;
  /** The value of every entry, or null where they differ. */
  readonly value: number | null;
  readonly rowPtr: Uint32Array;
  readRows(first: number, end: number): Promise<CsrMatrix>;
  /** Where it can be: the entries of rows first .. end-1 straight into arrays, unchecked; values null where `value` is not. */
  readonly readEntriesInto?: (
    first: number,
    end: number,
    colIdx: IndexArray,
    values: Float32Array | null,
  ) => Promise<void>;
}

export function elementBytes(layer: StreamedLayer, name: ArrayName): number {
  return name === "rowIdx" ? layer.indexBytes : 4;
}

export function elementCount(layer: StreamedLayer, name: ArrayName): number {
  const counts: Record<ArrayName, number> = {
    colPtr: layer.ncols + 1,
    rowIdx: layer.nnz,
    values: layer.valueCount,
    bias: layer.biasCount,
  };
  return counts[name];
}

/** `count` elements of an array of a layer, at `address`. */
export function viewOf(
  memory: { readonly buffer: ArrayBufferLike },
  address: number,
  layer: StreamedLayer,
  name: ArrayName,
): Uint16Array | Uint32Array | Float32Array {
  const count = elementCount(layer, name);
  if (name === "values" || name === "bias") return new Float32Array(memory.buffer, address, count);
  return elementBytes(layer, name) === 2
    ? new Uint16Array(memory.buffer, address, count)
    : new Uint32Array(memory.buffer, address, count);
}
