// A segment whose rows are shared with others while the workers are at them. It is cut short whenever one of the others
// has no rows left; the rows that nobody has begun with then are dealt anew, and the workers set out again.

import type { LaidOutRun } from "./lay-out.ts";
import type { PlacedInputs } from "./task.ts";

/** Who gives rows to others, and takes theirs. */
export interface RowSharing {
  /** The workers set out with so many rows; until the watch ends `stop` may be called: they begin with no further rows then. */
  watch(rows: number, stop: () => void): Disposable;
  /**
   * The workers are back. @returns the rows to set out with again, those that came from elsewhere among them; null to go
   * on with those that are left and share no more.
   */
  share(left: LeftRows): Promise<Uint32Array | null>;
}

/** Rows that nobody has begun with. */
export interface LeftRows {
  readonly run: SharedRun;
  readonly rows: Uint32Array;
  /** The layer before which they wait. */
  readonly layer: number;
  /** Where they are: in the inputs, or (null) in the pool. */
  readonly inputs: PlacedInputs | null;
}

export interface SharedRun extends LaidOutRun {
  readonly memory: WebAssembly.Memory;
}

/** While it is on, workers in the first stage of a segment begin with no further rows. */
export interface Brake {
  on(): void;
  off(): void;
}

export interface SharedSegment {
  readonly run: SharedRun;
  readonly layer: number;
  readonly inputs: PlacedInputs | null;
  /** Takes rows through the segment. @returns those that the workers have not begun with. */
  readonly runRows: (rows: Uint32Array) => Promise<Uint32Array>;
  readonly brake: Brake;
  /** So many rows are about to be run. */
  readonly makeRoom: (rows: number) => void;
}

/** Runs the rounds in which rows are shared. @returns the rows that are left for a last one. @throws as its parts */
export async function shareRounds(
  { run, layer, inputs, runRows, brake, makeRoom }: SharedSegment,
  sharing: RowSharing,
  first: Uint32Array,
): Promise<Uint32Array> {
  for (let rows = first; ; ) {
    const watch = sharing.watch(rows.length, () => brake.on());
    let rest: Uint32Array;
    try {
      rest = await runRows(rows);
    } finally {
      watch[Symbol.dispose]();
      brake.off();
    }
    const next = await sharing.share({ run, rows: rest, layer, inputs });
    rows = next ?? rest;
    makeRoom(rows.length);
    if (next === null) return rest;
  }
}
