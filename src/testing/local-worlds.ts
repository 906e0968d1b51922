// Worlds of several ranks in one process: what a rank gives is handed to the others when all have come. For tests of what
// is built from the exchanges; how MPI carries them out is tested under mpiexec.

import type { Finish, InPlace, World } from "../cluster/world.ts";

export function makeLocalWorlds(size: number): World[] {
  const swap = makeSwap(size);
  const openFinish = makeFinishes(size);
  return Array.from({ length: size }, (_, rank): World => {
    const traffic = { bytesSent: 0, messagesSent: 0, seconds: 0 };
    return {
      rank,
      size,
      hosts: Array.from({ length: size }, (_host, r) => `host${r}`),
      traffic,
      comm: null,
      allgather: async (bytes) => (await swap(rank, bytes)).map((given) => copyOf(given as Uint8Array)),
      openFinish: (onFirst) => openFinish(rank, onFirst),
      exchange: async (parts) => (await swap(rank, parts)).map((given) => copyOf((given as Uint8Array[])[rank])),
      async transfer(out, into) {
        const copies = out.map((arrays) => arrays.map((array) => new Uint32Array(array)));
        for (const [r, given] of (await swap(rank, copies)).entries()) {
          const sent = (given as InPlace[])[rank];
          if (sent.length !== into[r].length) throw new Error(`${sent.length} arrays sent, ${into[r].length} expected`);
          for (const [k, array] of into[r].entries()) array.set(sent[k]);
        }
      },
    };
  });
}

/** Every rank's call k meets the others' call k. */
function makeSwap(size: number): (rank: number, given: unknown) => Promise<unknown[]> {
  const calls = Array.from({ length: size }, () => 0);
  const meetings: { given: unknown[]; count: number; done: (all: unknown[]) => void; all: Promise<unknown[]> }[] = [];
  return (rank, given) => {
    const k = calls[rank]++;
    if (meetings[k] === undefined) {
      const { promise, resolve } = Promise.withResolvers<unknown[]>();
      meetings[k] = { given: [], count: 0, done: resolve, all: promise };
    }
    const meeting = meetings[k];
    meeting.given[rank] = given;
    if (++meeting.count === size) meeting.done(meeting.given);
    return meeting.all;
  };
}

/** Every rank's end k is the others' end k. */
function makeFinishes(size: number): (rank: number, onFirst: () => void) => Finish {
  const swap = makeSwap(size);
  const opened = Array.from({ length: size }, () => 0);
  const firsts: { isReached: boolean; readonly waiting: Map<number, () => void> }[] = [];
  return (rank, onFirst) => {
    const k = opened[rank]++;
    firsts[k] ??= { isReached: false, waiting: new Map() };
    const end = firsts[k];
    if (end.isReached) queueMicrotask(() => end.waiting.has(rank) && onFirst());
    end.waiting.set(rank, onFirst);
    return {
      async reached() {
        end.waiting.delete(rank);
        if (!end.isReached) {
          end.isReached = true;
          for (const tell of end.waiting.values()) tell();
        }
        await swap(rank, null);
      },
      [Symbol.dispose]: () => void end.waiting.delete(rank),
    };
  };
}

/** As over a network: nothing is shared, and memory begins where any array may. */
function copyOf(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes);
}
