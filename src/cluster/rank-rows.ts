// Which rows belong to which rank. The rows are renumbered by hashing (or not), then cut into one contiguous piece a rank;
// a rank's rows keep the order of the renumbering.

import { type HashOptions, hashOrder, invertOrder, pieceStart } from "../partition/hashing.ts";

export interface RowDeal {
  /** Rank of every row. */
  readonly owner: Uint32Array;
  /** The rows of a rank, in its order. */
  rowsOf(rank: number): Uint32Array;
}

/** @param counts entries of every row; @param hash null leaves the rows in the order of the file. */
export function dealRows(counts: Uint32Array, ranks: number, hash: Omit<HashOptions, "pieces"> | null): RowDeal {
  const nrows = counts.length;
  const rowAt = hash === null ? null : invertOrder(hashOrder(counts, { ...hash, pieces: ranks }));
  const owner = new Uint32Array(nrows);
  const rowsOf = (rank: number): Uint32Array => {
    const first = pieceStart(nrows, rank, ranks);
    const end = pieceStart(nrows, rank + 1, ranks);
    return rowAt === null ? Uint32Array.from({ length: end - first }, (_, k) => first + k) : rowAt.slice(first, end);
  };
  for (let rank = 0; rank < ranks; rank++) for (const row of rowsOf(rank)) owner[row] = rank;
  return { owner, rowsOf };
}
