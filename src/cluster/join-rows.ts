// Equal rows on different ranks: found by hash, sent to the lowest rank that has one like it, compared there in full, and
// joined under that one.

import type { MainRun } from "../engine/segments.ts";
import { poolWords } from "./move-rows.ts";
import { type RowRegistry, viewRows } from "./row-registry.ts";
import { bytesOf, type World, wordsOf } from "./world.ts";

/** Words of a candidate beside its activations: position on the keeper's list, weight. */
const FACTS = 2;

/** @param list local numbers of the rows here. @returns the list without the rows that were joined elsewhere. Collective. */
export async function joinAcrossRanks(
  world: World,
  run: MainRun,
  registry: RowRegistry,
  list: Uint32Array,
  width: number,
): Promise<Uint32Array> {
  const views = viewRows(run);
  const hashes = (await world.allgather(bytesOf(Uint32Array.from(list, (row) => views.hash[row])))).map(wordsOf);
  const candidates = findCandidates(hashes, world.rank);
  const messages = candidates.map((pairs) => {
    const message = new Uint32Array(pairs.length * (width + FACTS));
    for (const [k, { mine, theirs }] of pairs.entries()) {
      const row = list[mine];
      message.set([theirs, views.weight[row]], k * (width + FACTS));
      message.set(poolWords(run, views.slot[row], width), k * (width + FACTS) + FACTS);
    }
    return bytesOf(message);
  });
  const asked = await world.exchange(messages);
  const answers = await world.exchange(
    asked.map((message) => bytesOf(answer(run, registry, list, wordsOf(message), width))),
  );
  const joined = new Set<number>();
  for (const [rank, pairs] of candidates.entries()) {
    const leaders = wordsOf(answers[rank]);
    for (const [k, { mine }] of pairs.entries()) {
      if (leaders[k] === 0) continue;
      registry.join(views, list[mine], leaders[k] - 1);
      joined.add(mine);
    }
  }
  return joined.size === 0 ? list : list.filter((_, k) => !joined.has(k));
}

export interface Pair {
  /** Positions on the lists of this rank and of the other. */
  readonly mine: number;
  readonly theirs: number;
}

/** @param hashes of every rank's rows; @returns for every rank the rows of rank `rank` whose hash it has too, being the lowest rank that has it. */
export function findCandidates(hashes: readonly Uint32Array[], rank: number): Pair[][] {
  const candidates: Pair[][] = hashes.map(() => []);
  const first = new Map<number, { readonly rank: number; readonly at: number }>();
  for (let r = 0; r < rank; r++) {
    for (const [at, hash] of hashes[r].entries()) if (!first.has(hash)) first.set(hash, { rank: r, at });
  }
  for (const [mine, hash] of hashes[rank].entries()) {
    const found = first.get(hash);
    if (found !== undefined) candidates[found.rank].push({ mine, theirs: found.at });
  }
  return candidates;
}

/** For each candidate the number of the row here that it equals, plus 1; 0 where it does not. */
function answer(
  run: MainRun,
  registry: RowRegistry,
  list: Uint32Array,
  message: Uint32Array,
  width: number,
): Uint32Array {
  const views = viewRows(run);
  const count = message.length / (width + FACTS);
  return Uint32Array.from({ length: count }, (_, k) => {
    const at = k * (width + FACTS);
    const row = list[message[at]];
    const own = poolWords(run, views.slot[row], width);
    for (let i = 0; i < width; i++) if (own[i] !== message[at + FACTS + i]) return 0;
    views.weight[row] += message[at + 1];
    return registry.numberOf(row) + 1;
  });
}
