// What the values of a matrix or of biases are, for descriptions: how many different ones, which, from where to where.

/** Distinct values are counted up to this many. */
const MAX_DISTINCT = 1024;
/** So many of them are listed. */
const MAX_LISTED = 8;

export interface ValueFacts {
  /** Number of distinct values, or null when there are more than 1024. */
  readonly distinct: number | null;
  /** The first few distinct values, in order of appearance. */
  readonly examples: readonly number[];
  readonly min: number;
  readonly max: number;
}

export interface MatrixFacts {
  readonly nrows: number;
  readonly ncols: number;
  readonly nnz: number;
  /** Null without entries. */
  readonly values: ValueFacts | null;
}

export function factsOf(nrows: number, ncols: number, nnz: number, values: Float32Array): MatrixFacts {
  return { nrows, ncols, nnz, values: nnz === 0 ? null : valueFacts(values) };
}

export function valueFacts(values: Float32Array): ValueFacts {
  const counter = makeValueCounter();
  counter.add(values);
  return counter.finish();
}

export interface ValueCounter {
  add(values: Float32Array): void;
  finish(): ValueFacts;
}

export function makeValueCounter(): ValueCounter {
  const seen = new Set<number>();
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  return {
    add(values) {
      for (const value of values) {
        if (seen.size <= MAX_DISTINCT) seen.add(value);
        if (value < min) min = value;
        if (value > max) max = value;
      }
    },
    finish() {
      const distinct = seen.size > MAX_DISTINCT ? null : seen.size;
      return { distinct, examples: Array.from(seen).slice(0, MAX_LISTED), min, max };
    },
  };
}
