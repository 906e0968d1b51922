// A row group under mpiexec, with each library. Plan: (1) on 1 to 4 ranks every engine case, row modes, hashing, several
// workers, few rows, little memory: the bits are those of one process, every output has one owner (testing/grid-ranks.ts);
// (2) one rank fails in reading, in a worker, for want of memory: all fail, the others naming it, and the job ends.

import assert from "node:assert/strict";
import { test } from "node:test";
import { MPI_FAMILIES } from "../../mpi/abi/abi.ts";
import { requireMpi, runRanks } from "../../testing/mpi-run.ts";

/** Twenty inferences a job: seconds on idle cores, a minute on crowded ones. */
const LIMIT_MS = 240_000;

for (const family of MPI_FAMILIES) {
  for (const ranks of family === "open-mpi" ? [1, 2, 3, 4] : [2, 3]) {
    test(`${family}: a group of ${ranks} has the bits of one process`, async (t) => {
      const runtime = requireMpi(t, family);
      if (runtime === null) return;
      const run = await runRanks(runtime, ranks, "testing/grid-ranks", { limitMs: LIMIT_MS });
      assert.equal(run.status, 0, run.stderr);
      for (const what of ["cases", "settings"]) {
        const passed = run.stdout.split("\n").filter((line) => line.endsWith(`of ${ranks}: ${what} ok`)).length;
        assert.equal(passed, ranks, `${what} passed on ${passed} ranks\n${run.stdout}${run.stderr}`);
      }
    });
  }

  const failures: [how: string, said: RegExp][] = [
    ["read", /the file is gone/],
    ["worker", /worker 0: fault on purpose/],
    ["memory", /no memory for/],
  ];
  for (const [how, said] of failures) {
    test(`${family}: a rank that fails (${how}) takes its group along, and is named`, async (t) => {
      const runtime = requireMpi(t, family);
      if (runtime === null) return;
      const run = await runRanks(runtime, 3, "testing/grid-ranks", { args: ["fail", how] });
      assert.equal(run.status, 5, run.stdout + run.stderr);
      for (const rank of [0, 1, 2]) {
        const line = run.stdout.split("\n").find((text) => text.startsWith(`rank ${rank}: `)) ?? "";
        assert.match(line, said, run.stdout + run.stderr);
        if (rank < 2) assert.match(line, /RankError: rank 2 on /);
      }
    });
  }
}
