// A run on a grid that saves its state as it goes, and goes on from one that was saved by any run of the same files. The
// ranks of a group have parts of rows; for a state each of them puts some of the group's rows together, whole.

import { DEAD } from "../engine/task.ts";
import { pieceStart } from "../partition/hashing.ts";
import type { RankState } from "./checkpoint.ts";
import { type CheckpointOptions, clearState, type FoundState, saveState } from "./checkpointer.ts";
import type { GridCut, GridFound } from "./grid/grid-cuts.ts";
import type { GridNumbers } from "./grid-numbers.ts";
import { allgatherValues, bytesOf, type World, wordsOf } from "./world.ts";

export interface GridCheckpointOptions extends Omit<CheckpointOptions, "orderAfter"> {
  readonly world: World;
  /** The ranks of this rank's group. */
  readonly group: World;
  /** Neurons after each layer. */
  readonly widths: readonly number[];
  /** For every output its neuron of the last layer; null where they are the same. */
  readonly outputMap: Uint32Array | null;
}

export class GridCheckpointer {
  /** The state found as the group goes on from it; null where there is none. */
  readonly found: GridFound | null;
  /** The same, with what was over before. */
  readonly state: FoundState | null;
  readonly #options: GridCheckpointOptions;
  readonly #numbers: GridNumbers;
  #generation: number;
  #savedMs = performance.now();
  #hasResumed = false;

  constructor(options: GridCheckpointOptions, numbers: GridNumbers, state: FoundState | null) {
    this.#options = options;
    this.#numbers = numbers;
    this.state = state;
    this.#generation = state?.state.generation ?? 0;
    this.found = state === null ? null : placeState(state, numbers);
  }

  /** Whether the next pass begins with the guests found. Collective, as are the others. */
  async resumes(): Promise<boolean> {
    if (this.found === null) return false;
    const isFirst = !this.#hasResumed;
    this.#hasResumed = true;
    return (await this.isAnyGuestWaiting()) || isFirst;
  }

  /** Whether guests of the state found have not set out yet, in any group. */
  async isAnyGuestWaiting(): Promise<boolean> {
    if (this.found === null) return false;
    const counts = await allgatherValues(this.#options.world, this.found.guests.length);
    return counts.some((count) => count > 0);
  }

  /** Saves the state at a cut, when it is time. */
  async save(cut: GridCut): Promise<void> {
    const { world, seconds } = this.#options;
    const [elapsed] = await allgatherValues(world, (performance.now() - this.#savedMs) / 1000);
    // Guests that have not set out yet are in the state found only.
    if (elapsed < seconds || (await this.isAnyGuestWaiting())) return;
    const state = await this.#collect(cut);
    const width = this.#options.widths[cut.layer - 1];
    await saveState(world, this.#options, { generation: ++this.#generation, layer: cut.layer, width }, state);
    this.#savedMs = performance.now();
  }

  /** Removes the state of a run that has ended well. */
  clear(): Promise<void> {
    return clearState(this.#options.world, this.#options.folder);
  }

  async #collect(cut: GridCut): Promise<RankState> {
    const { layer, list, columns, rows, pending, kept, outputs } = cut;
    const { widths, group, outputMap } = this.#options;
    const numberOf = (row: number): number => this.#numbers.numberOf(row);
    const width = widths[layer - 1];
    const live = await joinParts(group, list, columns, width, (row) => floatsOf(cut.wordsOf(row)));
    const ended = Uint32Array.from(kept?.keys() ?? []);
    const last = widths[widths.length - 1];
    const final = await joinParts(group, ended, outputs, last, (row) => kept?.get(row) ?? new Float32Array());
    const finished = new Map(this.state?.finished);
    for (const [k, row] of final.rows.entries()) {
      const values = final.values.slice(k * last, (k + 1) * last);
      finished.set(numberOf(row), outputMap === null ? values : Float32Array.from(outputMap, (j) => values[j]));
    }
    const joined = Array.from(this.state?.joined ?? []);
    const alive = Array.from(this.state?.alive ?? []);
    // What all ranks of a group know, one of them tells.
    const tells = group.rank === 0;
    if (tells) joined.push(...this.#numbers.joined);
    for (const [row, leader] of rows.leader.entries()) {
      if (!tells || leader === DEAD) continue;
      if (leader !== row) joined.push(numberOf(row), numberOf(leader));
      else if (rows.alive[row] === 1) alive.push(numberOf(row));
    }
    return {
      live: live.rows.map(numberOf),
      weights: live.rows.map((row) => rows.weight[row]),
      values: live.values,
      pending: tells ? pending.map(numberOf) : new Uint32Array(),
      joined: Uint32Array.from(joined),
      alive: Uint32Array.from(alive),
      finished,
    };
  }
}

/** Live rows become guests of the group; which of its own rows wait, their numbers say. */
function placeState({ state, waiting, pending }: FoundState, numbers: GridNumbers): GridFound {
  const local = new Map(Array.from(numbers.all, (number, row) => [number, row]));
  return {
    layer: state.layer,
    guests: waiting.map(({ row, weight, values }) => ({ row: numbers.admit(row), weight, values })),
    pending: Uint32Array.from(Array.from(pending).flatMap((number) => local.get(number) ?? [])),
  };
}

function floatsOf(words: Uint32Array): Float32Array {
  return new Float32Array(words.buffer, words.byteOffset, words.length);
}

/**
 * Every rank of the group gets a share of the rows, whole. @param columns neurons that this rank has, in the order of
 * `valuesOf(row)`; @returns values, rows x width. Collective: all pass the same rows.
 */
async function joinParts(
  group: World,
  rows: Uint32Array,
  columns: Uint32Array,
  width: number,
  valuesOf: (row: number) => Float32Array,
): Promise<{ readonly rows: Uint32Array; readonly values: Float32Array }> {
  const { rank, size } = group;
  const shareOf = (r: number): Uint32Array =>
    rows.subarray(pieceStart(rows.length, r, size), pieceStart(rows.length, r + 1, size));
  const columnsOf = (await group.allgather(bytesOf(columns))).map(wordsOf);
  const parts = Array.from({ length: size }, (_, r) => {
    const share = shareOf(r);
    const part = new Float32Array(share.length * columns.length);
    for (const [k, row] of share.entries()) part.set(valuesOf(row), k * columns.length);
    return bytesOf(part);
  });
  const mine = shareOf(rank);
  const values = new Float32Array(mine.length * width);
  for (const [r, bytes] of (await group.exchange(parts)).entries()) {
    const part = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength >>> 2);
    const numbers = columnsOf[r];
    for (let k = 0; k < mine.length; k++) {
      for (let j = 0; j < numbers.length; j++) values[k * width + numbers[j]] = part[k * numbers.length + j];
    }
  }
  return { rows: mine, values };
}
