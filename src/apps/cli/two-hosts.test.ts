// Plan: four ranks on two hosts joined by a wire (scripts/try-hosts.sh: network namespaces, TCP), with Open MPI and
// MPICH: categories and activations are those of one process, both hosts are in the record, and with Open MPI messages went
// over the wire; a rank that is killed on the other host ends the job and is named with its host. Neither process nor host is left.

import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, test, type TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { randomInputs } from "../../data/generate/random-inputs.ts";
import { writeInputs } from "../../data/write-inputs.ts";
import { MPI_FAMILIES, type MpiFamily } from "../../mpi/abi/abi.ts";
import { runGossamer } from "../../testing/command.ts";
import { type JobRun, requireMpi } from "../../testing/mpi-run.ts";
import { findRankProcesses, waitForChild } from "../../testing/rank-processes.ts";
import { writeSmallModel } from "../../testing/small-model.ts";
import { makeTemporaryFolder } from "../../testing/temporary-folder.ts";

const REPOSITORY = fileURLToPath(new URL("../../..", import.meta.url));
const SCRIPT = join(REPOSITORY, "scripts/try-hosts.sh");
const LIMIT_MS = 90_000;
/** From the loss of a rank to the end of the job. */
const LIMIT_SECONDS = 10;

const folder = makeTemporaryFolder("two-hosts");
after(() => folder[Symbol.dispose]());
const model = await writeSmallModel(folder.path);
const many = join(folder.path, "many.safetensors");
await writeInputs(many, randomInputs({ rows: 100_000, features: 256, density: 0.15, seed: 1 }));

/** Whether hosts can be made here; the test is skipped where not. */
function canMakeHosts(t: TestContext): boolean {
  const name = `gossamer-probe-${process.pid}`;
  const made = spawnSync("ip", ["netns", "add", name], { encoding: "utf8" });
  const named = spawnSync("ip", ["netns", "exec", name, "unshare", "--uts", "hostname", "probe"], { encoding: "utf8" });
  spawnSync("ip", ["netns", "delete", name]);
  if (made.status === 0 && named.status === 0) return true;
  const why = made.error?.message ?? `${made.stderr}${named.stderr}`.split("\n")[0];
  t.diagnostic(`skipped: no hosts can be made here (root and iproute2 are needed): ${why}`);
  t.skip("no hosts can be made here");
  return false;
}

interface HostsRun extends Omit<JobRun, "seconds"> {
  /** Of the script: its hosts are named by it. */
  readonly pid: number;
}

function runOnHosts(
  family: MpiFamily,
  args: readonly string[],
  onStart?: (job: ChildProcess) => Promise<void>,
): Promise<HostsRun> {
  const command = [family, process.execPath, join(REPOSITORY, "bin/gossamer.mjs"), ...args];
  const env = { ...process.env };
  for (const name of ["NODE_TEST_CONTEXT", "GOSSAMER_MPI"]) Reflect.deleteProperty(env, name);
  const job = spawn(SCRIPT, command, { env, stdio: ["ignore", "pipe", "pipe"], timeout: LIMIT_MS });
  const said = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    job[name].setEncoding("utf8").on("data", (text: string) => {
      said[name] += text;
    });
  }
  return new Promise((resolve, reject) => {
    job.on("error", reject);
    job.on("close", (status) => resolve({ status, ...said, pid: job.pid ?? -1 }));
    onStart?.(job).catch(reject);
  });
}

interface Record {
  readonly categories: { readonly sha256: string; readonly count: number };
  readonly ranks: readonly { readonly host: string; readonly bytesSent: number }[];
}

for (const family of MPI_FAMILIES) {
  test(`${family}: four ranks on two hosts`, async (t) => {
    if (requireMpi(t, family) === null || !canMakeHosts(t)) return;
    const infer = ["infer", model.networkPath, "--input", model.inputsPath, "--workers", "1", "--json", "--quiet"];
    const alone = await runGossamer([...infer, "--output", join(folder.path, "alone.bin")]);
    const path = join(folder.path, `${family}.bin`);
    const run = await runOnHosts(family, [...infer, "--hash", "input", "--output", path]);
    assert.equal(run.status, 0, run.stderr);
    const record = JSON.parse(run.stdout) as Record;
    assert.deepEqual(record.categories, (JSON.parse(alone.stdout) as Record).categories);
    assert.deepEqual(readFileSync(path), readFileSync(join(folder.path, "alone.bin")));
    const hosts = record.ranks.map((rank) => rank.host);
    assert.deepEqual(hosts, ["gossamer-a", "gossamer-a", "gossamer-b", "gossamer-b"]);
    const wires = Array.from(run.stderr.matchAll(/gossamer-([ab]) sent (\d+) bytes over the wire/g));
    t.diagnostic(wires.map(([line]) => line).join(", "));
    assert.equal(wires.length, 2, run.stderr);
    // Each rank tells each of the two on the other host its rows at the very least. MPICH's UCX may see that both hosts are
    // one machine, and take its shared memory.
    const leastBytes = family === "open-mpi" ? readFileSync(model.inputsPath).byteLength / 8 : 0;
    assert.ok(
      wires.every(([, , bytes]) => Number(bytes) > leastBytes),
      run.stderr,
    );
    assertNoHosts(run.pid);
  });

  test(`${family}: a rank on the other host is killed`, async (t) => {
    if (requireMpi(t, family) === null || !canMakeHosts(t)) return;
    let killed = 0;
    const slow = ["--workers", "1", "--rows", "all", "--kernel", "js", "--quiet"];
    const run = await runOnHosts(family, ["infer", model.networkPath, "--input", many, ...slow], async (job) => {
      const child = await waitForChild(job, folder.path, 3);
      if (child === null) return;
      await sleep(2_000);
      killed = performance.now();
      process.kill(child, "SIGKILL");
    });
    assert.ok(killed > 0, `ended with ${run.status} before rank 3 was seen: ${run.stderr}`);
    const seconds = (performance.now() - killed) / 1000;
    t.diagnostic(`ended after ${seconds.toFixed(2)} s`);
    assert.match(run.stderr, /^gossamer: rank 3 on gossamer-b was killed by SIGKILL$/m);
    assert.equal(run.status, 5, run.stderr);
    assert.ok(seconds < LIMIT_SECONDS, `ended after ${seconds} s`);
    assert.deepEqual(findRankProcesses(folder.path), []);
    assertNoHosts(run.pid);
  });
}

function assertNoHosts(pid: number): void {
  const { stdout } = spawnSync("ip", ["netns", "list"], { encoding: "utf8" });
  assert.ok(!stdout.includes(`gossamer-${pid}-`), stdout);
}
