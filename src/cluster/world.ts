// The ranks of a run, reduced to the exchanges that everything in this room is built from. There are two worlds: that
// of MPI, and that of a process by itself, so that what is made for ranks (checkpoints, one file written in parts) serves
// a plain run too.

import { deserialize, serialize } from "node:v8";
import type { Communicator } from "../mpi/communicator.ts";

/** What a rank has sent, and how long it waited for others and their messages. */
export interface Traffic {
  bytesSent: number;
  messagesSent: number;
  seconds: number;
}

/** What was sent between two looks at the traffic. */
export function trafficSince(before: Readonly<Traffic>, now: Readonly<Traffic>): Traffic {
  return {
    bytesSent: now.bytesSent - before.bytesSent,
    messagesSent: now.messagesSent - before.messagesSent,
    seconds: now.seconds - before.seconds,
  };
}

/** Arrays in memory that may be shared with workers. */
export type InPlace = readonly Uint32Array[];

/** An end that all ranks reach; disposed, it calls nobody any more. */
export interface Finish extends Disposable {
  /** This rank is there: tells the others, and waits for them. */
  reached(): Promise<void>;
}

export interface World {
  readonly rank: number;
  readonly size: number;
  /** Names of the machines, by rank. */
  readonly hosts: readonly string[];
  /** Every rank's bytes, by rank. Collective. */
  allgather(bytes: Uint8Array): Promise<Uint8Array[]>;
  /** `parts[r]` goes to rank r; what came from each rank, by rank. Collective. */
  exchange(parts: readonly Uint8Array[]): Promise<Uint8Array[]>;
  /**
   * Sends arrays from where they lie to where they are wanted: `out[r]` to rank r, whose `into` has for this rank as many,
   * each as long. For large arrays whose sizes both sides know: nothing is copied on the way. Collective.
   */
  transfer(out: readonly InPlace[], into: readonly InPlace[]): Promise<void>;
  /**
   * The ranks set out for an end that each reaches in its own time; `onFirst` is called once when another is there while
   * this one is still on its way. Collective, as is `Finish.reached`.
   */
  openFinish(onFirst: () => void): Finish;
  readonly traffic: Traffic;
  /** The communicator underneath, for exchanges that are made of other messages; null in a world without MPI. */
  readonly comm: Communicator | null;
}

/** The world of one process. */
export function soloWorld(host: string): World {
  return {
    rank: 0,
    size: 1,
    hosts: [host],
    allgather: async (bytes) => [bytes],
    exchange: async (parts) => [...parts],
    transfer: async () => {},
    openFinish: () => ({ reached: async () => {}, [Symbol.dispose]: () => {} }),
    traffic: { bytesSent: 0, messagesSent: 0, seconds: 0 },
    comm: null,
  };
}

/** Every rank's value (structured-cloneable), by rank. Collective. */
export async function allgatherValues<T>(world: World, value: T): Promise<T[]> {
  if (world.size === 1) return [value];
  const all = await world.allgather(serialize(value));
  return all.map((bytes) => deserialize(bytes) as T);
}

/** Every rank's value at rank 0, by rank; null at the others. Collective. */
export async function gatherValues<T>(world: World, value: T): Promise<T[] | null> {
  if (world.size === 1) return [value];
  const parts = Array.from({ length: world.size }, (_, r) => (r === 0 ? serialize(value) : new Uint8Array()));
  const all = await world.exchange(parts);
  return world.rank === 0 ? all.map((bytes) => deserialize(bytes) as T) : null;
}

/** The bytes of an array, seen in place. */
export function bytesOf(array: ArrayBufferView): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

/** 32-bit words of bytes that came from another rank. */
export function wordsOf(bytes: Uint8Array): Uint32Array {
  return new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength >>> 2);
}
