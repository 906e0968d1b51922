// What all runs of an engine share: memory, team, settings, buffers.

import type { Arena } from "../threads/arena.ts";
import type { Team } from "../threads/team.ts";
import type { Buffers } from "./layout.ts";
import type { Settings } from "./options.ts";
import type { FormatPlan } from "./place-formats.ts";

export interface Workplace {
  readonly arena: Arena;
  readonly team: Team;
  readonly settings: Settings;
  readonly buffers: Buffers;
  readonly formats: FormatPlan | null;
  readonly limitBytes: number;
  /** Every worker can have a core of its own. */
  readonly hasCores: boolean;
  /** Where the memory of a run begins. */
  readonly base: number;
}
