// The team of one rank: its warm-up, and a run of it that is watched from the main thread's loop.

import type { WorkerBuffers, WorkerReport } from "../../engine/task.ts";
import type { WarmUpTask } from "../../engine/worker/warm-up.ts";
import { TILE_LANES } from "../../kernels/kernels.ts";
import type { Team } from "../../threads/team.ts";
import type { GridPlace } from "./grid-task.ts";

/** Longer than in the engine, where a rehearsal follows during which V8 goes on to optimise the kernels. */
const WARM_UP_MS = 60;

/** The workers exercise the kernels in the batches' memory; what they write there means nothing. */
export function warmUpTask({ layers, slots, lists }: GridPlace, workers: number): WarmUpTask {
  const buffers = Array.from({ length: workers }, (_, w): WorkerBuffers => {
    const { buffers: pair, addresses, unwanted, masks } = slots[w % slots.length];
    return { a: pair[0], b: pair[1], addresses, list: lists[w], unwanted, rowList: addresses, masks };
  });
  const placed = layers.map((layer) => layer.placed).filter(({ ncols }) => ncols > 0);
  return { kind: "warm-up", layers: placed, buffers, lanes: TILE_LANES, milliseconds: WARM_UP_MS };
}

export interface TeamWatch {
  readonly reports: Promise<WorkerReport[]>;
  /** @throws what ended the team. */
  check(): void;
}

export const NO_TEAM: TeamWatch = { reports: Promise.resolve([]), check: () => undefined };

export function startTeam(team: Team, signal: AbortSignal | undefined): TeamWatch {
  let failure: { readonly error: unknown } | null = null;
  const reports = team.run(null, signal) as Promise<WorkerReport[]>;
  reports.catch((error: unknown) => {
    failure = { error };
  });
  return {
    reports,
    check() {
      if (failure !== null) throw failure.error;
    },
  };
}
