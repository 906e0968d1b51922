// Exit statuses: the contract of docs/command-line.md, in one table. Scripts may rely on every number here.

import { type ErrorCode, GossamerError } from "../../core/errors.ts";

export const EXIT = {
  ok: 0,
  /** The result differs from the truth, or from the oracle. */
  differ: 1,
  /** Wrong usage: a flag, a name, a combination that cannot run. */
  usage: 2,
  /** Bad input: a file that is missing, damaged or of another shape. */
  input: 3,
  /** Memory, disk or a permission ran out. */
  resource: 4,
  /** A worker or a rank failed. */
  worker: 5,
  /** A bug of ours. */
  bug: 70,
  /** Ctrl-C. */
  interrupt: 130,
} as const;

const STATUS_OF_CODE: Readonly<Record<ErrorCode, number>> = {
  usage: EXIT.usage,
  unsupported: EXIT.usage,
  format: EXIT.input,
  shape: EXIT.input,
  resource: EXIT.resource,
  worker: EXIT.worker,
  mpi: EXIT.worker,
  rank: EXIT.worker,
  interrupted: EXIT.interrupt,
  invariant: EXIT.bug,
};

/** The exit status for whatever was thrown. */
export function exitStatusOf(error: unknown): number {
  if (error instanceof GossamerError) return STATUS_OF_CODE[error.code];
  // What V8 and Node throw when an array does not fit into memory.
  if (error instanceof RangeError && /allocation failed|array length|array buffer/i.test(error.message)) {
    return EXIT.resource;
  }
  return EXIT.bug;
}
