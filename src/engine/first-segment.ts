// The first segment of a run: rows come from the inputs, block by block, and those that are left have slots of the pool.
// Between two blocks the slots of rows that died or were joined become free again. Rows for which there is no room go
// through the segment again while that frees slots; the others wait for another pass through the network.

import type { LaidOutRun } from "./lay-out.ts";
import type { PlacedInputs } from "./task.ts";

/** Below this share of free slots a block is not worth beginning. */
const MIN_FREE_SHARE = 1 / 8;

export interface FirstSegment {
  /** Sends the rows on the lists through the segment. */
  readonly runTask: (inputs: PlacedInputs) => Promise<void>;
  /** Rows that the segment takes to the last layer are done: their slots may be used by others after this. */
  readonly finish: (() => void) | null;
}

export interface FirstOutcome {
  /** Rows that found no room; the lists of the pieces hold those that are left of the others. */
  readonly pending: Uint32Array;
  /** How often the workers were sent through the segment: rows of two times may be equal. */
  readonly tasks: number;
}

export async function runFirstSegment(
  { feed, pieces, task }: LaidOutRun,
  waiting: Uint32Array,
  { runTask, finish }: FirstSegment,
): Promise<FirstOutcome> {
  const lists = Array.from({ length: pieces.count }, (): number[] => []);
  const pending: Uint32Array[] = [];
  let isFull = false;
  let tasks = 0;
  let toCome = waiting.length;
  const last = feed.blocks.length - 1;
  for (const [block, { first, end }] of feed.blocks.entries()) {
    let rows = last === 0 ? waiting : waiting.filter((row) => row >= first && row < end);
    if (rows.length > 0 && !isFull) {
      const inputs = await feed.open(block);
      do {
        pieces.deal(rows);
        await runTask(inputs);
        tasks++;
        const rest = pieces.takePending();
        if (finish === null) keepLeft(pieces, lists, rest.length > 0 || block < last);
        else finish();
        toCome -= rows.length - rest.length;
        // Hardly any room now means hardly any for the blocks that follow.
        const free = pieces.freeSlotCount;
        isFull = rest.length === rows.length || (free < toCome && free < task.slots * MIN_FREE_SHARE);
        rows = rest;
      } while (rows.length > 0 && !isFull);
    }
    if (rows.length > 0) pending.push(rows);
  }
  if (finish === null) pieces.setLists(lists);
  return { pending: concatenate(pending), tasks };
}

/** Adds what is left on the lists to `lists`; where more rows will come, slots are made free for them. */
function keepLeft(pieces: LaidOutRun["pieces"], lists: number[][], moreCome: boolean): void {
  for (const [piece, list] of lists.entries()) {
    for (const row of pieces.rowsOf(piece)) list.push(row);
    if (moreCome) pieces.compact(piece, list);
  }
}

export function concatenate(parts: readonly Uint32Array[]): Uint32Array {
  const whole = new Uint32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let end = 0;
  for (const part of parts) {
    whole.set(part, end);
    end += part.length;
  }
  return whole;
}
