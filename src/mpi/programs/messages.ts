// Messages around a ring, in both forms: by source and tag, by any of them, longer and shorter than the array, over
// shared WebAssembly memory, and to oneself.

import assert from "node:assert/strict";
import { MpiError } from "../../core/errors.ts";
import type { Mpi } from "../mpi.ts";
import { assertElements, ELEMENT_TYPES, finish, makeArray } from "./arrays.ts";

export async function run(mpi: Mpi): Promise<void> {
  for (const element of ELEMENT_TYPES) {
    for (const count of [0, 1, 17]) {
      const array = makeArray(element, count + 3, () => 99);
      const got = await passAround(
        mpi,
        makeArray(element, count, (i) => 10 * mpi.rank + i),
        array,
      );
      assert.equal(got.count, count);
      const { from } = got;
      assertElements(array, (i) => (i < count ? 10 * from + i : 99), `${count} of ${element}`);
    }
  }
  await checkSharedMemory(mpi);
  await checkProbes(mpi);
  checkBlocking(mpi);
  await checkTooLong(mpi);
  refuseBadArguments(mpi);
}

/** Sends to the next rank and receives from the one before; with one rank, to itself. */
async function passAround(
  { rank, size, world }: Mpi,
  sent: ReturnType<typeof makeArray>,
  received: ReturnType<typeof makeArray>,
): Promise<{ from: number; tag: number; count: number }> {
  const before = (rank + size - 1) % size;
  const receiving = world.start.receive(received, { from: before, tag: 7 });
  const sending = world.start.send(sent, { to: (rank + 1) % size, tag: 7 });
  const envelope = await finish(receiving);
  await finish(sending);
  assert.deepEqual([envelope.from, envelope.tag], [before, 7]);
  return envelope;
}

/** 24 MiB out of one shared memory into the same one: far beyond what a library keeps in buffers of its own. */
async function checkSharedMemory(mpi: Mpi): Promise<void> {
  const memory = new WebAssembly.Memory({ initial: 800, maximum: 800, shared: true });
  const length = 6 << 20;
  const sent = new Float32Array(memory.buffer, 64, length);
  const received = new Float32Array(memory.buffer, 64 + 4 * length, length);
  for (let i = 0; i < length; i++) sent[i] = mpi.rank + i / 8;
  const { from } = await passAround(mpi, sent, received);
  let wrong = 0;
  for (let i = 0; i < length; i++) if (received[i] !== from + i / 8) wrong++;
  assert.equal(wrong, 0, `${wrong} of ${length} elements are wrong`);
  assert.equal(new Float32Array(memory.buffer, 64 + 4 * length, 1)[0], from, "received where the array lies");

  const before = Float32Array.from(sent.subarray(0, 8));
  mpi.world.blocking.allreduce(sent.subarray(4, 8), "sum");
  assertElements(sent.subarray(0, 4), (i) => before[i], "what lies before a subarray stays");
  const sum = (i: number): number => (mpi.size * (mpi.size - 1)) / 2 + mpi.size * ((i + 4) / 8);
  assertElements(sent.subarray(4, 8), sum, "a subarray is reduced in its place");
}

/** Every other rank sends one message to rank 0, which knows neither order nor lengths. */
async function checkProbes({ rank, size, world }: Mpi): Promise<void> {
  if (rank > 0) await finish(world.start.send(new Int32Array(rank).fill(rank), { to: 0, tag: rank }));
  if (rank === 0) {
    assert.equal(world.peek({ from: "any", tag: 999 }, "int32"), null);
    const seen = new Set<number>();
    for (let k = 1; k < size; k++) {
      const source = { from: "any", tag: "any" } as const;
      const waiting = k % 2 === 0 ? world.probeBlocking(source, "int32") : await world.probe(source, "int32");
      assert.deepEqual([waiting.tag, waiting.count], [waiting.from, waiting.from]);
      const array = new Int32Array(waiting.count);
      const got = world.blocking.receive(array, { from: waiting.from, tag: waiting.tag });
      assert.deepEqual(got, waiting);
      assertElements(array, () => waiting.from, "a probed message");
      seen.add(waiting.from);
    }
    assert.equal(seen.size, size - 1);
    await assert.rejects(world.probe({ from: "any", tag: 998 }, "int32", { timeoutMs: 20 }), /nothing after 20 ms/);
  }
  await finish(world.start.barrier());
}

/** Blocking forms in pairs, and a count that is no whole number of elements. */
function checkBlocking({ rank, size, world }: Mpi): void {
  const partner = rank ^ 1;
  if (partner >= size) return;
  const bytes = new Uint8Array(6);
  if (rank < partner) {
    world.blocking.send(new Uint8Array([1, 2, 3, 4, 5, 6]), { to: partner, tag: 1 });
    assert.deepEqual(world.blocking.receive(bytes, { from: partner, tag: 2 }), { from: partner, tag: 2, count: 1 });
    assert.equal(bytes[0], 42);
  } else {
    assert.ok(Number.isNaN(world.probeBlocking({ from: partner, tag: 1 }, "int32").count));
    assert.equal(world.blocking.receive(bytes, { from: "any", tag: 1 }).count, 6);
    assertElements(bytes, (i) => i + 1, "a blocking message");
    world.blocking.send(new Uint8Array([42]), { to: partner, tag: 2 });
  }
}

/** The library says what is wrong, and the session goes on. */
async function checkTooLong({ rank, size, world }: Mpi): Promise<void> {
  const partner = rank ^ 1;
  if (partner < size) {
    if (rank < partner) world.blocking.send(new Float64Array(8), { to: partner, tag: 3 });
    else {
      await assert.rejects(
        world.start.receive(new Float64Array(7), { from: partner, tag: 3 }).wait(),
        (error) =>
          error instanceof MpiError &&
          error.rank === rank &&
          error.call === "MPI_Irecv" &&
          /truncated/i.test(error.message) &&
          !error.message.includes("\n"),
      );
    }
  }
  await finish(world.start.barrier());
}

function refuseBadArguments({ size, world }: Mpi): void {
  const array = new Int32Array(1);
  for (const operations of [world.blocking, world.start]) {
    for (const to of [-1, size, 1.5]) assert.throws(() => operations.send(array, { to, tag: 0 }), RangeError);
    for (const tag of [-1, 32_768, 0.5]) assert.throws(() => operations.send(array, { to: 0, tag }), RangeError);
    assert.throws(() => operations.receive(array, { from: size, tag: 0 }), RangeError);
    assert.throws(() => operations.receive("text" as never, { from: 0, tag: 0 }), TypeError);
  }
}
