// One MPI session of this process: the library, this rank's number, what is still pending, and the one place where a
// call's code becomes an error. The functions of the upper tiers take it; users see it through openMpi (mpi.ts).

import { MpiError } from "../core/errors.ts";
import type { Abi } from "./abi/abi.ts";
import type { LoadedMpi } from "./library.ts";
import type { CallName, RawCalls } from "./raw-calls.ts";

export interface Session {
  readonly abi: Abi;
  readonly calls: RawCalls;
  /** Rank in MPI_COMM_WORLD for messages; null before MPI_Comm_rank. */
  rank: number | null;
  /** Operations that were started and are not complete, each with the arrays that must live on. */
  readonly pending: Map<object, readonly unknown[]>;
  /** Communicators that were made and not freed. */
  openCommunicators: number;
  /** Calls `name`. @throws MpiError with the library's own text unless it returns MPI_SUCCESS. */
  call<Name extends CallName>(name: Name, ...args: Parameters<RawCalls[Name]>): void;
}

export function makeSession({ abi, calls }: LoadedMpi): Session {
  const session: Session = {
    abi,
    calls,
    rank: null,
    pending: new Map(),
    openCommunicators: 0,
    call(name, ...args) {
      // The signature of each call is known to the caller's compiler; here it is any of them.
      const code = (calls[name] as (...args: unknown[]) => number)(...args);
      if (code !== 0) throw makeMpiError(session, name, code);
    },
  };
  return session;
}

/** The error for a code that `call` gave. */
export function makeMpiError(session: Session, call: string, code: number): MpiError {
  return new MpiError(
    session.rank,
    call,
    readText(session, (text, length) => errorText(session, code, text, length)),
  );
}

function errorText(session: Session, code: number, text: Uint8Array, length: Int32Array): void {
  if (session.calls.MPI_Error_string(code, text, length) === 0) return;
  // Before MPI_Init some libraries have no texts yet.
  length[0] = new TextEncoder().encodeInto(`error code ${code}`, text).written;
}

/** What `fill` writes as a C text with its length, as one line. */
export function readText(session: Session, fill: (text: Uint8Array, length: Int32Array) => void): string {
  const text = new Uint8Array(session.abi.textBytes);
  const length = new Int32Array(1);
  fill(text, length);
  // MPICH separates the levels of its explanation by newlines, and some libraries count the closing zero.
  const line = new TextDecoder().decode(text.subarray(0, length[0]));
  return line
    .replace(/\0.*$/s, "")
    .trim()
    .replace(/\s*\n\s*/g, "; ")
    .replace(/\s+/g, " ");
}
