// Communicators that are split off, duplicated and freed.

import assert from "node:assert/strict";
import type { Mpi } from "../mpi.ts";

export function run(mpi: Mpi): void {
  const { rank, size, world } = mpi;
  assert.equal(mpi.openCommunicatorCount, 0);
  {
    // Even and odd ranks, each in reverse order.
    using half = world.split(rank % 2, -rank);
    assert.ok(half !== null);
    const members = Array.from({ length: size }, (_, r) => r).filter((r) => r % 2 === rank % 2);
    assert.deepEqual([half.size, half.rank], [members.length, members.toReversed().indexOf(rank)]);
    const sum = new Int32Array([rank]);
    half.blocking.allreduce(sum, "sum");
    assert.equal(
      sum[0],
      members.reduce((a, b) => a + b),
    );
    // A split of a split, as a grid needs it.
    using alone = half.split(half.rank, 0);
    assert.deepEqual([alone?.size, alone?.rank], [1, 0]);
    assert.equal(mpi.openCommunicatorCount, 2);
  }
  assert.equal(mpi.openCommunicatorCount, 0);

  using first = world.split(rank === 0 ? 0 : null, 0);
  assert.equal(first === null, rank !== 0);

  using host = world.splitByHost();
  assert.deepEqual([host.size, host.rank], [size, rank]);

  const twin = world.duplicate();
  // The same source and tag, yet another world: the messages do not mix.
  const next = { to: (rank + 1) % size, tag: 5 };
  const before = { from: (rank + size - 1) % size, tag: 5 };
  const [one, two] = [new Int32Array(1), new Int32Array(1)];
  const sent = [twin.start.send(new Int32Array([2]), next), world.start.send(new Int32Array([1]), next)];
  world.blocking.receive(one, before);
  twin.blocking.receive(two, before);
  for (const request of sent) request.waitBlocking();
  assert.deepEqual([one[0], two[0]], [1, 2]);
  twin[Symbol.dispose]();
  twin[Symbol.dispose]();
  assert.throws(() => twin.blocking.barrier(), /was freed/);
  world[Symbol.dispose]();
  world.blocking.barrier();
}
