// Equal rows. Every rank has hashed what it has of each row; the sums of the hashes propose pairs, every rank compares its
// part of each pair in full, and a pair is joined when all ranks agree.

import type { GroupLink } from "./group-link.ts";
import type { GridRows } from "./grid-rows.ts";

/** This rank's parts of the rows. */
export interface RowParts {
  hashOf(row: number): number;
  isSame(a: number, b: number): boolean;
}

/** Joins equal rows of the list. Collective: all ranks pass the same list. */
export async function joinEqualRows(
  link: GroupLink,
  rows: GridRows,
  list: Uint32Array,
  parts: RowParts,
): Promise<void> {
  if (list.length < 2) return;
  const hashes = Uint32Array.from(list, (row) => parts.hashOf(row));
  await link.wait(link.comm.start.allreduce(hashes, "sum"));
  const seen = new Map<number, number>();
  const pairs: [first: number, later: number][] = [];
  for (let k = 0; k < list.length; k++) {
    const first = seen.get(hashes[k]);
    if (first === undefined) seen.set(hashes[k], list[k]);
    else pairs.push([first, list[k]]);
  }
  if (pairs.length === 0) return;
  const same = Uint8Array.from(pairs, ([a, b]) => (parts.isSame(a, b) ? 1 : 0));
  await link.wait(link.comm.start.allreduce(same, "bit-and"));
  for (const [k, [first, later]] of pairs.entries()) {
    if (same[k] === 0) continue;
    rows.leader[later] = first;
    rows.weight[first] += rows.weight[later];
  }
}
