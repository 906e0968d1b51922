// The rows of one rank by their local numbers: those it began with, and guests from other ranks. Says at the end what
// became of every row, in numbers of the whole input, so that all ranks together can follow each row to its outcome.

import type { MainRun } from "../engine/segments.ts";
import { DEAD, NO_SLOT } from "../engine/task.ts";

/** Views of the tables of a run, made anew where they are used: the memory may have grown. */
export interface RowViews {
  readonly leader: Uint32Array;
  readonly weight: Uint32Array;
  readonly hash: Uint32Array;
  readonly slot: Uint32Array;
  readonly alive: Uint8Array;
}

export function viewRows({ task, memory }: Pick<MainRun, "task" | "memory">): RowViews {
  const { buffer } = memory;
  const { rows, rowCount } = task;
  return {
    leader: new Uint32Array(buffer, rows.leader, rowCount),
    weight: new Uint32Array(buffer, rows.weight, rowCount),
    hash: new Uint32Array(buffer, rows.hash, rowCount),
    slot: new Uint32Array(buffer, rows.slot, rowCount),
    alive: new Uint8Array(buffer, rows.alive, rowCount),
  };
}

/** What became of the rows that were with a rank at some time. */
export interface RowOutcomes {
  /** Pairs of row numbers: the first equals the second from some layer on. */
  readonly joined: Uint32Array;
  /** Rows that ended here, not all zero. */
  readonly alive: Uint32Array;
}

export class RowRegistry {
  /** Number among all rows, by local number. */
  readonly #numbers: Uint32Array;
  readonly #own: number;
  #used: number;
  readonly #joined: number[] = [];
  #alive: Uint32Array = new Uint32Array();

  /** @param numbers of the rows that the rank begins with; @param extraRows room for guests. */
  constructor(numbers: Uint32Array, extraRows: number) {
    this.#numbers = new Uint32Array(numbers.length + extraRows);
    this.#numbers.set(numbers);
    this.#own = this.#used = numbers.length;
  }

  /** Guests that could still come. */
  get room(): number {
    return this.#numbers.length - this.#used;
  }

  numberOf(local: number): number {
    return this.#numbers[local];
  }

  /** Local numbers for rows that come in. */
  admit(numbers: Uint32Array): Uint32Array {
    const first = this.#used;
    this.#numbers.set(numbers, first);
    this.#used += numbers.length;
    return Uint32Array.from(numbers, (_, k) => first + k);
  }

  /** What an earlier run found out: pairs of equal rows, and rows that ended not all zero. */
  addHistory(joined: Uint32Array, alive: Uint32Array): void {
    for (const row of joined) this.#joined.push(row);
    this.#alive = alive;
  }

  /** Local numbers of those rows that this rank began with. */
  localOf(numbers: Uint32Array): Uint32Array {
    const local = new Map(Array.from(this.#numbers.subarray(0, this.#own), (number, row) => [number, row]));
    return Uint32Array.from(numbers, (number) => local.get(number) ?? -1).filter((row) => row < this.#own);
  }

  /** A row has left: it is computed elsewhere. */
  release(views: RowViews, local: number): void {
    views.slot[local] = NO_SLOT;
  }

  /** A row has left: it equals row `leader` (its number among all), which is computed elsewhere. */
  join(views: RowViews, local: number, leader: number): void {
    this.#joined.push(this.#numbers[local], leader);
    this.release(views, local);
  }

  outcomes(views: RowViews): RowOutcomes {
    const { leader, alive } = views;
    const joined = [...this.#joined];
    const ended = Array.from(this.#alive);
    for (let row = 0; row < this.#used; row++) {
      let top = row;
      while (leader[top] !== DEAD && leader[top] !== top) top = leader[top];
      if (leader[top] === DEAD) continue;
      if (top !== row) joined.push(this.#numbers[row], this.#numbers[top]);
      else if (alive[row] === 1) ended.push(this.#numbers[row]);
    }
    return { joined: Uint32Array.from(joined), alive: Uint32Array.from(ended) };
  }
}

/** Follows every row of all to the row that was computed in its place. @returns for each its end, and which ends live */
export function resolveRows(
  nrows: number,
  outcomes: readonly RowOutcomes[],
): { readonly end: Uint32Array; readonly isAlive: Uint8Array } {
  const end = Uint32Array.from({ length: nrows }, (_, row) => row);
  const isAlive = new Uint8Array(nrows);
  for (const { joined, alive } of outcomes) {
    for (let k = 0; k < joined.length; k += 2) end[joined[k]] = joined[k + 1];
    for (const row of alive) isAlive[row] = 1;
  }
  for (let row = 0; row < nrows; row++) {
    let top = row;
    while (end[top] !== top) top = end[top];
    for (let at = row; end[at] !== top; ) {
      const next = end[at];
      end[at] = top;
      at = next;
    }
  }
  return { end, isAlive };
}
