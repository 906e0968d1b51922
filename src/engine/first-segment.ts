// The first segment of a run: rows come from the inputs, block by block, and those that are left have slots of the pool.
// Between two blocks the slots of rows that died or were joined become free again. Rows for which there is no room go
// through the segment again while that frees slots; the others wait for another pass through the network.

import type { LaidOutRun } from "./lay-out.ts";
import { type Brake, type RowSharing, type SharedRun, type SharedSegment, shareRounds } from "./sharing.ts";
import type { PlacedInputs } from "./task.ts";

/** Below this share of free slots a block is not worth beginning. */
const MIN_FREE_SHARE = 1 / 8;

export interface FirstSegment {
  /** Sends the rows on the lists through the segment. */
  readonly runTask: (inputs: PlacedInputs) => Promise<void>;
  /** Rows that the segment takes to the last layer are done: their slots may be used by others after this. */
  readonly finish: (() => void) | null;
  readonly brake: Brake;
  readonly sharing: RowSharing | null;
}

export interface FirstOutcome {
  /** Rows that found no room; the lists of the pieces hold those that are left of the others. */
  readonly pending: Uint32Array;
  /** Rows are pending, and none found room. */
  readonly isStuck: boolean;
  /** How often the workers were sent through the segment: rows of two times may be equal. */
  readonly tasks: number;
}

export async function runFirstSegment(
  run: SharedRun,
  waiting: Uint32Array,
  segment: FirstSegment,
): Promise<FirstOutcome> {
  const { feed, pieces, task } = run;
  const { runTask, finish, brake, sharing } = segment;
  const lists = Array.from({ length: pieces.count }, (): number[] => []);
  const pending: Uint32Array[] = [];
  let isFull = false;
  let tasks = 0;
  let done = 0;
  const runRows = async (rows: Uint32Array, inputs: PlacedInputs): Promise<Uint32Array> => {
    pieces.deal(rows);
    await runTask(inputs);
    tasks++;
    const rest = pieces.takePending();
    done += rows.length - rest.length;
    if (finish === null) keepLeft(pieces, lists);
    else finish();
    return rest;
  };
  let left = waiting;
  if (sharing !== null) {
    const inputs = await feed.open(0);
    const rounds: SharedSegment = {
      run,
      layer: 0,
      inputs,
      runRows: (rows) => runRows(rows, inputs),
      brake,
      makeRoom: (rows) => finish === null && makeRoom(pieces, lists, rows),
    };
    left = await shareRounds(rounds, sharing, waiting);
  }
  let toCome = left.length;
  const last = feed.blocks.length - 1;
  for (const [block, { first, end }] of feed.blocks.entries()) {
    let rows = last === 0 ? left : left.filter((row) => row >= first && row < end);
    if (rows.length > 0 && !isFull) {
      const inputs = await feed.open(block);
      do {
        const rest = await runRows(rows, inputs);
        toCome -= rows.length - rest.length;
        if (finish === null) makeRoom(pieces, lists, toCome);
        // Hardly any room now means hardly any for the blocks that follow.
        const free = pieces.freeSlotCount;
        isFull = rest.length === rows.length || (free < toCome && free < task.slots * MIN_FREE_SHARE);
        rows = rest;
      } while (rows.length > 0 && !isFull);
    }
    if (rows.length > 0) pending.push(rows);
  }
  if (finish === null) pieces.setLists(lists);
  return { pending: concatenate(pending), isStuck: pending.length > 0 && done === 0, tasks };
}

/** Adds what is left on the lists of the pieces to `lists`. */
function keepLeft(pieces: LaidOutRun["pieces"], lists: readonly number[][]): void {
  for (const [piece, list] of lists.entries()) for (const row of pieces.rowsOf(piece)) list.push(row);
}

/** Makes the slots free that nobody has any more, unless there are free ones for all rows to come. */
function makeRoom(pieces: LaidOutRun["pieces"], lists: readonly number[][], toCome: number): void {
  const share = Math.ceil(toCome / pieces.count);
  if (lists.every((_list, piece) => pieces.freeSlotsOf(piece) >= share)) return;
  for (const [piece, list] of lists.entries()) pieces.compact(piece, list);
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
