// A communicator: a group of ranks that exchange messages of their own. `blocking` holds the operations that return when
// they are done, with the thread standing still meanwhile; `start` the same operations as requests, for waiting with the
// event loop turning and for computing in between. Only the main thread of a rank uses MPI.

import type { ElementType, Handle } from "./abi/abi.ts";
import { type CollectiveName, type Collectives, makeCollectives, type Runner } from "./collectives.ts";
import type { CommunicatorState } from "./communicator-state.ts";
import type { MessageArray } from "./message-array.ts";
import {
  type Destination,
  type Envelope,
  peek,
  probe,
  receive,
  send,
  type Source,
  startReceive,
  startSend,
} from "./point-to-point.ts";
import { poll, type WaitOptions } from "./poll.ts";
import type { CallName } from "./raw-calls.ts";
import { Request } from "./request.ts";
import type { Session } from "./session.ts";

/** Every operation; `Done` and `Received` are results, or requests for them. */
export interface Operations<Done, Received> extends Collectives<Done> {
  send(array: MessageArray, destination: Destination): Done;
  /** Into the start of `array`, which may be longer than the message. */
  receive(array: MessageArray, source: Source): Received;
}

export interface Communicator extends Disposable {
  readonly rank: number;
  readonly size: number;
  readonly blocking: Operations<void, Envelope>;
  readonly start: Operations<Request<void>, Request<Envelope>>;
  /** The message that waits, its count in `element`s; null when there is none. It is still to be received. */
  peek(source: Source, element: ElementType): Envelope | null;
  /** The same, once there is one. @throws MpiError when the time is over; InterruptedError by the signal. */
  probe(source: Source, element: ElementType, options?: WaitOptions): Promise<Envelope>;
  /** As `probe`, with the thread standing still. */
  probeBlocking(source: Source, element: ElementType): Envelope;
  /** Collective: a communicator of the ranks with the same color, ordered by key; null for those with color null. */
  split(color: number | null, key: number): Communicator | null;
  /** Collective: a communicator of the ranks that share this machine's memory. */
  splitByHost(): Communicator;
  /** Collective: the same ranks, with messages apart from the others'. */
  duplicate(): Communicator;
}

const CALL_OF: Readonly<Record<CollectiveName, readonly [blocking: CallName, started: CallName]>> = {
  barrier: ["MPI_Barrier", "MPI_Ibarrier"],
  bcast: ["MPI_Bcast", "MPI_Ibcast"],
  reduce: ["MPI_Reduce", "MPI_Ireduce"],
  allreduce: ["MPI_Allreduce", "MPI_Iallreduce"],
  gather: ["MPI_Gather", "MPI_Igather"],
  gatherv: ["MPI_Gatherv", "MPI_Igatherv"],
  allgather: ["MPI_Allgather", "MPI_Iallgather"],
  allgatherv: ["MPI_Allgatherv", "MPI_Iallgatherv"],
  scatter: ["MPI_Scatter", "MPI_Iscatter"],
  scatterv: ["MPI_Scatterv", "MPI_Iscatterv"],
  alltoall: ["MPI_Alltoall", "MPI_Ialltoall"],
  alltoallv: ["MPI_Alltoallv", "MPI_Ialltoallv"],
};

/** Wraps a communicator; `owned` ones are freed when disposed. @throws MpiError */
export function makeCommunicator(session: Session, commHandle: Handle, owned: boolean): Communicator {
  let handle: Handle | null = commHandle;
  const number = new Int32Array(1);
  session.call("MPI_Comm_rank", commHandle, number);
  const rank = number[0];
  session.call("MPI_Comm_size", commHandle, number);
  const size = number[0];
  const state: CommunicatorState = {
    session,
    rank,
    size,
    get handle() {
      if (handle === null) throw new Error("the communicator was freed");
      return handle;
    },
  };
  if (owned) session.openCommunicators++;

  const runBlocking: Runner<void> = (name, args) => callWith(session, CALL_OF[name][0], args);
  const runStarted: Runner<Request<void>> = (name, args) => {
    const call = CALL_OF[name][1];
    const start = (request: unknown): void => callWith(session, call, [...args, request]);
    return new Request(session, { call, arrays: args, start, finish: () => undefined });
  };

  /** The communicator that a collective call makes, null where this rank is in none. */
  function make(call: (made: ReturnType<typeof session.abi.makeHandles>) => void): Communicator | null {
    const made = session.abi.makeHandles(1);
    call(made);
    return made[0] === session.abi.commNull ? null : makeCommunicator(session, made[0], true);
  }

  return {
    rank,
    size,
    blocking: {
      ...makeCollectives(state, runBlocking),
      send: (array, destination) => send(state, array, destination),
      receive: (array, source) => receive(state, array, source),
    },
    start: {
      ...makeCollectives(state, runStarted),
      send: (array, destination) => startSend(state, array, destination),
      receive: (array, source) => startReceive(state, array, source),
    },
    peek: (source, element) => peek(state, source, element),
    probe: (source, element, options) => poll(() => peek(state, source, element), session.rank, "MPI_Iprobe", options),
    probeBlocking: (source, element) => probe(state, source, element),
    split: (color, key) =>
      make((made) => session.call("MPI_Comm_split", state.handle, color ?? session.abi.undefined, key, made)),
    splitByHost: () => {
      const { commTypeShared, infoNull } = session.abi;
      const host = make((made) =>
        session.call("MPI_Comm_split_type", state.handle, commTypeShared, rank, infoNull, made),
      );
      return host as Communicator;
    },
    duplicate: () => make((made) => session.call("MPI_Comm_dup", state.handle, made)) as Communicator,
    [Symbol.dispose]() {
      if (!owned || handle === null) return;
      const freed = session.abi.makeHandles(1);
      freed[0] = handle;
      handle = null;
      session.openCommunicators--;
      session.call("MPI_Comm_free", freed);
    },
  };
}

/** Calls by a name that is known only here: the arguments were put together for it by makeCollectives. */
function callWith(session: Session, name: CallName, args: readonly unknown[]): void {
  (session.call as (name: CallName, ...args: readonly unknown[]) => void)(name, ...args);
}
