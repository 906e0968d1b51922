// Plan: a job of three ranks breaks on purpose, under Open MPI and MPICH: it ends soon, mpiexec has the status of a failed
// rank, one line of ours names rank and machine, no process is left and no file. (1) Trouble of one rank that is found
// while all run: a file that is missing or other, other options, another version, a worker that throws or hangs, memory.
// (2) Trouble that all ranks have alike: the plain line once, the plain status. (3) Processes that are killed: the child
// that works, while reading and while inferring, and the one that the launcher knows. (4) Ctrl-C.
// Not here: what the binding does when a rank leaves (mpi/mpi.test.ts).

import assert from "node:assert/strict";
import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { after, test, type TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { randomInputs } from "../../data/generate/random-inputs.ts";
import { writeInputs } from "../../data/write-inputs.ts";
import { MPI_FAMILIES, type MpiFamily } from "../../mpi/abi/abi.ts";
import { type JobPart, type JobRun, requireMpi, runGossamerParts } from "../../testing/mpi-run.ts";
import { findRankProcesses, hasOpen, type RankProcess, waitForChild } from "../../testing/rank-processes.ts";
import { writeSmallModel } from "../../testing/small-model.ts";
import { makeTemporaryFolder } from "../../testing/temporary-folder.ts";

const REPOSITORY = fileURLToPath(new URL("../../..", import.meta.url));
/** What a job may take from the fault to its end. */
const LIMIT_SECONDS = 10;
/** What six processes may take to start on a busy machine, where a job begins with its fault. */
const START_SECONDS = 30;
const RANKS = 3;

const folder = makeTemporaryFolder("rank-faults");
after(() => folder[Symbol.dispose]());
const model = await writeSmallModel(folder.path);
const others = await writeSmallModel(join(folder.path, "others"));
const target = join(folder.path, "target");
mkdirSync(target);
await writeInputs(others.inputsPath, randomInputs({ rows: 999, features: 256, density: 0.15, seed: 2 }));

const OUTPUTS = ["--output", join(target, "out.tsv"), "--categories", join(target, "categories.tsv"), "--quiet"];
const missing = join(folder.path, "none.tsv");

function infer(network: string, inputs: string, ...more: string[]): string[] {
  return ["infer", network, "--input", inputs, "--workers", "1", ...OUTPUTS, ...more];
}

const GOOD = infer(model.networkPath, model.inputsPath);
const SLOW = infer(model.networkPath, model.inputsPath, "--kernel", "js", "--rows", "all");

/** Rank 1 is the odd one. */
function odd(part: Omit<JobPart, "ranks">, rest: readonly string[] = GOOD): JobPart[] {
  return [
    { ranks: 1, args: rest },
    { ...part, ranks: 1 },
    { ranks: 1, args: rest },
  ];
}

const HOST = hostname();
const ONE_RANK: readonly (readonly [what: string, parts: () => JobPart[], line: RegExp])[] = [
  ["no inputs", () => odd({ args: infer(model.networkPath, missing) }), /\S*none\.tsv: no such file or folder$/],
  [
    "other inputs",
    () => odd({ args: infer(model.networkPath, others.inputsPath) }),
    /has inputs of \d+ bytes \(\w+\), expected \d+ bytes \(\w+\) as rank 0 on \S+ has$/,
  ],
  [
    "another network",
    () => odd({ args: infer(model.folderPath, model.inputsPath, "--bias", "-0.25") }, [...GOOD, "--bias", "-0.25"]),
    /has a network of 12 files, /,
  ],
  ["other options", () => odd({ args: [...GOOD, "--rows", "all"] }), /has the options .*rows="all".*, expected /],
  ["another version", () => odd({ args: GOOD, repository: otherVersion() }), /has version 0\.0\.9, expected /],
  [
    "a worker that throws",
    () => odd({ args: SLOW, env: { GOSSAMER_FAULT: "throw:0:3" } }, SLOW),
    /worker 0: fault on /,
  ],
  ["a worker that hangs", () => odd({ args: SLOW, env: { GOSSAMER_FAULT: "hang:0:3" } }, SLOW), /worker 0: stopped /],
  ["no memory", () => odd({ args: GOOD, env: { GOSSAMER_FAIL_ALLOCATION: "20" } }), /no memory for /],
];

for (const [f, family] of MPI_FAMILIES.entries()) {
  for (const [k, [what, parts, line]] of ONE_RANK.entries()) {
    // What ranks tell each other is the same with both libraries: those cases take turns.
    if (/other/.test(what) && k % 2 !== f) continue;
    test(`${family}: one rank has ${what}`, async (t) => {
      const runtime = requireMpi(t, family);
      if (runtime === null) return;
      const run = await runGossamerParts(runtime, parts());
      assertOneLine(run, 5, new RegExp(`^gossamer: rank 1 on ${HOST}: ${line.source}`));
      await assertNothingLeft(t, run.seconds, START_SECONDS + LIMIT_SECONDS);
    });
  }

  const alike: readonly (readonly [what: string, args: string[], status: number, line: RegExp])[] = [
    ["no inputs", infer(model.networkPath, missing), 3, /^gossamer: \S+none\.tsv: no such file or folder$/],
    [
      "wrong usage",
      [...GOOD, "--strategy", "best"],
      2,
      /^gossamer: option '--strategy <\w+>' argument 'best' is invalid/,
    ],
  ];
  for (const [what, args, status, line] of alike) {
    test(`${family}: all ranks have ${what}`, async (t) => {
      const runtime = requireMpi(t, family);
      if (runtime === null) return;
      const run = await runGossamerParts(runtime, [{ ranks: RANKS, args }]);
      assertOneLine(run, status, line);
      await assertNothingLeft(t, run.seconds, START_SECONDS + LIMIT_SECONDS);
    });
  }
}

function isProgram(path: string): boolean {
  return !/\.(test\.js|d\.ts|map|tsbuildinfo)$/.test(path);
}

/** Gossamer as it is, but for its version. */
function otherVersion(): string {
  const copy = join(folder.path, "other-version");
  const facts = JSON.parse(readFileSync(join(REPOSITORY, "package.json"), "utf8")) as object;
  cpSync(join(REPOSITORY, "bin"), join(copy, "bin"), { recursive: true });
  cpSync(join(REPOSITORY, "dist"), join(copy, "dist"), { recursive: true, filter: isProgram });
  try {
    symlinkSync(join(REPOSITORY, "node_modules"), join(copy, "node_modules"));
  } catch {
    // The test before has made it.
  }
  writeFileSync(join(copy, "package.json"), JSON.stringify({ ...facts, version: "0.0.9" }));
  return copy;
}

const manyText = join(folder.path, "many.tsv");
const many = join(folder.path, "many.safetensors");
if (process.platform === "linux") {
  await writeInputs(manyText, randomInputs({ rows: 100_000, features: 256, density: 0.15, seed: 1 }));
  await writeInputs(many, randomInputs({ rows: 200_000, features: 256, density: 0.15, seed: 1 }));
}

/** Long after reading is done, and long before the run would be. */
const INFERRING_MS = 1_500;

interface Blow {
  readonly what: string;
  readonly inputs: string;
  readonly when: "reading" | "inferring";
  readonly signal: NodeJS.Signals;
  readonly role: RankProcess["role"] | "launcher";
  readonly status: number | Readonly<Record<MpiFamily, number>>;
  readonly line: RegExp | null;
}

const KILLED = /^gossamer: rank 2 on \S+ was killed by SIGKILL$/;
const BLOWS: readonly Blow[] = [
  {
    what: "the working process is killed while reading",
    inputs: manyText,
    when: "reading",
    signal: "SIGKILL",
    role: "child",
    status: 5,
    line: KILLED,
  },
  {
    what: "the working process is killed while inferring",
    inputs: many,
    when: "inferring",
    signal: "SIGKILL",
    role: "child",
    status: 5,
    line: KILLED,
  },
  {
    what: "the launched process is killed",
    inputs: many,
    when: "inferring",
    signal: "SIGKILL",
    role: "parent",
    // Open MPI sees the signal itself.
    status: { "open-mpi": 137, mpich: 5 },
    line: null,
  },
  {
    what: "Ctrl-C",
    inputs: many,
    when: "inferring",
    signal: "SIGINT",
    role: "launcher",
    // Open MPI ends all ranks in its own way, and says so with 1.
    status: { "open-mpi": 1, mpich: 130 },
    line: null,
  },
];

for (const family of MPI_FAMILIES) {
  for (const { what, inputs, when, signal, role, status, line } of BLOWS) {
    test(`${family}: ${what}`, { skip: process.platform !== "linux" }, async (t) => {
      const runtime = requireMpi(t, family);
      if (runtime === null) return;
      let sent = 0;
      const args = infer(model.networkPath, inputs, "--rows", "all", "--kernel", "js");
      const run = await runGossamerParts(runtime, [{ ranks: RANKS, args }], {
        onStart: async (job) => {
          const victim = await waitForChild(job, folder.path, 2, (pid) => hasOpen(pid, inputs));
          if (victim === null) return;
          if (when === "inferring") await sleep(INFERRING_MS);
          sent = performance.now();
          const pid = role === "launcher" ? job.pid : pidOf(victim, role);
          process.kill(pid ?? victim, signal);
        },
      });
      assert.ok(sent > 0, `ended with ${run.status} after ${run.seconds} s, before rank 2 was seen: ${run.stderr}`);
      const seconds = (performance.now() - sent) / 1000;
      const expected = typeof status === "number" ? status : status[family];
      if (line !== null) assertOneLine(run, expected, line);
      assert.equal(run.status, expected, run.stderr);
      // Hydra says there that it has heard Ctrl-C.
      if (role !== "launcher") assert.equal(run.stdout, "");
      await assertNothingLeft(t, seconds);
    });
  }
}

function pidOf(child: number, role: RankProcess["role"]): number | undefined {
  const all = findRankProcesses(folder.path);
  const rank = all.find((one) => one.pid === child)?.rank;
  return all.find((one) => one.rank === rank && one.role === role)?.pid;
}

/** One line of ours; launchers add words of their own. */
function assertOneLine(run: JobRun, status: number, line: RegExp): void {
  const ours = run.stderr.split("\n").filter((text) => text.startsWith("gossamer: "));
  assert.equal(ours.length, 1, run.stderr);
  assert.match(ours[0] ?? "", line);
  assert.deepEqual([run.status, run.stdout], [status, ""], run.stderr);
}

/** No process and no file; a killed process needs a moment to go. */
async function assertNothingLeft(t: TestContext, seconds: number, limit = LIMIT_SECONDS): Promise<void> {
  t.diagnostic(`ended after ${seconds.toFixed(2)} s`);
  assert.ok(seconds < limit, `ended after ${seconds} s`);
  for (let tries = 0; tries < 50 && findRankProcesses(folder.path).length > 0; tries++) await sleep(100);
  assert.deepEqual(findRankProcesses(folder.path), []);
  assert.deepEqual(readdirSync(target), []);
}
