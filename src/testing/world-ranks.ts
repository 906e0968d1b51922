// A program for tests of the MPI world: every rank gives each other rank what only it can have, by every exchange there
// is, in sizes around those where messages are cut, and looks at what comes.

import assert from "node:assert/strict";
import { openMpiWorld } from "../cluster/mpi-world.ts";
import { MESSAGE_WORDS } from "../cluster/transfer.ts";
import type { World } from "../cluster/world.ts";
import { openMpi } from "../mpi/mpi.ts";

/** Lengths of the arrays that go from one rank to another in one call, in words. */
const LENGTHS: readonly (readonly number[])[] = [
  [],
  [1],
  [0, 3, 0],
  [MESSAGE_WORDS],
  [MESSAGE_WORDS + 1, 1],
  [MESSAGE_WORDS - 1, 1, 1],
  Array.from({ length: 9 }, (_, k) => MESSAGE_WORDS / 4 + k),
  [1, 2 * MESSAGE_WORDS, 5, 7],
];

const valueOf = (from: number, to: number, array: number, word: number): number =>
  (from * 1_000_003 + to * 10_007 + array * 101 + word) >>> 0;

/** Rank r sends rank s the arrays of a case that both know. */
const lengthsOf = (from: number, to: number): readonly number[] => LENGTHS[(from * 3 + to * 5) % LENGTHS.length];

async function checkTransfer(world: World): Promise<void> {
  const { rank, size } = world;
  const ranks = Array.from({ length: size }, (_, r) => r);
  const memory = new WebAssembly.Memory({ initial: 512, maximum: 512, shared: true });
  let at = 0;
  const take = (length: number): Uint32Array => {
    const array = new Uint32Array(memory.buffer, at, length);
    at += length * 4;
    return array;
  };
  const out = ranks.map((r) =>
    r === rank ? [] : lengthsOf(rank, r).map((length, k) => take(length).map((_, i) => valueOf(rank, r, k, i))),
  );
  const into = ranks.map((r) => (r === rank ? [] : lengthsOf(r, rank).map(take)));
  await world.transfer(out, into);
  for (const [r, arrays] of into.entries()) {
    for (const [k, array] of arrays.entries()) {
      const wrong = array.findIndex((value, i) => value !== valueOf(r, rank, k, i));
      assert.equal(wrong, -1, `array ${k} of ${array.length} words from rank ${r} to ${rank}`);
    }
  }
}

const bytesBetween = (from: number, to: number): Uint8Array =>
  Uint8Array.from({ length: (from * 7 + to * 3) % 13 }, (_, k) => valueOf(from, to, 0, k));

async function checkExchange(world: World): Promise<void> {
  const { rank, size } = world;
  const ranks = Array.from({ length: size }, (_, r) => r);
  const received = await world.exchange(ranks.map((r) => bytesBetween(rank, r)));
  const gathered = await world.allgather(bytesBetween(rank, 0));
  for (const r of ranks) {
    assert.deepEqual(Array.from(received[r]), Array.from(bytesBetween(r, rank)), `exchanged, from rank ${r}`);
    assert.deepEqual(Array.from(gathered[r]), Array.from(bytesBetween(r, 0)), `gathered, from rank ${r}`);
  }
}

const mpi = openMpi();
const world = await openMpiWorld(mpi.world, mpi.host, {});
await checkTransfer(world);
await checkExchange(world);
await checkTransfer(world);
console.log(`rank ${mpi.rank} of ${mpi.size}: ok`);
mpi.close();
