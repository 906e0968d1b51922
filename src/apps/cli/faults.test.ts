// Plan: a run that breaks on purpose ends soon, with the status of what broke, one line that names it, no half-written
// file and no process left: a worker that throws, exits or hangs; an allocation that fails, first to last; Ctrl-C and
// SIGTERM while inferring and while writing; a full disk. The bound is 2 s from the fault; the limit here is generous,
// because test machines are busy, and the measured time is shown.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { closeSync, openSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { after, test, type TestContext } from "node:test";
import { randomInputs } from "../../data/generate/random-inputs.ts";
import { writeInputs } from "../../data/write-inputs.ts";
import { runGossamer } from "../../testing/command.ts";
import { writeSmallModel } from "../../testing/small-model.ts";
import { makeTemporaryFolder } from "../../testing/temporary-folder.ts";

const LIMIT_SECONDS = 60;

const folder = makeTemporaryFolder("faults");
after(() => folder[Symbol.dispose]());
const model = await writeSmallModel(folder.path);
/** Rows enough for a run of minutes with the slow kernel. */
const manyRows = join(folder.path, "many.safetensors");
await writeInputs(manyRows, randomInputs({ rows: 200_000, features: 256, density: 0.15, seed: 1 }));
const LONG_RUN = ["infer", model.networkPath, "--input", manyRows, "--rows", "all", "--kernel", "js", "--quiet"];
const SHORT_RUN = ["infer", model.networkPath, "--input", model.inputsPath, "--quiet"];

function assertSoon(t: TestContext, seconds: number): void {
  t.diagnostic(`ended after ${seconds.toFixed(2)} s`);
  assert.ok(seconds < LIMIT_SECONDS, `ended after ${seconds} s`);
}

const FAULTS: readonly [fault: string, message: RegExp][] = [
  ["throw:1:5", /^gossamer: worker 1: fault on purpose at beat 5\n$/],
  ["exit:0:5", /^gossamer: worker 0: exited with status 7 before it was done\n$/],
  ["hang:1:5", /^gossamer: worker 1: stopped answering for \d+ ms\n$/],
];

for (const [fault, message] of FAULTS) {
  test(`a worker breaks: ${fault}`, async (t) => {
    const run = await runGossamer([...LONG_RUN, "--workers", "2", "--output", join(folder.path, "out.tsv")], {
      env: { GOSSAMER_FAULT: fault },
    });
    assert.match(run.stderr, message);
    assert.deepEqual([run.status, run.stdout], [5, ""]);
    assertSoon(t, run.seconds);
    assertNothingWritten("out.tsv");
  });
}

test("a fault that is none is wrong usage", async () => {
  const { status, stderr } = await runGossamer(SHORT_RUN, { env: { GOSSAMER_FAULT: "sleep:1:1" } });
  assert.match(stderr, /fault "sleep:1:1", expected KIND:WORKER:BEAT/);
  assert.equal(status, 2);
});

test("an allocation fails, whichever it is", async (t) => {
  let longest = 0;
  let k = 1;
  // Far more than a run makes: the first k that nothing fails at is behind the last allocation.
  for (; k < 10_000; k = Math.ceil(k * 1.7)) {
    const run = await runGossamer(SHORT_RUN, { env: { GOSSAMER_FAIL_ALLOCATION: `${k}` } });
    if (run.status === 0) break;
    assert.match(run.stderr, /^gossamer: no memory for [^\n]+\n$/);
    assert.deepEqual([run.status, run.stdout], [4, ""]);
    longest = Math.max(longest, run.seconds);
  }
  t.diagnostic(`fewer than ${k} allocations, failing ones end within ${longest.toFixed(2)} s`);
  assert.ok(k > 50 && k < 10_000, `the first allocation that does not fail is number ${k}`);
  assertSoon(t, longest);
});

for (const [signal, status] of [
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const) {
  test(`${signal} while workers infer`, async (t) => {
    let sent = 0;
    const run = await runGossamer([...LONG_RUN, "--output", join(folder.path, "out.tsv")], {
      onStart: (child) => {
        // Long after reading is done and long before the run would be.
        setTimeout(() => {
          sent = performance.now();
          child.kill(signal);
        }, 2_000).unref();
      },
    });
    assert.match(run.stderr, /^gossamer: interrupted\n$/);
    assert.deepEqual([run.status, run.stdout], [status, ""]);
    assert.ok(sent > 0, "the run ended before the signal");
    assertSoon(t, (performance.now() - sent) / 1000);
    assertNothingWritten("out.tsv");
  });
}

test("SIGINT while a folder is written leaves nothing of it", async (t) => {
  using place = makeTemporaryFolder("interrupted");
  const args = ["generate", "radixnet", "--neurons", "4096", "--layers", "400", "--output", "network", "--quiet"];
  let sent = 0;
  const run = await runGossamer(args, {
    cwd: place.path,
    onStart: async (child) => {
      while (!readdirSync(place.path).some((name) => name.includes("network"))) await sleep(10);
      sent = performance.now();
      child.kill("SIGINT");
    },
  });
  assert.match(run.stderr, /^gossamer: interrupted\n$/);
  assert.equal(run.status, 130);
  assert.deepEqual(readdirSync(place.path), []);
  assertSoon(t, (performance.now() - sent) / 1000);
});

test("SIGINT while hundreds of millions of entries are drawn", async (t) => {
  const sizes = ["--rows", "2000000", "--features", "1024", "--density", "0.2"];
  let sent = 0;
  const run = await runGossamer(["generate", "random-inputs", ...sizes, "--output", "drawn.bin", "--quiet"], {
    cwd: folder.path,
    onStart: (child) => {
      setTimeout(() => {
        sent = performance.now();
        child.kill("SIGINT");
      }, 2_000).unref();
    },
  });
  assert.match(run.stderr, /^gossamer: interrupted\n$/);
  assert.equal(run.status, 130);
  assertSoon(t, (performance.now() - sent) / 1000);
  assertNothingWritten("drawn.bin");
});

test("a full disk behind stdout", { skip: process.platform !== "linux" }, () => {
  const full = openSync("/dev/full", "w");
  const program = join(import.meta.dirname, "../../../bin/gossamer.mjs");
  const stdio = ["ignore", full, "pipe"] as const;
  const run = spawnSync(process.execPath, [program, ...SHORT_RUN, "--json"], { encoding: "utf8", stdio: [...stdio] });
  closeSync(full);
  assert.deepEqual([run.status, run.stderr], [4, "gossamer: stdout: the disk is full\n"]);
});

test("a full disk: one line, and nothing half-written", async (t) => {
  using place = makeTemporaryFolder("full-disk");
  // A disk of 64 KiB in a mount namespace of its own: it is gone with the shell.
  const script = 'mount -t tmpfs -o size=64k tmpfs "$1" || exit 99; cd "$1"; shift; "$@"; s=$?; ls -A; exit $s';
  const program = [process.execPath, join(import.meta.dirname, "../../../bin/gossamer.mjs")];
  const command = [...program, "generate", "mnist", "--neurons", "1024", "--rows", "2000", "--output", "images.tsv"];
  const shell = ["--user", "--map-root-user", "--mount", "sh", "-c", script, "sh", place.path];
  const { status, stdout, stderr } = spawnSync("unshare", [...shell, ...command, "--quiet"], { encoding: "utf8" });
  if (status === null || status === 99 || !stderr.startsWith("gossamer: ")) {
    t.skip(`no small disk can be mounted here: ${stderr.split("\n")[0] ?? "no unshare"}`);
    return;
  }
  assert.match(stderr, /^gossamer: images\.tsv: the disk is full\n$/);
  assert.deepEqual([status, stdout], [4, ""]);
});

function assertNothingWritten(name: string): void {
  assert.deepEqual(
    readdirSync(folder.path).filter((found) => found.includes(name)),
    [],
  );
}
