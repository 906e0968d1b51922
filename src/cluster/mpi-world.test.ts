// The exchanges of the world of MPI, with each library on 1 to 4 ranks (testing/world-ranks.ts).

import assert from "node:assert/strict";
import { test } from "node:test";
import { MPI_FAMILIES } from "../mpi/abi/abi.ts";
import { requireMpi, runRanks } from "../testing/mpi-run.ts";

for (const family of MPI_FAMILIES) {
  for (const ranks of [1, 2, 3, 4]) {
    test(`${family}: what ranks give each other arrives, ${ranks} ranks`, async (t) => {
      const runtime = requireMpi(t, family);
      if (runtime === null) return;
      const run = await runRanks(runtime, ranks, "testing/world-ranks");
      assert.equal(run.status, 0, run.stderr);
      const passed = run.stdout.split("\n").filter((line) => line.endsWith(`of ${ranks}: ok`)).length;
      assert.equal(passed, ranks, `${run.stdout}${run.stderr}`);
    });
  }
}
