// Where the workers find the input rows of a run: all in memory, or block after block.

import type { PlacedInputs } from "./task.ts";

/** Rows first .. end-1 (input numbers). */
export interface RowBlock {
  readonly first: number;
  readonly end: number;
}

export interface InputFeed {
  /** All rows, in rising order. */
  readonly blocks: readonly RowBlock[];
  /** Brings the rows of a block into memory, where they stay until the next block is asked for. @throws what reading throws */
  open(block: number): PlacedInputs | Promise<PlacedInputs>;
}

/** All rows in memory. */
export function wholeFeed(inputs: PlacedInputs): InputFeed {
  return { blocks: [{ first: 0, end: inputs.nrows }], open: () => inputs };
}
