// The compressed matrices that networks and inputs are made of, as plain records of typed arrays.
// `nnz` counts stored entries, explicit zeros included, and is the length of the index array.
// `values` has one element an entry, or ONE element in all when every stored entry has the same value.

/** Indices are 16-bit where the dimension that they index is at most 65536, which halves what a kernel must read. */
export type IndexArray = Uint16Array | Uint32Array;

/** Compressed sparse columns. Column j holds entries colPtr[j] .. colPtr[j+1]-1, row indices strictly rising. */
export interface CscMatrix {
  readonly format: "csc";
  readonly nrows: number;
  readonly ncols: number;
  /** ncols + 1 offsets. */
  readonly colPtr: Uint32Array;
  /** nnz row indices. */
  readonly rowIdx: IndexArray;
  /** nnz values, or 1. */
  readonly values: Float32Array;
}

/** Compressed sparse rows. Row i holds entries rowPtr[i] .. rowPtr[i+1]-1, column indices strictly rising. */
export interface CsrMatrix {
  readonly format: "csr";
  readonly nrows: number;
  readonly ncols: number;
  /** nrows + 1 offsets. */
  readonly rowPtr: Uint32Array;
  /** nnz column indices. */
  readonly colIdx: IndexArray;
  /** nnz values, or 1. */
  readonly values: Float32Array;
}

/** The largest dimension whose indices fit 16 bits. */
export const MAX_U16_DIMENSION = 65_536;

/** Allocates an index array wide enough for indices below `dimension`, on shared memory when asked. */
export function makeIndexArray(length: number, dimension: number, shared = false): IndexArray {
  const bytes = length * (dimension <= MAX_U16_DIMENSION ? 2 : 4);
  const buffer = shared ? new SharedArrayBuffer(bytes) : new ArrayBuffer(bytes);
  return dimension <= MAX_U16_DIMENSION ? new Uint16Array(buffer) : new Uint32Array(buffer);
}

/** True when one stored value stands for all entries. */
export function isUniform(matrix: CscMatrix | CsrMatrix): boolean {
  return matrix.values.length === 1;
}

/** Value of stored entry p. */
export function entryValue(matrix: CscMatrix | CsrMatrix, p: number): number {
  return matrix.values.length === 1 ? matrix.values[0] : matrix.values[p];
}

export function nnzOf(matrix: CscMatrix | CsrMatrix): number {
  return matrix.format === "csc" ? matrix.rowIdx.length : matrix.colIdx.length;
}
