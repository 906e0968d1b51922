// The ranks of one row group, talking. A rank that fails tells the others, and whoever waits for a message looks for such
// news meanwhile, so that the whole group fails together and nobody waits for ever.

import { InterruptedError, RankError } from "../../core/errors.ts";
import type { Communicator } from "../../mpi/communicator.ts";
import { poll } from "../../mpi/poll.ts";
import type { Request } from "../../mpi/request.ts";

/** Tags above those of the batches. */
export const LAYER_TAG = 32_766;
const FAILURE_TAG = 32_767;

/** This rank as the others should name it. */
export interface Member {
  readonly rank: number;
  readonly host: string;
}

export interface GroupLink extends Disposable {
  readonly rank: number;
  readonly size: number;
  readonly comm: Communicator;
  /** @throws RankError when another rank has failed; InterruptedError by the signal. */
  check(): void;
  /** The request's result. @throws as check, and MpiError */
  wait<R>(request: Request<R>): Promise<R>;
  /** The next message with this tag from this rank. @throws as wait */
  receiveBytes(from: number, tag: number): Promise<Uint8Array>;
  /** Does this rank's part of something; should it fail, the others are told, unless they told first. */
  share<T>(work: () => Promise<T>): Promise<T>;
}

interface News extends Member {
  readonly message: string;
}

/** Collective: opens a link on a duplicate of `comm`, so that its messages mix with no others. */
export function openGroupLink(comm: Communicator, member: Member, signal: AbortSignal | undefined): GroupLink {
  const own = comm.duplicate();
  let hasFailed = false;
  const check = (): void => {
    if (signal?.aborted === true) throw new InterruptedError("interrupted", { cause: signal.reason });
    if (own.size === 1) return;
    const envelope = own.peek({ from: "any", tag: FAILURE_TAG }, "uint8");
    if (envelope === null) return;
    const bytes = new Uint8Array(envelope.count);
    own.blocking.receive(bytes, { from: envelope.from, tag: FAILURE_TAG });
    hasFailed = true;
    const { rank, host, message } = JSON.parse(new TextDecoder().decode(bytes)) as News;
    throw new RankError(rank, host, message);
  };
  const wait = async <R>(request: Request<R>): Promise<R> => {
    await poll(() => (request.test() ? true : (check(), null)), member.rank, "a message of the group");
    return request.value;
  };
  const fail = (error: unknown): void => {
    if (hasFailed) return;
    hasFailed = true;
    const news: News = { ...member, message: error instanceof Error ? error.message : String(error) };
    const bytes = new TextEncoder().encode(JSON.stringify(news));
    const peers = Array.from({ length: own.size }, (_, to) => to).filter((to) => to !== own.rank);
    const sends = peers.map((to) => own.start.send(bytes, { to, tag: FAILURE_TAG }));
    // Short messages are on their way at once; for others nobody waits, since a rank that has failed will end.
    for (const send of sends) send.test();
  };
  return {
    rank: own.rank,
    size: own.size,
    comm: own,
    check,
    wait,
    async receiveBytes(from, tag) {
      const ask = (): ReturnType<Communicator["peek"]> => {
        check();
        return own.peek({ from, tag }, "uint8");
      };
      const envelope = await poll(ask, member.rank, "a message of the group");
      const bytes = new Uint8Array(envelope.count);
      await wait(own.start.receive(bytes, { from, tag }));
      return bytes;
    },
    async share(work) {
      try {
        return await work();
      } catch (error) {
        fail(error);
        throw error;
      }
    },
    [Symbol.dispose]() {
      // Freeing is collective, which a group that fails apart must not wait for.
      if (!hasFailed) own[Symbol.dispose]();
    },
  };
}
