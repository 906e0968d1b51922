// Where the groups of a run meet between layers: to save what is done, and to share rows. Not all runs have cuts.

import type { GridRows } from "./grid-rows.ts";

export interface GridCuts {
  /** After so many layers all groups meet; rising. */
  readonly layers: readonly number[];
  /** What an earlier run left for this group; null for a run from the start. */
  readonly found: GridFound | null;
  /** Rows that may come, those found among them. */
  readonly guestRoom: number;
  /** Whether the next pass begins with the guests. Collective over all groups, as are the others. */
  resumes(): Promise<boolean>;
  /** All groups are there. @returns the rows to go on with; null when no group has any */
  meet(cut: GridCut): Promise<Uint32Array | null>;
  /** Whether there is another pass. @param waiting rows of this group that wait before layer 0 */
  goesOn(waiting: number): Promise<boolean>;
}

export interface GridFound {
  /** Layers that the guests have passed. */
  readonly layer: number;
  /** Each leaves the list when it sets out. */
  readonly guests: Guest[];
  /** Rows of the group that wait before layer 0. */
  readonly pending: Uint32Array;
}

/** A row in the middle of its way, numbered after the group's own rows. */
export interface Guest {
  readonly row: number;
  readonly weight: number;
  /** All neurons of the layer that it has passed. */
  readonly values: Float32Array;
}

/** Final own activations by computed row. */
export type KeptRows = Map<number, Float32Array>;

/** What this rank has of its group's rows at a cut. */
export interface GridCut {
  readonly layer: number;
  readonly rows: GridRows;
  /** Rows still computed, and where the own neurons of one of them lie, whose numbers are `columns`. */
  readonly list: Uint32Array;
  readonly columns: Uint32Array;
  wordsOf(row: number): Uint32Array;
  /** Gives a guest a place; there are `room`. */
  takePlace(row: number): void;
  readonly room: number;
  /** What this rank has done in this pass. */
  readonly work: { readonly seconds: number; readonly rowLayers: number };
  /** Rows that wait before layer 0. */
  readonly pending: Uint32Array;
  /** Of rows that have passed the last layer; null where they are not kept. */
  readonly kept: KeptRows | null;
  /** Numbers of the own neurons of the last layer. */
  readonly outputs: Uint32Array;
}
