// Layers read straight into arrays that the caller has laid out, such as views of a WebAssembly memory, without passing
// through memory of their own: for sources whose layers lie in a file as they are used, or are made on the fly.

import { FormatError, ShapeError } from "../core/errors.ts";
import type { LayerRule } from "../network/layer-rule.ts";
import { type IndexArray, MAX_U16_DIMENSION } from "../sparse/matrix.ts";

/** What is known of a layer before its weights are read. */
export interface LayerOutline {
  /** Inputs and neurons of the layer. */
  readonly nrows: number;
  readonly ncols: number;
  readonly nnz: number;
  /** Width of an element of rowIdx. */
  readonly indexBytes: 2 | 4;
  /** nnz, or 1 when one value stands for all. */
  readonly valueCount: number;
  /** ncols, or 1. */
  readonly biasCount: number;
  readonly rule: LayerRule;
  /** Where the arrays lie, for readers of their own; null for layers that are made. Equal places hold equal arrays. */
  readonly places: LayerPlaces | null;
}

/** Little-endian elements as in LayerArrays, at `offset` bytes from the start of the file. */
export interface ArrayPlace {
  readonly offset: number;
  readonly bytes: number;
}

export interface LayerPlaces {
  readonly path: string;
  readonly colPtr: ArrayPlace;
  readonly rowIdx: ArrayPlace;
  readonly values: ArrayPlace;
  readonly bias: ArrayPlace;
}

/** Where a layer goes, by columns, each array of the length that the outline says; those left out are not read. */
export interface LayerArrays {
  readonly colPtr?: Uint32Array | undefined;
  readonly rowIdx?: IndexArray | undefined;
  readonly values?: Float32Array | undefined;
  readonly bias?: Float32Array | undefined;
}

/**
 * `all`: every promise of a CSC matrix that the arrays given can show, at the cost of a pass over the indices. `bounds`: what keeps a reader of the arrays
 * within their bounds (pointers, largest index): free for 16-bit indices of 65536 inputs. `none`: for data checked before.
 */
export type LayerCheck = "all" | "bounds" | "none";

export interface DirectLayers {
  /** @throws RangeError for a layer that is not there. */
  outline(l: number): LayerOutline;
  /**
   * Fills the arrays of layer `l`. Reads of several layers may be under way at once; nothing but the check runs on the calling
   * thread. @throws FormatError naming what is wrong, RangeError, ShapeError for an array of another length.
   */
  readInto(l: number, arrays: LayerArrays, check?: LayerCheck): Promise<void>;
}

/** @throws ShapeError unless every array given is of the length and width of the outline. */
export function checkArrayLengths(outline: LayerOutline, arrays: LayerArrays): void {
  const { colPtr, rowIdx, values, bias } = arrays;
  const lengths: [name: string, array: { length: number } | undefined, expected: number][] = [
    ["colPtr", colPtr, outline.ncols + 1],
    ["rowIdx", rowIdx, outline.nnz],
    ["values", values, outline.valueCount],
    ["bias", bias, outline.biasCount],
  ];
  for (const [name, array, expected] of lengths) {
    if (array === undefined || array.length === expected) continue;
    throw new ShapeError(`${name} has ${array.length} elements, expected ${expected}`);
  }
  if (rowIdx !== undefined && rowIdx.BYTES_PER_ELEMENT !== outline.indexBytes) {
    throw new ShapeError(`rowIdx has ${rowIdx.BYTES_PER_ELEMENT} bytes an element, expected ${outline.indexBytes}`);
  }
}

/** @throws FormatError naming the first index that is no input of the layer. Cost: O(nnz), none where no index can be. */
export function checkIndexBound(path: string, name: string, rowIdx: IndexArray, nrows: number): void {
  if (rowIdx.BYTES_PER_ELEMENT === 2 && nrows >= MAX_U16_DIMENSION) return;
  for (let p = 0; p < rowIdx.length; p++) {
    if (rowIdx[p]! < nrows) continue;
    throw new FormatError(path, null, `tensor ${name}: element ${p} is ${rowIdx[p]}, expected below ${nrows}`);
  }
}
