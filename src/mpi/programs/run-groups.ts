// The test program of the binding: every rank runs each group of checks and says so. Started under mpiexec.

import { openMpi } from "../mpi.ts";
import { run as runCollectives } from "./collectives.ts";
import { run as runCommunicators } from "./communicators.ts";
import { run as runMessages } from "./messages.ts";
import { run as runRequests } from "./requests.ts";
import { run as runSession } from "./session.ts";

const GROUPS = {
  session: runSession,
  collectives: runCollectives,
  messages: runMessages,
  communicators: runCommunicators,
  requests: runRequests,
};

using mpi = openMpi();
for (const [name, run] of Object.entries(GROUPS)) {
  await run(mpi);
  console.log(`rank ${mpi.rank} of ${mpi.size}: ${name} ok`);
}
mpi.close();
mpi.close();
