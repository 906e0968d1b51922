// The world of MPI. Messages are padded to whole 32-bit words, so that one may hold 8 GiB where MPI counts to 2^31; every
// part begins at a multiple of 8 bytes, so that arrays of any kind can be seen in place.

import { packParts, type Parts } from "../mpi/message-array.ts";
import type { Communicator } from "../mpi/communicator.ts";
import type { WaitOptions } from "../mpi/poll.ts";
import { Request } from "../mpi/request.ts";
import { receiveArrays, sendArrays } from "./transfer.ts";
import { bytesOf, type Finish, type InPlace, type Traffic, type World } from "./world.ts";

const WORD = 4;
const ALIGNMENT_WORDS = 2;
/** Of the messages that a rank sends when it has reached an end. */
const FINISH_TAG = 1;
/** How often a rank that is still on its way looks for them. Reason: a look takes a microsecond, a batch of rows milliseconds. */
const FINISH_POLL_MS = 10;

/** @param options of every wait */
export async function openMpiWorld(comm: Communicator, host: string, options: WaitOptions): Promise<World> {
  const { rank, size } = comm;
  const traffic: Traffic = { bytesSent: 0, messagesSent: 0, seconds: 0 };
  const timed = async <T>(work: () => Promise<T>): Promise<T> => {
    const started = performance.now();
    try {
      return await work();
    } finally {
      traffic.seconds += (performance.now() - started) / 1000;
    }
  };

  /** Lengths in bytes: what this rank sends to each, and what it gets from each. */
  async function swapLengths(sent: readonly number[]): Promise<number[]> {
    const from = new Float64Array(size);
    await comm.start.alltoallInto(from, Float64Array.from(sent)).wait(options);
    return Array.from(from);
  }

  const allgather = (bytes: Uint8Array): Promise<Uint8Array[]> =>
    timed(async () => {
      const lengths = new Float64Array(size);
      lengths[rank] = bytes.byteLength;
      await comm.start.allgather(lengths).wait(options);
      const parts = packWords(lengths);
      const all = new Uint32Array(totalWords(parts));
      bytesOf(all).set(bytes, parts.offsets[rank] * WORD);
      await comm.start.allgatherv(all, parts).wait(options);
      traffic.bytesSent += bytes.byteLength * (size - 1);
      traffic.messagesSent += size - 1;
      return slices(all, parts, lengths);
    });

  const exchange = (parts: readonly Uint8Array[]): Promise<Uint8Array[]> =>
    timed(async () => {
      const sentLengths = parts.map((part) => part.byteLength);
      const lengths = await swapLengths(sentLengths);
      const out = packWords(sentLengths);
      const into = packWords(lengths);
      const sent = new Uint32Array(totalWords(out));
      for (const [r, part] of parts.entries()) bytesOf(sent).set(part, out.offsets[r] * WORD);
      const received = new Uint32Array(totalWords(into));
      await comm.start.alltoallvInto(received, into, sent, out).wait(options);
      for (const [r, length] of sentLengths.entries()) {
        if (r === rank || length === 0) continue;
        traffic.bytesSent += length;
        traffic.messagesSent++;
      }
      return slices(received, into, lengths);
    });

  const transfer = (out: readonly InPlace[], into: readonly InPlace[]): Promise<void> =>
    timed(async () => {
      const received = into.map((arrays, r) => receiveArrays(comm, r, arrays, options));
      const sent = out.map((arrays, r) => sendArrays(comm, r, arrays, options));
      const [messages] = await Promise.all([Promise.all(sent), Promise.all(received)]);
      traffic.messagesSent += sum(messages);
      traffic.bytesSent += sum(out.flatMap((arrays) => arrays.map(({ byteLength }) => byteLength)));
    });

  const openFinish = (onFirst: () => void): Finish => {
    const failure: unknown[] = [];
    const look = (): void => {
      try {
        if (comm.peek({ from: "any", tag: FINISH_TAG }, "int32") === null) return;
        onFirst();
      } catch (error) {
        failure.push(error);
      }
      clearInterval(timer);
    };
    const timer = setInterval(look, FINISH_POLL_MS);
    return {
      reached: () =>
        timed(async () => {
          clearInterval(timer);
          if (failure.length > 0) throw failure[0];
          const others = Array.from({ length: size }, (_, r) => r).filter((r) => r !== rank);
          const word = new Int32Array(1);
          const sent = others.map((to) => comm.start.send(word, { to, tag: FINISH_TAG }));
          // Messages of one rank keep their order: that of the next end cannot be taken for this one's.
          const come = others.map((from) => comm.start.receive(new Int32Array(1), { from, tag: FINISH_TAG }));
          await Request.all(sent, options);
          await Request.all(come, options);
          traffic.bytesSent += word.byteLength * others.length;
          traffic.messagesSent += others.length;
        }),
      [Symbol.dispose]: () => clearInterval(timer),
    };
  };

  const hosts = (await allgather(new TextEncoder().encode(host))).map((name) => new TextDecoder().decode(name));
  return { rank, size, hosts, allgather, exchange, transfer, openFinish, traffic, comm };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

/** Parts in words for these lengths in bytes. */
function packWords(lengths: ArrayLike<number>): Parts {
  const unit = WORD * ALIGNMENT_WORDS;
  return packParts(Array.from(lengths, (bytes) => Math.ceil(bytes / unit) * ALIGNMENT_WORDS));
}

function totalWords({ counts, offsets }: Parts): number {
  const last = counts.length - 1;
  return offsets[last] + counts[last];
}

function slices(words: Uint32Array, parts: Parts, lengths: ArrayLike<number>): Uint8Array[] {
  const bytes = bytesOf(words);
  return Array.from(parts.offsets, (offset, r) => bytes.subarray(offset * WORD, offset * WORD + lengths[r]));
}
