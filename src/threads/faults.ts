// Faults on purpose, so that tests can see what a broken worker does to a run. Never active unless asked for.

import { UsageError } from "../core/errors.ts";

export const FAULT_KINDS = ["throw", "exit", "hang"] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];

export interface Fault {
  readonly kind: FaultKind;
  readonly worker: number;
  /** The fault strikes at this beat of the worker (1-based). */
  readonly beat: number;
}

/** Reads "hang:1:20" (kind, worker from 0, beat from 1). @throws UsageError */
export function parseFault(text: string): Fault {
  const [, kind, worker, beat] = /^(\w+):(\d{1,6}):0*([1-9]\d{0,14})$/.exec(text) ?? [];
  const known = FAULT_KINDS.find((k) => k === kind);
  if (known === undefined) {
    throw new UsageError(`fault "${text}", expected KIND:WORKER:BEAT with KIND one of ${FAULT_KINDS.join(", ")}`);
  }
  return { kind: known, worker: Number(worker), beat: Number(beat) };
}
