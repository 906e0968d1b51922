// Which rank a launcher of MPI gave to this process, read from its environment alone. The full story, with libraries and
// numbers of ranks, is src/mpi/launcher.ts; a test compares the two. Plain JavaScript that any Node since 12 reads.

/** Each launcher's variable: Open MPI; Hydra and srun --mpi=pmi2; srun --mpi=pmix and prun. */
const RANK_VARIABLES = ["OMPI_COMM_WORLD_RANK", "PMI_RANK", "PMIX_RANK"];
/** Signs of a launcher that tell no rank by themselves. */
const OTHER_SIGNS = ["OMPI_COMM_WORLD_SIZE", "MPI_LOCALNRANKS", "PMIX_NAMESPACE"];

/** The rank as the launcher wrote it, "?" where only the library will know it, null for a plain run. */
export function findLauncherRank(env) {
  if (env.GOSSAMER_MPI === "none") return null;
  const isSlurmStep = env.SLURM_STEP_ID !== undefined && Number(env.SLURM_STEP_NUM_TASKS) > 1;
  const names = isSlurmStep ? [...RANK_VARIABLES, "SLURM_PROCID"] : RANK_VARIABLES;
  const name = names.find((variable) => env[variable] !== undefined);
  if (name !== undefined) return env[name];
  return OTHER_SIGNS.some((variable) => env[variable] !== undefined) ? "?" : null;
}
