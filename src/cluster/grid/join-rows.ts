// Equal rows between stages. Every rank has hashed its own neurons; the sums of the hashes propose pairs, every rank
// compares its own neurons of each pair in full, and a pair is joined when all ranks agree.

import type { Kernels } from "../../kernels/kernels.ts";
import type { GroupLink } from "./group-link.ts";
import type { GridRows } from "./grid-rows.ts";

export interface PoolPlace {
  readonly address: number;
  readonly rowBytes: number;
}

/** Joins equal rows of the list, `width` own neurons each. Collective: all ranks pass the same list. */
export async function joinEqualRows(
  link: GroupLink,
  kernels: Kernels,
  rows: GridRows,
  list: Uint32Array,
  pool: PoolPlace,
  width: number,
): Promise<void> {
  if (list.length < 2) return;
  const hashes = Uint32Array.from(list, (row) => rows.hash[row]);
  await link.wait(link.comm.start.allreduce(hashes, "sum"));
  const seen = new Map<number, number>();
  const pairs: [first: number, later: number][] = [];
  for (let k = 0; k < list.length; k++) {
    const first = seen.get(hashes[k]);
    if (first === undefined) seen.set(hashes[k], list[k]);
    else pairs.push([first, list[k]]);
  }
  if (pairs.length === 0) return;
  const at = (row: number): number => pool.address + rows.place[row] * pool.rowBytes;
  const same = Uint8Array.from(pairs, ([a, b]) => kernels.rowsEqual(at(a), at(b), width * 4));
  await link.wait(link.comm.start.allreduce(same, "bit-and"));
  for (const [k, [first, later]] of pairs.entries()) {
    if (same[k] === 0) continue;
    rows.leader[later] = first;
    rows.weight[first] += rows.weight[later];
  }
}
