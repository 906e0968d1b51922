// Worlds of several ranks in one process: what a rank gives is handed to the others when all have come. For tests of what
// is built from the two exchanges; how MPI carries them out is tested under mpiexec.

import type { World } from "../cluster/world.ts";

export function makeLocalWorlds(size: number): World[] {
  const swap = makeSwap(size);
  return Array.from({ length: size }, (_, rank): World => {
    const traffic = { bytesSent: 0, messagesSent: 0, seconds: 0 };
    return {
      rank,
      size,
      hosts: Array.from({ length: size }, (_host, r) => `host${r}`),
      traffic,
      comm: null,
      allgather: async (bytes) => (await swap(rank, bytes)).map((given) => copyOf(given as Uint8Array)),
      exchange: async (parts) => (await swap(rank, parts)).map((given) => copyOf((given as Uint8Array[])[rank])),
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

/** As over a network: nothing is shared, and memory begins where any array may. */
function copyOf(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes);
}
