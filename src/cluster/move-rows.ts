// Rows on their way from one rank to another between two layers: dense activations with what is known of each row.

import type { SharedRun } from "../engine/sharing.ts";
import { cutGiven, type Move } from "./move-plan.ts";
import { type RowRegistry, viewRows } from "./row-registry.ts";
import { bytesOf, type World, wordsOf } from "./world.ts";

/** Words of a row beside its activations: number, weight, hash. */
const FACTS = 3;

/** Bytes that are sent for a row of `width` activations. */
export function movedRowBytes(width: number): number {
  return (width + FACTS) * 4;
}

/** The activations of a row in the pool: `width` words, a view. */
export function poolWords({ task, memory }: SharedRun, slot: number, width: number): Uint32Array {
  return new Uint32Array(memory.buffer, task.pool + slot * task.slotBytes, width);
}

/**
 * Carries out the moves: what is known of the rows first, then their activations, from the one pool to the other.
 * @param list local numbers of the rows here; a rank sends those at its end. @returns the list afterwards. Collective.
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
  const out = given.map((rows) => placesOf(run, rows, width));
  const facts = await world.exchange(given.map((rows) => packFacts(run, registry, rows)));
  const guests = facts.map((message) => admitRows(run, registry, wordsOf(message)));
  await world.transfer(
    out,
    guests.map((rows) => placesOf(run, rows, width)),
  );
  return Uint32Array.from([kept, ...guests].flatMap((rows) => Array.from(rows)));
}

/** Where the activations of these rows lie in the pool. */
function placesOf(run: SharedRun, rows: Uint32Array, width: number): Uint32Array[] {
  const { slot } = viewRows(run);
  return Array.from(rows, (row) => poolWords(run, slot[row], width));
}

/** What is known of rows that leave. */
function packFacts(run: SharedRun, registry: RowRegistry, rows: Uint32Array): Uint8Array {
  const views = viewRows(run);
  const facts = new Uint32Array(rows.length * FACTS);
  for (const [k, row] of rows.entries()) {
    facts.set([registry.numberOf(row), views.weight[row], views.hash[row]], k * FACTS);
    registry.release(views, row);
  }
  return bytesOf(facts);
}

/** Gives every row that comes its place here; its activations are still to come. */
function admitRows(run: SharedRun, registry: RowRegistry, facts: Uint32Array): Uint32Array {
  const count = facts.length / FACTS;
  const slots = run.pieces.takeSlots(count);
  const rows = registry.admit(Uint32Array.from({ length: count }, (_, k) => facts[k * FACTS]));
  const views = viewRows(run);
  for (const [k, row] of rows.entries()) {
    views.leader[row] = row;
    views.weight[row] = facts[k * FACTS + 1];
    views.hash[row] = facts[k * FACTS + 2];
    views.slot[row] = slots[k];
  }
  return rows;
}
