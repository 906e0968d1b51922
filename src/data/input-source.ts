// Inputs that are read by ranges of rows, so that inputs larger than memory can be gone through, and so that every rank
// or worker reads only its own. open-input-source.ts opens them from files of any kind.

import type { CsrMatrix, IndexArray } from "../sparse/matrix.ts";

export interface InputSource extends AsyncDisposable {
  readonly path: string;
  /** `ranges`: rows are read from the file when they are asked for. `whole`: all are held, since the file has to be parsed. */
  readonly access: "ranges" | "whole";
  readonly nrows: number;
  readonly ncols: number;
  readonly nnz: number;
  /** The value of every entry where one stands for all, otherwise null. */
  readonly value: number | null;
  /** nrows + 1 offsets: row i has entries rowPtr[i] .. rowPtr[i+1]-1. Not to be written. */
  readonly rowPtr: Uint32Array;
  /**
   * Rows `first` .. `last` - 1 (0-based) as a matrix of their own. May be called for several ranges at once.
   * The arrays may be views of what the source holds. @throws FormatError, RangeError, ResourceError
   */
  readRows(first: number, last: number): Promise<CsrMatrix>;
  /**
   * Where the file holds the entries as they are needed: fills arrays with those of the rows, unchecked. Indices are u16 up
   * to 65536 columns, else u32; `values` has one an entry, or is null where `value` is not.
   */
  readonly readEntriesInto?: (
    first: number,
    last: number,
    colIdx: IndexArray,
    values: Float32Array | null,
  ) => Promise<void>;
  close(): Promise<void>;
}

/** @throws RangeError for rows that the source does not have: a mistake of the caller. */
export function checkRowRange(first: number, last: number, nrows: number): void {
  if (Number.isInteger(first) && Number.isInteger(last) && first >= 0 && first <= last && last <= nrows) return;
  throw new RangeError(`rows ${first} to ${last}, expected a rising range within 0 to ${nrows}`);
}

/** The first row after `first` at which more than `most` entries would have come; at least one row further, if there is one. */
export function rowAfter(
  { rowPtr, nrows }: Pick<InputSource, "rowPtr" | "nrows">,
  first: number,
  most: number,
): number {
  let low = Math.min(first + 1, nrows);
  let high = nrows;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (rowPtr[middle]! - rowPtr[first]! <= most) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** All rows in order, in pieces of at most `most` entries (or one row). */
export async function* eachRows(source: InputSource, most: number): AsyncGenerator<{ first: number; rows: CsrMatrix }> {
  for (let first = 0; first < source.nrows; ) {
    const last = rowAfter(source, first, most);
    yield { first, rows: await source.readRows(first, last) };
    first = last;
  }
}

/** A matrix that is held, as a source: its rows are views. */
export function sourceOfMatrix(path: string, matrix: CsrMatrix): InputSource {
  const { nrows, ncols, rowPtr, colIdx, values } = matrix;
  return {
    path,
    access: "whole",
    nrows,
    ncols,
    nnz: colIdx.length,
    value: values.length === 1 ? values[0]! : null,
    rowPtr,
    async readRows(first, last) {
      checkRowRange(first, last, nrows);
      const begin = rowPtr[first]!;
      const end = rowPtr[last]!;
      return {
        format: "csr",
        nrows: last - first,
        ncols,
        rowPtr: rowPtr.slice(first, last + 1).map((p) => p - begin),
        colIdx: colIdx.subarray(begin, end),
        values: values.length === 1 ? values : values.subarray(begin, end),
      };
    },
    close: async () => {},
    [Symbol.asyncDispose]: async () => {},
  };
}

/** The source with empty rows after its own, up to `nrows`. */
export function withEmptyRows(source: InputSource, nrows: number): InputSource {
  const own = source.nrows;
  if (nrows === own) return source;
  const { readEntriesInto } = source;
  const rowPtr = new Uint32Array(nrows + 1).fill(source.nnz);
  rowPtr.set(source.rowPtr);
  return {
    ...source,
    nrows,
    rowPtr,
    async readRows(first, last) {
      checkRowRange(first, last, nrows);
      const rows = await source.readRows(Math.min(first, own), Math.min(last, own));
      const longer = new Uint32Array(last - first + 1).fill(rows.colIdx.length);
      longer.set(rows.rowPtr);
      return { ...rows, nrows: last - first, rowPtr: longer };
    },
    ...(readEntriesInto === undefined
      ? {}
      : {
          readEntriesInto: (first, last, colIdx, values) =>
            readEntriesInto(Math.min(first, own), Math.min(last, own), colIdx, values),
        }),
  };
}
