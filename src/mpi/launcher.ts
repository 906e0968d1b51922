// Which launcher started this process, read from its environment alone, so that a plain run never loads MPI.
// GOSSAMER_MPI overrides: "open-mpi", "mpich", the path of a library, or "none" for a run by itself.

import { MPI_FAMILIES, type MpiFamily } from "./abi/abi.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

export interface Launcher {
  /** What the environment looks like, for messages. */
  readonly name: string;
  /** The family the launcher belongs to, or null when it starts both. */
  readonly family: MpiFamily | null;
  /** Ranks that were started, or null where the environment does not say. */
  readonly rankCount: number | null;
  /** This process's rank, or null where only the library will know it. */
  readonly rank: number | null;
}

interface Sign {
  readonly variable: string;
  readonly name: string;
  readonly family: MpiFamily | null;
  readonly rankCounts: readonly string[];
  readonly rank: string;
}

/** How each launcher shows: the first variable present decides. */
const SIGNS: readonly Sign[] = [
  // mpirun of Open MPI 4 (ORTE) and 5 (PRRTE).
  {
    variable: "OMPI_COMM_WORLD_SIZE",
    name: "mpirun of Open MPI",
    family: "open-mpi",
    rankCounts: ["OMPI_COMM_WORLD_SIZE"],
    rank: "OMPI_COMM_WORLD_RANK",
  },
  // Hydra (MPICH, Intel MPI, MVAPICH), srun --mpi=pmi2, Cray's aprun and PALS.
  {
    variable: "PMI_RANK",
    name: "a launcher with PMI",
    family: "mpich",
    rankCounts: ["PMI_SIZE", "SLURM_STEP_NUM_TASKS"],
    rank: "PMI_RANK",
  },
  {
    variable: "MPI_LOCALNRANKS",
    name: "mpiexec of MPICH",
    family: "mpich",
    rankCounts: ["PMI_SIZE"],
    rank: "PMI_RANK",
  },
  // srun --mpi=pmix and prun; MPICH can be built for PMIx too.
  {
    variable: "PMIX_RANK",
    name: "a launcher with PMIx",
    family: null,
    rankCounts: ["SLURM_STEP_NUM_TASKS"],
    rank: "PMIX_RANK",
  },
  {
    variable: "PMIX_NAMESPACE",
    name: "a launcher with PMIx",
    family: null,
    rankCounts: ["SLURM_STEP_NUM_TASKS"],
    rank: "PMIX_RANK",
  },
];

/** The launcher, or null for a plain run. */
export function findLauncher(env: Environment): Launcher | null {
  if (env["GOSSAMER_MPI"] === "none") return null;
  for (const { variable, name, family, rankCounts, rank } of SIGNS) {
    if (env[variable] === undefined) continue;
    const counts = rankCounts.map((count) => readCount(env[count])).filter((count) => count !== null);
    return { name, family, rankCount: counts[0] ?? null, rank: readNumber(env[rank]) };
  }
  // A step of several tasks without any of the above: srun --mpi=none. The batch script itself has no step.
  const taskCount = env["SLURM_STEP_ID"] === undefined ? null : readCount(env["SLURM_STEP_NUM_TASKS"]);
  if (taskCount !== null && taskCount > 1 && env["SLURM_PROCID"] !== undefined) {
    return { name: "srun", family: null, rankCount: taskCount, rank: readNumber(env["SLURM_PROCID"]) };
  }
  return null;
}

/** Whether this process is one of an MPI run's. */
export function isUnderLauncher(env: Environment): boolean {
  return findLauncher(env) !== null;
}

function readCount(text: string | undefined): number | null {
  const count = readNumber(text);
  return count === 0 ? null : count;
}

function readNumber(text: string | undefined): number | null {
  return text !== undefined && /^(0|[1-9]\d{0,8})$/.test(text) ? Number(text) : null;
}

/** Families in the order in which they are tried. */
export function familiesToTry(launcher: Launcher | null): readonly MpiFamily[] {
  return launcher === null || launcher.family === null ? MPI_FAMILIES : [launcher.family];
}
