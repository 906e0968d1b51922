// Plan: environments as the launchers set them, and what is read from them: the launcher, its family, the ranks, the
// libraries tried. Environments that only look like MPI (a Slurm batch script, a shell in an allocation) are plain runs.

import assert from "node:assert/strict";
import { test } from "node:test";
import { findLauncher, isUnderLauncher } from "./launcher.ts";
import { libraryNamesToTry } from "./library.ts";

const { findLauncherRank } = (await import(new URL("../../bin/launcher-rank.mjs", import.meta.url).href)) as {
  findLauncherRank: (env: Record<string, string>) => string | null;
};

const OPEN_MPI = ["libmpi.so.40"];
const MPICH = ["libmpi.so.12", "libmpich.so.12", "libmpi_cray.so.12"];
const BOTH = [...OPEN_MPI, ...MPICH];

type Row = [what: string, env: Record<string, string>, ranks: number | null | "plain", names: readonly string[]];
const ENVIRONMENTS: readonly Row[] = [
  ["nothing", {}, "plain", BOTH],
  ["Open MPI", { OMPI_COMM_WORLD_SIZE: "4", OMPI_COMM_WORLD_RANK: "1", PMIX_NAMESPACE: "7" }, 4, OPEN_MPI],
  ["Open MPI in a Slurm job", { SLURM_JOB_ID: "1", SLURM_PROCID: "0", OMPI_COMM_WORLD_SIZE: "8" }, 8, OPEN_MPI],
  ["Hydra", { PMI_RANK: "0", PMI_SIZE: "3", PMI_FD: "6", MPI_LOCALNRANKS: "3" }, 3, MPICH],
  ["Hydra with one rank", { PMI_RANK: "0", PMI_SIZE: "1" }, 1, MPICH],
  ["Hydra without PMI_RANK", { MPI_LOCALNRANKS: "2", PMI_SIZE: "2" }, 2, MPICH],
  ["srun --mpi=pmi2", { PMI_RANK: "3", SLURM_STEP_ID: "0", SLURM_STEP_NUM_TASKS: "4", SLURM_PROCID: "3" }, 4, MPICH],
  ["srun --mpi=pmix", { PMIX_RANK: "0", SLURM_STEP_ID: "0", SLURM_STEP_NUM_TASKS: "2", SLURM_PROCID: "0" }, 2, BOTH],
  ["prun", { PMIX_NAMESPACE: "prte-1@1" }, null, BOTH],
  ["srun --mpi=none", { SLURM_STEP_ID: "0", SLURM_STEP_NUM_TASKS: "2", SLURM_PROCID: "1" }, 2, BOTH],
  ["a batch script", { SLURM_JOB_ID: "1", SLURM_NTASKS: "4", SLURM_PROCID: "0" }, "plain", BOTH],
  ["a shell of salloc", { SLURM_STEP_ID: "4294967290", SLURM_STEP_NUM_TASKS: "1", SLURM_PROCID: "0" }, "plain", BOTH],
  ["a broken count", { OMPI_COMM_WORLD_SIZE: "four" }, null, OPEN_MPI],
  ["the other library", { OMPI_COMM_WORLD_SIZE: "2", GOSSAMER_MPI: "mpich" }, 2, MPICH],
  ["a path", { PMI_RANK: "0", PMI_SIZE: "2", GOSSAMER_MPI: "/opt/mpi/libmpi.so" }, 2, ["/opt/mpi/libmpi.so"]],
  ["a run by itself", { OMPI_COMM_WORLD_SIZE: "2", GOSSAMER_MPI: "none" }, "plain", BOTH],
  ["a family without launcher", { GOSSAMER_MPI: "open-mpi" }, "plain", OPEN_MPI],
];

for (const [what, env, ranks, names] of ENVIRONMENTS) {
  test(`the environment of ${what}`, () => {
    const launcher = findLauncher(env);
    assert.equal(isUnderLauncher(env), ranks !== "plain");
    assert.equal(launcher === null ? "plain" : launcher.rankCount, ranks);
    assert.deepEqual(libraryNamesToTry(env), names);
    // bin/ must know without what is built.
    assert.equal(findLauncherRank(env), launcher === null ? null : `${launcher.rank ?? "?"}`);
  });
}

test("an unknown GOSSAMER_MPI is refused with what is known", () => {
  assert.throws(() => libraryNamesToTry({ GOSSAMER_MPI: "mvapich" }), {
    name: "UsageError",
    message: 'GOSSAMER_MPI is "mvapich", expected open-mpi, mpich, none or the path of a library',
  });
});
