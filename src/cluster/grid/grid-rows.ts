// What became of each input row of the group. Every rank keeps the same tables and changes them alike, since it sees the
// same masks and the same comparisons; only the places in the pool hold its own neurons.

import { DEAD } from "../../engine/task.ts";

export const NO_PLACE = -1;

export interface GridRows {
  /** The row itself, the row that it equals, or DEAD. */
  readonly leader: Uint32Array;
  /** Input rows that it stands for. */
  readonly weight: Uint32Array;
  /** Of the own neurons, where the row was stored last. */
  readonly hash: Uint32Array;
  /** Place in the pool, or NO_PLACE. */
  readonly place: Int32Array;
  /** 1 when the final activations are not all zero. */
  readonly alive: Uint8Array;
}

/** Tables in which every row stands for itself. @param lengths entries of each; where `drops`, rows without any are left out. */
export function makeGridRows(lengths: Uint32Array, drops: boolean): GridRows {
  const nrows = lengths.length;
  const isDropped = (row: number): boolean => drops && lengths[row] === 0;
  return {
    leader: Uint32Array.from({ length: nrows }, (_, row) => (isDropped(row) ? DEAD : row)),
    weight: Uint32Array.from({ length: nrows }, (_, row) => (isDropped(row) ? 0 : 1)),
    hash: new Uint32Array(nrows),
    place: new Int32Array(nrows).fill(NO_PLACE),
    alive: new Uint8Array(nrows),
  };
}

/** Those of the list that are still computed. */
export function shortenRows({ leader }: GridRows, list: Uint32Array): Uint32Array {
  return list.filter((row) => leader[row] === row);
}

/** For every row the row that was computed to the end in its place, or DEAD. */
export function resolveLeaders({ leader }: GridRows): Uint32Array {
  const resolved = leader.slice();
  for (let row = 0; row < resolved.length; row++) {
    let top = row;
    while (resolved[top] !== DEAD && resolved[top] !== top) top = resolved[top];
    const end = resolved[top];
    for (let at = row; resolved[at] !== end && at !== top; ) {
      const next = resolved[at];
      resolved[at] = end;
      at = next;
    }
  }
  return resolved;
}
