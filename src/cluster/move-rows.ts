// Rows on their way from one rank to another between two layers: dense activations with what is known of each row.

import type { SharedRun } from "../engine/sharing.ts";
import { cutGiven, type Move } from "./move-plan.ts";
import { type RowRegistry, viewRows } from "./row-registry.ts";
import { bytesOf, type World } from "./world.ts";

/** Words of a row beside its activations: number, weight, hash. */
const FACTS = 3;

/** Bytes that a row of `width` activations takes in a message. */
export function movedRowBytes(width: number): number {
  return (width + FACTS) * 4;
}

/** The activations of a row in the pool: `width` words, a view. */
export function poolWords({ task, memory }: SharedRun, slot: number, width: number): Uint32Array {
  return new Uint32Array(memory.buffer, task.pool + slot * task.slotBytes, width);
}

/**
 * Carries out the moves. @param list local numbers of the rows here; a rank sends those at its end.
 * @returns the list afterwards. Collective.
 */
export async function moveRows(
  world: World,
  run: SharedRun,
  registry: RowRegistry,
  moves: readonly Move[],
  list: Uint32Array,
  width: number,
): Promise<Uint32Array> {
  const { kept, given } = cutGiven(list, moves, world.rank, world.size);
  const received = await world.exchange(given.map((rows) => packMoved(run, registry, rows, width)));
  const guests = received.map((message) => admitRows(run, registry, message, width));
  return Uint32Array.from([kept, ...guests].flatMap((rows) => Array.from(rows)));
}

function packMoved(run: SharedRun, registry: RowRegistry, rows: Uint32Array, width: number): Uint8Array {
  const views = viewRows(run);
  const message = new Uint32Array(rows.length * (width + FACTS));
  for (const [k, row] of rows.entries()) {
    const at = k * (width + FACTS);
    message.set([registry.numberOf(row), views.weight[row], views.hash[row]], at);
    message.set(poolWords(run, views.slot[row], width), at + FACTS);
    registry.release(views, row);
  }
  return bytesOf(message);
}

/** Gives every row of a message its place here. */
export function admitRows(run: SharedRun, registry: RowRegistry, message: Uint8Array, width: number): Uint32Array {
  const words = new Uint32Array(message.buffer, message.byteOffset, message.byteLength >>> 2);
  const count = words.length / (width + FACTS);
  const numbers = Uint32Array.from({ length: count }, (_, k) => words[k * (width + FACTS)]);
  const slots = run.pieces.takeSlots(count);
  const rows = registry.admit(numbers);
  const views = viewRows(run);
  for (const [k, row] of rows.entries()) {
    const at = k * (width + FACTS);
    views.leader[row] = row;
    views.weight[row] = words[at + 1];
    views.hash[row] = words[at + 2];
    views.slot[row] = slots[k];
    poolWords(run, slots[k], width).set(words.subarray(at + FACTS, at + FACTS + width));
  }
  return rows;
}
