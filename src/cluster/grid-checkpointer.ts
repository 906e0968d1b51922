// A run on a grid that saves its state as it goes, and goes on from one that was saved by any run of the same files. The
// ranks of a group have parts of rows; for a state each of them puts some of the group's rows together, whole.

import { DEAD } from "../engine/task.ts";
import { pieceStart } from "../partition/hashing.ts";
import type { RankState } from "./checkpoint.ts";
import {
  type CheckpointOptions,
  clearState,
  findState,
  type FoundState,
  MAX_CHECKPOINT_LAYERS,
  saveState,
} from "./checkpointer.ts";
import type { GridCut, GridCuts, GridFound } from "./grid/grid-cuts.ts";
import type { GridShape } from "./grid-shape.ts";
import { nextCut } from "./rank-driver.ts";
import { allgatherValues, bytesOf, type World, wordsOf } from "./world.ts";

export interface GridCheckpointOptions extends Omit<CheckpointOptions, "orderAfter"> {
  readonly world: World;
  readonly grid: GridShape;
  /** The ranks of this rank's group. */
  readonly group: World;
  /** Neurons after each layer. */
  readonly widths: readonly number[];
  /** For every output its neuron of the last layer; null where they are the same. */
  readonly outputMap: Uint32Array | null;
  /** Numbers of the group's rows among all. */
  readonly numbers: Uint32Array;
}

/** Looks for a state; its live rows are dealt out to the groups. Collective over all groups. */
export async function openGridCheckpointer(options: GridCheckpointOptions): Promise<GridCheckpointer> {
  const { world, grid } = options;
  const state = await findState(world, options, [Math.floor(world.rank / grid.columns), grid.rowGroups]);
  return new GridCheckpointer(options, state);
}

export class GridCheckpointer implements GridCuts {
  readonly layers: readonly number[];
  readonly found: GridFound | null;
  /** Numbers of the group's rows, then of its guests. */
  readonly numbers: Uint32Array;
  /** What was found, with the live rows of this group. */
  readonly state: FoundState | null;
  readonly #options: GridCheckpointOptions;
  #generation: number;
  #savedMs = performance.now();
  #hasResumed = false;

  constructor(options: GridCheckpointOptions, state: FoundState | null) {
    const { numbers, widths } = options;
    this.#options = options;
    this.state = state;
    this.#generation = state?.state.generation ?? 0;
    this.layers = cutLayers(widths.length);
    if (state === null) {
      this.found = null;
      this.numbers = numbers;
      return;
    }
    const local = new Map(Array.from(numbers, (number, row) => [number, row]));
    this.found = {
      layer: state.state.layer,
      guests: state.waiting.map(({ weight, values }, k) => ({ row: numbers.length + k, weight, values })),
      pending: Uint32Array.from(Array.from(state.pending).flatMap((number) => local.get(number) ?? [])),
    };
    this.numbers = Uint32Array.from([...numbers, ...state.waiting.map(({ row }) => row)]);
  }

  async resumes(): Promise<boolean> {
    if (this.found === null) return false;
    const isFirst = !this.#hasResumed;
    this.#hasResumed = true;
    return (await this.#isAnyGuestWaiting()) || isFirst;
  }

  async goesOn(waiting: number): Promise<boolean> {
    const all = await allgatherValues(this.#options.world, waiting);
    return all.some((count) => count > 0) || (await this.#isAnyGuestWaiting());
  }

  async meet(cut: GridCut): Promise<boolean> {
    const { world, seconds } = this.#options;
    const elapsed = (performance.now() - this.#savedMs) / 1000;
    const all = await allgatherValues(world, { rows: cut.list.length, elapsed });
    if (all.every(({ rows }) => rows === 0)) return true;
    // Guests that have not set out yet are in the state found only.
    if (all[0].elapsed < seconds || (await this.#isAnyGuestWaiting())) return false;
    const state = await this.#collect(cut);
    const width = this.#options.widths[cut.layer - 1];
    await saveState(world, this.#options, { generation: ++this.#generation, layer: cut.layer, width }, state);
    this.#savedMs = performance.now();
    return false;
  }

  /** Removes the state of a run that has ended well. Collective. */
  clear(): Promise<void> {
    return clearState(this.#options.world, this.#options.folder);
  }

  async #isAnyGuestWaiting(): Promise<boolean> {
    if (this.found === null) return false;
    const counts = await allgatherValues(this.#options.world, this.found.guests.length);
    return counts.some((count) => count > 0);
  }

  async #collect(cut: GridCut): Promise<RankState> {
    const { layer, list, columns, rows, pending, kept, outputs } = cut;
    const { widths, group, outputMap } = this.#options;
    const numberOf = (row: number): number => this.numbers[row];
    const width = widths[layer - 1];
    const live = await joinParts(group, list, columns, width, (row) => cut.valuesOf(row));
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

/** The cuts of a run whose ranks split rows alone, so that each goes on from the other's states. */
function cutLayers(layers: number): number[] {
  const cuts: number[] = [];
  let next = 0;
  while ((next = Math.min(nextCut(next, layers, "auto"), next + MAX_CHECKPOINT_LAYERS)) < layers) cuts.push(next);
  return cuts;
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
