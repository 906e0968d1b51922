// What every rank knows of itself and of the library, and what a wrong use is told.

import assert from "node:assert/strict";
import { hostname } from "node:os";
import { MpiError } from "../../core/errors.ts";
import { findLauncher } from "../launcher.ts";
import { type Mpi, openMpi } from "../mpi.ts";

export function run(mpi: Mpi): void {
  const launcher = findLauncher(process.env);
  assert.equal(launcher?.family, mpi.family);
  assert.equal(launcher.rankCount, mpi.size);
  assert.deepEqual([mpi.world.rank, mpi.world.size], [mpi.rank, mpi.size]);
  assert.ok(mpi.rank >= 0 && mpi.rank < mpi.size);
  assert.ok(mpi.host.startsWith(hostname()), mpi.host);
  assert.match(mpi.version, mpi.family === "open-mpi" ? /^Open MPI v\d/ : /^(?:MPICH|Intel|CRAY|MVAPICH)/i);
  assert.equal(mpi.threads, "funneled");
  const before = mpi.now();
  assert.ok(mpi.now() >= before && before >= 0);
  assert.throws(() => openMpi(), /MPI was opened before/);

  // A failing call comes back as an error with the library's text, on one line.
  const { blocking } = mpi.world;
  assert.throws(() => blocking.receive(new Int32Array(1), { from: mpi.size, tag: 0 }), RangeError);
  assert.throws(() => blocking.broadcast(new DataView(new ArrayBuffer(8)) as never, 0), TypeError);
  if (mpi.family === "mpich" || mpi.size === 1) return;
  // Open MPI refuses a float operation on bits before it talks to anyone.
  assert.throws(
    () => blocking.allreduce(new Float32Array(1), "bit-or"),
    (error) =>
      error instanceof MpiError &&
      error.rank === mpi.rank &&
      error.call === "MPI_Allreduce" &&
      /MPI_ERR_OP/.test(error.message) &&
      !error.message.includes("\n"),
  );
}
