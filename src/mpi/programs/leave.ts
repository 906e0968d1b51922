// The last rank leaves in the way that the first argument names, while the others wait for it in the way of the second.
// Each rank prints its process id first, so that a test can see that none is left over.

import { openMpi } from "../mpi.ts";

const [how, waiting] = process.argv.slice(2);
using mpi = openMpi();
console.log(`pid ${process.pid}`);
mpi.world.blocking.barrier();
if (mpi.rank === mpi.size - 1) leave();
switch (waiting) {
  case "with-events":
    await mpi.world.start.barrier().wait();
    break;
  case "with-limit":
    await mpi.world.start.barrier().wait({ timeoutMs: 500 });
    break;
  case "blocked":
    mpi.world.blocking.barrier();
    break;
  default:
    throw new Error(`waiting "${waiting}" is unknown`);
}
mpi.close();

function leave(): void {
  switch (how) {
    case "throw":
      throw new Error("thrown on purpose");
    case "exit":
      return process.exit(3);
    case "exit-0":
      return process.exit(0);
    case "abort":
      return mpi.abort(7);
    case "kill":
      process.kill(process.pid, "SIGKILL");
      return;
    case "hang":
      for (;;);
    case "mismatch":
      // The others take a part in a barrier, this one receives what is longer than its array.
      mpi.world.start.send(new Int32Array(2), { to: mpi.rank, tag: 0 });
      mpi.world.blocking.receive(new Int32Array(1), { from: mpi.rank, tag: 0 });
      return;
    case "stay":
      return;
    default:
      throw new Error(`way "${how}" is unknown`);
  }
}
