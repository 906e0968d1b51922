// `gossamer infer` as one of several ranks: started by mpirun, mpiexec or srun. Rank 0 prints; trouble is told once, by the
// rank that has it. Launchers end a job as soon as one of its ranks ends badly, and may drop what the others still want to
// say, so whoever is not the one to speak waits to be ended.

import { hostname } from "node:os";
import { setTimeout } from "node:timers/promises";
import { reporterOf } from "../../cluster/agree.ts";
import { openMpiWorld } from "../../cluster/mpi-world.ts";
import { allgatherValues, type World } from "../../cluster/world.ts";
import { GossamerError, RankError } from "../../core/errors.ts";
import { findLauncher } from "../../mpi/launcher.ts";
import type { Mpi } from "../../mpi/mpi.ts";
import type { CommandContext } from "./context.ts";
import { exitStatusOf } from "./exit.ts";

/** Ranks that fail alike without having told each other: all but rank 0 speak so much later. */
const GIVE_WAY_MS = 2_500;
/** A launcher that ends a job sends SIGTERM, and SIGKILL a second later: whoever is still there was not meant by that. */
const INTERRUPTED_MS = 1_100;
/** Ranks that know that another one ends the job wait so long for it. */
const END_MS = 3_000;

/**
 * Opens MPI, does `work` as a rank, and closes MPI. After an error MPI stays open, so that the job ends with this
 * process (mpi/mpi.ts): with the status that the error has where all ranks have it, else with that of a failed rank.
 */
export async function asRank(context: CommandContext, work: (world: World) => Promise<void>): Promise<void> {
  using mpi = await openOrGiveWay(context.signal);
  const world = await openMpiWorld(mpi.world, mpi.host, { signal: context.signal });
  try {
    await work(world);
    await announceClosing(world, context.status);
    mpi.close();
  } catch (error) {
    const reporter = reporterOf(error);
    if (world.size === 1 || reporter === world.rank) throw error;
    if (reporter === null) throw await nameRank(error, world, context.signal);
    await setTimeout(END_MS);
    context.setStatus(exitStatusOf(error));
  }
}

/** All ranks are done: the parent (bin/child.mjs) cuts off an MPI_Finalize that does not end. */
async function announceClosing(world: World, closing: number): Promise<void> {
  await allgatherValues(world, null);
  await new Promise<void>((resolve) => {
    if (process.send === undefined) resolve();
    else process.send({ closing }, () => resolve());
  });
}

async function openOrGiveWay(signal: AbortSignal): Promise<Mpi> {
  const { openMpi } = await import("../../mpi/mpi.ts");
  try {
    return openMpi();
  } catch (error) {
    const rank = await giveWay(signal);
    if (rank === 0 || !(error instanceof GossamerError)) throw error;
    throw new RankError(rank, hostname(), error.message, { cause: error });
  }
}

/** Before the ranks know each other: lets rank 0 speak first. @returns this process's rank, 0 outside of a launcher */
export async function giveWay(signal: AbortSignal): Promise<number> {
  const rank = findLauncher(process.env)?.rank ?? 0;
  if (rank > 0) await pause(GIVE_WAY_MS, signal);
  return rank;
}

/** An error of one rank alone says whose it is, when others had the time to say the same. */
async function nameRank(error: unknown, world: World, signal: AbortSignal): Promise<unknown> {
  const isFirst = world.rank === 0;
  const isInterrupted = error instanceof GossamerError && error.code === "interrupted";
  if (isInterrupted) await setTimeout(INTERRUPTED_MS + (isFirst ? 0 : INTERRUPTED_MS / 8));
  else if (!isFirst) await pause(GIVE_WAY_MS, signal);
  if (error instanceof RankError || !(error instanceof Error) || (isInterrupted && isFirst)) return error;
  const problem = isInterrupted ? "interrupted" : error.message;
  return new RankError(world.rank, world.hosts[world.rank] ?? "?", problem, { cause: error });
}

/** Whoever is told to end meanwhile waits for the launcher to do it. */
async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  await setTimeout(milliseconds, null, { signal }).catch(() => setTimeout(INTERRUPTED_MS));
}
