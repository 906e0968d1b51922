// Waiting: for one, for all, in both forms, with a time limit, with a signal, and with the event loop turning.

import assert from "node:assert/strict";
import { InterruptedError, MpiError } from "../../core/errors.ts";
import type { Mpi } from "../mpi.ts";
import { Request } from "../request.ts";

const LATE_MS = 150;

export async function run(mpi: Mpi): Promise<void> {
  await waitForAll(mpi);
  await givesUp(mpi);
  await keepsTurning(mpi);
  await failsAmongOthers(mpi);
  assert.equal(mpi.pendingCount, 0);
}

async function waitForAll({ rank, size, world }: Mpi): Promise<void> {
  for (const form of ["event loop", "blocking"]) {
    const arrays = Array.from({ length: size }, () => new Int32Array(1));
    const received = arrays.map((array, from) => world.start.receive(array, { from, tag: 11 }));
    const sent = arrays.map((_, to) => world.start.send(new Int32Array([100 * rank + to]), { to, tag: 11 }));
    const envelopes = form === "blocking" ? Request.allBlocking(received) : await Request.all(received);
    if (form === "blocking") Request.allBlocking(sent);
    else await Request.all(sent);
    assert.deepEqual(
      envelopes,
      arrays.map((_, from) => ({ from, tag: 11, count: 1 })),
    );
    assert.deepEqual(
      arrays.map(([value]) => value),
      arrays.map((_, from) => 100 * from + rank),
    );
    // Complete ones may be asked again.
    assert.ok(received.every((request) => request.isComplete && request.test()));
    assert.equal((await Request.all(received)).length, size);
    assert.equal(received[0].waitBlocking().from, 0);
  }
  assert.deepEqual([await Request.all([]), Request.allBlocking([])], [[], []]);
}

/** What nobody sends is not waited for longer than one wants; the operation goes on. */
async function givesUp(mpi: Mpi): Promise<void> {
  const { rank, world } = mpi;
  const array = new Int32Array(1);
  const request = world.start.receive(array, { from: rank, tag: 12 });
  assert.throws(() => request.value, /not complete/);
  await assert.rejects(
    request.wait({ timeoutMs: 30 }),
    (error) => error instanceof MpiError && error.rank === rank && /MPI_Irecv: nothing after 30 ms/.test(error.message),
  );
  await assert.rejects(Request.all([request], { timeoutMs: 5 }), MpiError);
  await assert.rejects(request.wait({ signal: AbortSignal.abort() }), InterruptedError);
  await assert.rejects(request.wait({ signal: AbortSignal.timeout(30) }), InterruptedError);
  assert.equal(mpi.pendingCount, 1);
  assert.throws(() => mpi.close(), /1 started operations are not complete/);
  await world.start.send(new Int32Array([5]), { to: rank, tag: 12 }).wait();
  await request.wait({ timeoutMs: 20_000 });
  assert.equal(array[0], 5);
}

/** While rank 0 lets the others wait, their timers run. */
async function keepsTurning({ rank, size, world }: Mpi): Promise<void> {
  if (rank === 0) await new Promise((resolve) => setTimeout(resolve, LATE_MS));
  let ticks = 0;
  const timer = setInterval(() => ticks++, 5);
  const started = performance.now();
  await world.start.barrier().wait();
  clearInterval(timer);
  const waited = performance.now() - started;
  if (rank > 0 && size > 1 && waited > LATE_MS / 2) assert.ok(ticks >= 3, `${ticks} ticks in ${waited} ms`);
}

/** One of several fails: its error comes, and the others are complete. */
async function failsAmongOthers(mpi: Mpi): Promise<void> {
  const { rank, world } = mpi;
  const sent = [3, 1].map((length, tag) => world.start.send(new Int32Array(length), { to: rank, tag: 20 + tag }));
  const received = [1, 1].map((length, tag) =>
    world.start.receive(new Int32Array(length), { from: rank, tag: 20 + tag }),
  );
  await assert.rejects(Request.all(received, { timeoutMs: 20_000 }), MpiError);
  // Depending on the order of arrival the second is complete, or goes on.
  await received[1].wait({ timeoutMs: 20_000 });
  await Request.all(sent, { timeoutMs: 20_000 });
  assert.equal(mpi.pendingCount, 0);
}
