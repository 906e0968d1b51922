// Where the groups of a run meet between layers, to save what is done. A run that saves nothing has no cuts.

import type { GridRows } from "./grid-rows.ts";

export interface GridCuts {
  /** After so many layers all groups meet; rising. */
  readonly layers: readonly number[];
  /** What an earlier run left for this group; null for a run from the start. */
  readonly found: GridFound | null;
  /** Whether the next pass begins with the guests. Collective over all groups, as are the others. */
  resumes(): Promise<boolean>;
  /** All groups are there. @returns whether no group has rows left */
  meet(cut: GridCut): Promise<boolean>;
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
  /** Rows still computed, and the own neurons of one of them, whose numbers are `columns`. */
  readonly list: Uint32Array;
  readonly columns: Uint32Array;
  valuesOf(row: number): Float32Array;
  /** Rows that wait before layer 0. */
  readonly pending: Uint32Array;
  /** Of rows that have passed the last layer; null where they are not kept. */
  readonly kept: KeptRows | null;
  /** Numbers of the own neurons of the last layer. */
  readonly outputs: Uint32Array;
}
