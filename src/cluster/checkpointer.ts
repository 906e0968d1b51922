// A run that saves its state as it goes, and goes on from a state that was saved. Collective throughout: all ranks save
// at the same cut, when enough time has passed on rank 0.

import { basename } from "node:path";
import type { MainRun, PassStart } from "../engine/segments.ts";
import type { NeuronOrder } from "../partition/neuron-order.ts";
import { agree } from "./agree.ts";
import {
  type CheckpointState,
  completeCheckpoint,
  type RankState,
  readCheckpointState,
  readRankState,
  removeCheckpoint,
  writeRankState,
} from "./checkpoint.ts";
import { poolWords } from "./move-rows.ts";
import { type RowRegistry, viewRows } from "./row-registry.ts";
import { allgatherValues, type World } from "./world.ts";

export interface CheckpointOptions {
  readonly folder: string;
  /** Seconds between two sets; 0 saves at every cut. */
  readonly seconds: number;
  /** What the run computes, in words. */
  readonly identity: string;
  /** Where the engine puts the neurons after so many layers; null where they keep their numbers. */
  readonly orderAfter: (layers: number) => NeuronOrder | null;
}

/** Layers between two cuts at most, where a run is cut for its checkpoints. */
export const MAX_CHECKPOINT_LAYERS = 64;

/** What a run computes, in the words by which a state is known again. */
export interface RunFacts {
  readonly model: string;
  readonly input: string;
  readonly layers: number;
  readonly edges: number;
  readonly nrows: number;
  readonly keepsActivations: boolean;
}

export function identityOf({ model, input, layers, edges, nrows, keepsActivations }: RunFacts): string {
  const kept = keepsActivations ? ", activations kept" : "";
  return `${basename(model)} on ${basename(input)}: ${layers} layers, ${edges} weights, ${nrows} rows${kept}`;
}

/** One rank's share of a state that was found. */
export interface FoundState {
  readonly state: CheckpointState;
  /** Live rows without a place yet. */
  readonly waiting: { readonly row: number; readonly weight: number; readonly values: Float32Array }[];
  /** Numbers of rows, of all ranks, that wait before layer 0. */
  readonly pending: Uint32Array;
  /** What is over; at rank 0 alone, so that it is told once. */
  readonly joined: Uint32Array;
  readonly alive: Uint32Array;
  readonly finished: ReadonlyMap<number, Float32Array>;
}

/**
 * Looks for a state and takes a share of its live rows, by default this rank's; null where there is none. Collective.
 * @param share which, of how many
 */
export function findState(
  world: World,
  { folder, identity }: Pick<CheckpointOptions, "folder" | "identity">,
  [share, shares]: readonly [number, number] = [world.rank, world.size],
): Promise<FoundState | null> {
  return agree(world, async () => {
    const state = await readCheckpointState(folder, identity);
    if (state === null) return null;
    const parts: RankState[] = [];
    const waiting: FoundState["waiting"] = [];
    let k = 0;
    for (let rank = 0; rank < state.ranks; rank++) {
      const part = await readRankState(folder, state, rank);
      for (const [i, row] of part.live.entries()) {
        if (k++ % shares !== share) continue;
        const values = part.values.slice(i * state.width, (i + 1) * state.width);
        waiting.push({ row, weight: part.weights[i], values });
      }
      parts.push({ ...part, values: new Float32Array() });
    }
    const isFirst = world.rank === 0;
    const join = (of: (part: RankState) => Uint32Array): Uint32Array =>
      Uint32Array.from(parts.flatMap((part) => Array.from(of(part))));
    return {
      state,
      waiting,
      pending: join((part) => part.pending),
      joined: isFirst ? join((part) => part.joined) : new Uint32Array(),
      alive: isFirst ? join((part) => part.alive) : new Uint32Array(),
      finished: isFirst ? new Map(parts.flatMap((part) => Array.from(part.finished))) : new Map(),
    };
  });
}

/** Makes this the newest state, once every rank has written what it knows. Collective. */
export async function saveState(
  world: World,
  { folder, identity }: Pick<CheckpointOptions, "folder" | "identity">,
  at: Pick<CheckpointState, "generation" | "layer" | "width">,
  state: RankState,
): Promise<void> {
  await agree(world, () => writeRankState(folder, at.generation, world.rank, state));
  await agree(world, async () => {
    if (world.rank === 0) await completeCheckpoint(folder, { identity, ranks: world.size, ...at });
  });
}

/** Removes the state of a run that has ended well. Collective. */
export async function clearState(world: World, folder: string): Promise<void> {
  await agree(world, async () => {
    if (world.rank === 0) await removeCheckpoint(folder);
  });
}

export class Checkpointer {
  readonly #world: World;
  readonly #options: CheckpointOptions;
  readonly #registry: RowRegistry;
  readonly #found: FoundState | null;
  #generation: number;
  #savedMs = performance.now();
  #hasBegun = false;

  constructor(world: World, options: CheckpointOptions, registry: RowRegistry, found: FoundState | null) {
    this.#world = world;
    this.#options = options;
    this.#registry = registry;
    this.#found = found;
    this.#generation = found?.state.generation ?? 0;
    if (found !== null) registry.addHistory(found.joined, found.alive);
  }

  /** Layers of the state that this run goes on from; null for a run from the start. */
  get resumedLayer(): number | null {
    return this.#found?.state.layer ?? null;
  }

  /** Kept activations of rows that had ended when the state was saved, by number. */
  get finished(): ReadonlyMap<number, Float32Array> {
    return this.#found?.finished ?? new Map();
  }

  /** Lists the rows that the state left at its layer, as many as the pool takes; undefined once all have been. Collective. */
  async begin(run: MainRun): Promise<PassStart | undefined> {
    if (this.#found === null) return undefined;
    const { state, waiting, pending } = this.#found;
    const isNeeded = !this.#hasBegun || (await this.isAnyWaiting());
    if (!isNeeded) return undefined;
    const start: PassStart = {
      layer: state.layer,
      pending: this.#hasBegun ? run.pieces.listedRows() : this.#registry.localOf(pending),
    };
    this.#hasBegun = true;
    const order = this.#options.orderAfter(state.layer);
    const now = waiting.splice(0, run.pieces.freeSlotCount);
    const rows = this.#registry.admit(Uint32Array.from(now, ({ row }) => row));
    const slots = run.pieces.takeSlots(now.length);
    const views = viewRows(run);
    for (const [k, { weight, values }] of now.entries()) {
      views.leader[rows[k]] = rows[k];
      views.weight[rows[k]] = weight;
      views.slot[rows[k]] = slots[k];
      const placed = floatsOfSlot(run, slots[k], state.width);
      if (order === null) placed.set(values);
      else for (let j = 0; j < values.length; j++) placed[order[j]] = values[j];
    }
    run.pieces.assign(rows);
    return start;
  }

  /** Whether rows of the state found still wait for a pass of their own, on any rank. Collective. */
  async isAnyWaiting(): Promise<boolean> {
    const counts = await allgatherValues(this.#world, this.#found?.waiting.length ?? 0);
    return counts.some((count) => count > 0);
  }

  /** Saves the state at a cut, when it is time: rows on `list`, all that has ended, all that waits. Collective. */
  async save(run: MainRun, layer: number, width: number, list: Uint32Array): Promise<void> {
    const { seconds, orderAfter } = this.#options;
    const [elapsed] = await allgatherValues(this.#world, (performance.now() - this.#savedMs) / 1000);
    // Rows of a found state that have not had their pass yet are in that state only.
    if (elapsed < seconds || (await this.isAnyWaiting())) return;
    const generation = this.#generation + 1;
    const state = this.#collect(run, width, list, orderAfter(layer));
    await saveState(this.#world, this.#options, { generation, layer, width }, state);
    this.#generation = generation;
    this.#savedMs = performance.now();
  }

  #collect(run: MainRun, width: number, list: Uint32Array, order: NeuronOrder | null): RankState {
    const views = viewRows(run);
    const numberOf = (row: number): number => this.#registry.numberOf(row);
    const values = new Float32Array(list.length * width);
    for (const [k, row] of list.entries()) {
      const placed = floatsOfSlot(run, views.slot[row], width);
      if (order === null) values.set(placed, k * width);
      else for (let j = 0; j < width; j++) values[k * width + j] = placed[order[j]];
    }
    const { joined, alive } = this.#registry.outcomes(views);
    const finished = new Map(this.finished);
    for (const [row, kept] of run.kept ?? []) finished.set(numberOf(row), kept);
    return {
      live: list.map(numberOf),
      weights: list.map((row) => views.weight[row]),
      values,
      pending: Uint32Array.from(run.pending.flatMap((rows) => Array.from(rows, numberOf))),
      joined,
      alive,
      finished,
    };
  }

  /** Removes the state of a run that has ended well. Collective. */
  clear(): Promise<void> {
    return clearState(this.#world, this.#options.folder);
  }
}

function floatsOfSlot(run: MainRun, slot: number, width: number): Float32Array {
  const words = poolWords(run, slot, width);
  return new Float32Array(words.buffer, words.byteOffset, width);
}
