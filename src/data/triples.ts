// What the readers of triples share: the bounds that a file must keep, and the blocks in which triples travel.

/** Triples are handed on in blocks of at most this many, small enough for the second-level cache (12 bytes each). */
export const BLOCK_ENTRIES = 8192;

/** Largest row number of inputs whose number of rows is not given: a stray number must not allocate gigabytes. */
export const MAX_INPUT_ROWS: number = 2 ** 28;

export interface TripleLimits {
  /** For messages. */
  readonly path: string;
  /** Largest 1-based row and column number. */
  readonly maxRow: number;
  readonly maxCol: number;
  /** Rows and columns only; every value is 1. */
  readonly pattern: boolean;
}

/** Receives entries 0 .. count-1 of three arrays that are overwritten after it returns. Rows and columns are 0-based. */
export type TripleSink = (rows: Uint32Array, cols: Uint32Array, values: Float32Array, count: number) => void;
