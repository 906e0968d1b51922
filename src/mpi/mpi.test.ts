// The binding under mpiexec, with each library. Plan: (1) every group of calls on 1 to 4 ranks, where every rank must say
// that it passed; (2) a rank that leaves in any way (error, exit, abort, SIGKILL, hang, a mismatched message) while the
// others wait with the event loop, with a limit, or blocked: the job ends in seconds with the status that says so, and
// no process is left; (3) SIGTERM to mpiexec; (4) the wrong library, an unknown one. The groups stand in programs/.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { requireMpi, runRanks } from "../testing/mpi-run.ts";
import { MPI_FAMILIES, type MpiFamily } from "./abi/abi.ts";

const GROUPS = ["session", "collectives", "messages", "communicators", "requests"];

for (const family of MPI_FAMILIES) {
  for (const ranks of [1, 2, 3, 4]) {
    test(`${family}: every call on ${ranks} ranks`, async (t) => {
      const runtime = requireMpi(t, family);
      if (runtime === null) return;
      const run = await runRanks(runtime, ranks, "run-groups");
      assert.equal(run.status, 0, run.stderr);
      for (const group of GROUPS) {
        const count = run.stdout.split("\n").filter((line) => line.endsWith(`of ${ranks}: ${group} ok`)).length;
        assert.equal(count, ranks, `${group} passed on ${count} ranks\n${run.stdout}${run.stderr}`);
      }
    });
  }
}

/** Open MPI gives 128 + signal for a killed rank, Hydra the number of the signal. */
const KILLED: Readonly<Record<MpiFamily, number>> = { "open-mpi": 137, mpich: 9 };

const LEAVINGS: readonly (readonly [how: string, waiting: string, status: number | typeof KILLED, says: RegExp])[] = [
  ["stay", "with-events", 0, /^/],
  ["throw", "with-events", 1, /rank 2 failed: Error: thrown on purpose/],
  ["throw", "blocked", 1, /rank 2 failed: Error: thrown on purpose/],
  ["exit", "with-events", 3, /^/],
  ["exit-0", "with-events", 5, /rank 2 ended without closing MPI/],
  ["abort", "blocked", 7, /^/],
  ["kill", "blocked", KILLED, /^/],
  ["hang", "with-limit", 1, /MpiError: rank [01]: MPI_Ibarrier: nothing after 500 ms/],
  ["mismatch", "with-events", 1, /MpiError: rank 2: MPI_Recv: .*truncate/i],
];
const LEAVING_LIMIT_S = 20;

for (const family of MPI_FAMILIES) {
  for (const [how, waiting, status, says] of LEAVINGS) {
    test(`${family}: a rank that does "${how}" while others wait ${waiting}`, async (t) => {
      const runtime = requireMpi(t, family);
      if (runtime === null) return;
      const run = await runRanks(runtime, 3, "leave", { args: [how, waiting] });
      const said = `${run.stdout}${run.stderr}`;
      assert.equal(run.status, typeof status === "number" ? status : status[family], said);
      assert.match(said, says);
      assert.ok(run.seconds < LEAVING_LIMIT_S, `${run.seconds} s`);
      await assertNoneLeft(run.stdout, 3);
    });
  }

  test(`${family}: SIGTERM to mpiexec ends every rank`, async (t) => {
    const runtime = requireMpi(t, family);
    if (runtime === null) return;
    let isSent = false;
    const run = await runRanks(runtime, 3, "leave", {
      args: ["hang", "with-events"],
      onOutput(stdout, job) {
        if (isSent || readPids(stdout).length < 3) return;
        isSent = true;
        job.kill("SIGTERM");
      },
    });
    // The status is the launcher's own: Hydra may end with 0 when it is told to stop.
    assert.ok(isSent && run.seconds < LEAVING_LIMIT_S, JSON.stringify(run));
    if (family === "open-mpi") assert.notEqual(run.status, 0, run.stderr);
    await assertNoneLeft(run.stdout, 3);
  });

  test(`${family}: the other family's library sees one rank and is refused`, async (t) => {
    const runtime = requireMpi(t, family);
    const other = family === "mpich" ? "open-mpi" : "mpich";
    if (runtime === null || requireMpi(t, other) === null) return;
    const run = await runRanks(runtime, 2, "run-groups", { env: { GOSSAMER_MPI: other } });
    assert.equal(run.status, 1, run.stderr);
    assert.match(run.stderr, /started 2 ranks, \S+ sees 1: set GOSSAMER_MPI/);
  });

  test(`${family}: a library that is not there is named`, async (t) => {
    const runtime = requireMpi(t, family);
    if (runtime === null) return;
    const run = await runRanks(runtime, 1, "run-groups", { env: { GOSSAMER_MPI: "/nowhere/libmpi.so" } });
    assert.equal(run.status, 1, run.stderr);
    assert.match(run.stderr, /MpiError: loading MPI: no MPI library could be loaded .* tried \/nowhere\/libmpi\.so \(/);
  });
}

function readPids(stdout: string): number[] {
  return Array.from(stdout.matchAll(/^pid (\d+)$/gm), (match) => Number(match[1]));
}

/** Every rank told its process id; a killed process needs a moment to go. */
async function assertNoneLeft(stdout: string, ranks: number): Promise<void> {
  const pids = readPids(stdout);
  assert.equal(pids.length, ranks, stdout);
  for (let tries = 0; tries < 50 && pids.some(isAlive); tries++) await setTimeout(100);
  assert.deepEqual(pids.filter(isAlive), [], "processes left over");
}

/** A process that has ended waits as a zombie for the system's init, once the launcher that started it has ended. */
function isAlive(pid: number): boolean {
  try {
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}
