// Rows between the groups of a grid. A rank has the same neurons as the ranks of its place in the other groups, so rows go
// from group to group by columns: each rank sends its part to the rank of its own place. All ranks decide alike, from
// figures that their whole group shares.

import type { Communicator } from "../mpi/communicator.ts";
import type { RowMode } from "../engine/options.ts";
import type { GridCut } from "./grid/grid-cuts.ts";
import { NO_PLACE } from "./grid/grid-rows.ts";
import type { GridNumbers } from "./grid-numbers.ts";
import { findCandidates } from "./join-rows.ts";
import { measureLink } from "./link.ts";
import { countMoved, cutGiven, decideMoves, type Link, type Move } from "./move-plan.ts";
import { openMpiWorld } from "./mpi-world.ts";
import { movedRowBytes } from "./move-rows.ts";
import type { CutRecord, RedealMode } from "./rank-driver.ts";
import { allgatherValues, bytesOf, type Traffic, trafficSince, type World, wordsOf } from "./world.ts";

export interface GridBalanceOptions {
  readonly world: World;
  /** The ranks of this rank's group. */
  readonly group: World;
  /** The ranks of this rank's place, one a group. */
  readonly across: World;
  readonly redeal: RedealMode;
  readonly rows: RowMode;
  /** Neurons after each layer. */
  readonly widths: readonly number[];
  readonly numbers: GridNumbers;
}

/** Words of a row beside its part: number, weight, hash of the part. */
const FACTS = 3;

export class GridBalance {
  readonly cuts: CutRecord[] = [];
  /** Of this rank at every cut: within its group, and with the other groups. */
  readonly traffic: (Traffic & { readonly layer: number })[] = [];
  readonly #options: GridBalanceOptions;
  readonly #link: Link;
  /** Rows of all groups, and the layer, at the cut before. */
  #before: { readonly rows: number; readonly layer: number } | null = null;

  constructor(options: GridBalanceOptions, link: Link) {
    this.#options = options;
    this.#link = link;
  }

  /** Joins equal rows of all groups and deals rows anew where that is worth it. @returns the list afterwards. Collective. */
  async meet(cut: GridCut): Promise<Uint32Array> {
    const { group, across } = this.#options;
    const worlds = [group, across].map((world) => ({ world, before: { ...world.traffic } }));
    const list = await this.#share(cut);
    for (const { world, before } of worlds) {
      this.traffic.push({ layer: cut.layer, ...trafficSince(before, world.traffic) });
    }
    return list;
  }

  async #share(cut: GridCut): Promise<Uint32Array> {
    const { group, across, redeal, rows, widths, numbers } = this.#options;
    const { layer } = cut;
    const before = cut.list.length;
    const list = rows === "distinct" ? await joinAcrossGroups(this.#options, cut) : cut.list;
    const work = await allgatherValues(group, cut.work);
    const secondsPerRow = work.some(({ rowLayers }) => rowLayers === 0)
      ? null
      : Math.max(...work.map(({ seconds, rowLayers }) => seconds / rowLayers));
    const state = { rows: list.length, secondsPerRow, room: Math.min(cut.room, numbers.room) };
    const all = await allgatherValues(across, { state, before });
    const states = all.map((one) => one.state);
    const total = states.reduce((sum, one) => sum + one.rows, 0);
    const last = this.#before;
    const survival = last === null || last.layer >= layer ? 1 : (total / last.rows) ** (1 / (layer - last.layer));
    this.#before = total === 0 ? null : { rows: total, layer };
    const bytesPerRow = movedRowBytes(Math.ceil(widths[layer - 1] / group.size));
    const outlook = {
      layersLeft: widths.length - layer,
      survival: Math.min(1, survival),
      bytesPerRow,
      link: this.#link,
    };
    const { moves, worth } = decideMoves(states, redeal === "always", outlook);
    const rowsBefore = all.map((one) => one.before);
    this.cuts.push({
      layer,
      rows: rowsBefore,
      joined: rowsBefore.reduce((sum, count) => sum + count, 0) - total,
      moved: countMoved(moves),
      worth,
    });
    return moves.length > 0 ? await moveBetweenGroups(this.#options, cut, list, moves) : list;
  }
}

/** @param comm of the ranks of this rank's place. Collective over all groups. */
export async function openGridBalance(
  comm: Communicator,
  options: Omit<GridBalanceOptions, "across">,
  signal: AbortSignal,
): Promise<GridBalance> {
  const { world } = options;
  const across = await openMpiWorld(comm, world.hosts[world.rank], { signal });
  // All ranks must go by the same figures.
  const links = await allgatherValues(world, await measureLink(across));
  return new GridBalance(
    { ...options, across },
    {
      secondsPerMessage: Math.max(...links.map((link) => link.secondsPerMessage)),
      secondsPerByte: Math.max(...links.map((link) => link.secondsPerByte)),
    },
  );
}

/** As joinAcrossRanks, by parts of rows: what a group answers, all its ranks have found. @returns the rows that stay */
async function joinAcrossGroups({ group, across, numbers }: GridBalanceOptions, cut: GridCut): Promise<Uint32Array> {
  const { list, rows } = cut;
  const width = cut.columns.length;
  const step = width + 2;
  const sums = new Uint32Array(list.length);
  for (const bytes of await group.allgather(bytesOf(Uint32Array.from(list, (row) => rows.hash[row])))) {
    for (const [k, hash] of wordsOf(bytes).entries()) sums[k] += hash;
  }
  const candidates = findCandidates((await across.allgather(bytesOf(sums))).map(wordsOf), across.rank);
  const messages = candidates.map((pairs) => {
    const message = new Uint32Array(pairs.length * step);
    for (const [k, { mine, theirs }] of pairs.entries()) {
      message.set([theirs, rows.weight[list[mine]]], k * step);
      message.set(cut.wordsOf(list[mine]), k * step + 2);
    }
    return bytesOf(message);
  });
  const asked = (await across.exchange(messages)).map(wordsOf);
  const found = asked.map((message) =>
    Uint8Array.from({ length: message.length / step }, (_, k) => {
      const own = cut.wordsOf(list[message[k * step]]);
      for (let i = 0; i < width; i++) if (own[i] !== message[k * step + 2 + i]) return 0;
      return 1;
    }),
  );
  const byRank = await allgatherValues(group, found);
  const answers = asked.map((message, g) => {
    const answer = new Uint32Array(found[g].length);
    for (let k = 0; k < answer.length; k++) {
      if (byRank.some((flags) => flags[g][k] === 0)) continue;
      const row = list[message[k * step]];
      rows.weight[row] += message[k * step + 1];
      answer[k] = numbers.numberOf(row) + 1;
    }
    return bytesOf(answer);
  });
  const joined = new Set<number>();
  for (const [g, bytes] of (await across.exchange(answers)).entries()) {
    const leaders = wordsOf(bytes);
    for (const [k, { mine }] of candidates[g].entries()) {
      if (leaders[k] === 0) continue;
      numbers.join(list[mine], leaders[k] - 1);
      rows.place[list[mine]] = NO_PLACE;
      joined.add(mine);
    }
  }
  return joined.size === 0 ? list : list.filter((_, k) => !joined.has(k));
}

/** As moveRows, by parts of rows. @returns the list afterwards */
async function moveBetweenGroups(
  { across, numbers }: GridBalanceOptions,
  cut: GridCut,
  list: Uint32Array,
  moves: readonly Move[],
): Promise<Uint32Array> {
  const { rows } = cut;
  const { kept, given } = cutGiven(list, moves, across.rank, across.size);
  const out = given.map((some) => Array.from(some, (row) => cut.wordsOf(row)));
  const facts = given.map((some) => {
    const words = new Uint32Array(some.length * FACTS);
    for (const [k, row] of some.entries()) {
      words.set([numbers.numberOf(row), rows.weight[row], rows.hash[row]], k * FACTS);
      rows.place[row] = NO_PLACE;
    }
    return bytesOf(words);
  });
  const guests = (await across.exchange(facts)).map((bytes) => {
    const words = wordsOf(bytes);
    return Uint32Array.from({ length: words.length / FACTS }, (_, k) => {
      const row = numbers.admit(words[k * FACTS]);
      rows.weight[row] = words[k * FACTS + 1];
      rows.hash[row] = words[k * FACTS + 2];
      cut.takePlace(row);
      return row;
    });
  });
  await across.transfer(
    out,
    guests.map((some) => Array.from(some, (row) => cut.wordsOf(row))),
  );
  return Uint32Array.from([kept, ...guests].flatMap((some) => Array.from(some)));
}
