// `gossamer infer` as one of several ranks: started by mpirun, mpiexec or srun. Rank 0 prints; trouble is printed by the
// rank that has it.

import { reporterOf } from "../../cluster/agree.ts";
import { openMpiWorld } from "../../cluster/mpi-world.ts";
import type { World } from "../../cluster/world.ts";
import { GossamerError, RankError } from "../../core/errors.ts";
import type { CommandContext } from "./context.ts";
import { exitStatusOf } from "./exit.ts";

/**
 * Opens MPI, does `work` as a rank, and closes MPI. An error that all ranks know of ends them all with the same status;
 * any other is this rank's own, and ends the job when the process exits.
 */
export async function asRank(context: CommandContext, work: (world: World) => Promise<void>): Promise<void> {
  const { openMpi } = await import("../../mpi/mpi.ts");
  using mpi = openMpi();
  const world = await openMpiWorld(mpi, context.signal);
  try {
    await work(world);
  } catch (error) {
    const reporter = reporterOf(error);
    if (reporter === null) throw nameRank(error, world);
    mpi.close();
    if (reporter === world.rank) throw error;
    context.setStatus(exitStatusOf(error));
    return;
  }
  mpi.close();
}

/** An error of one rank says whose it is. */
function nameRank(error: unknown, world: World): unknown {
  if (world.size === 1 || error instanceof RankError || !(error instanceof Error)) return error;
  if (error instanceof GossamerError && error.code === "interrupted") return error;
  return new RankError(world.rank, world.hosts[world.rank] ?? "?", error.message, { cause: error });
}
