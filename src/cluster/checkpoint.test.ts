// Checkpoints. Plan: a run that is killed leaves a state; the same command goes on from it, with as many ranks, more,
// fewer and one process without MPI, also where the pool takes few rows, and gives the bytes of a run that nothing
// ended; the folder is empty afterwards. A state of another run, a damaged or missing file are refused with their names.

import type { ChildProcess } from "node:child_process";
import assert from "node:assert/strict";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, test } from "node:test";
import { randomInputs } from "../data/generate/random-inputs.ts";
import { radixNetLayers } from "../data/generate/radix-net.ts";
import { writeInputs } from "../data/write-inputs.ts";
import { writeNetwork } from "../data/write-network.ts";
import { makeNetwork } from "../network/network.ts";
import type { RunRecord } from "../report/run-record.ts";
import { type CommandRun, runGossamer } from "../testing/command.ts";
import { requireMpi, runGossamerRanks } from "../testing/mpi-run.ts";
import { makeTemporaryFolder } from "../testing/temporary-folder.ts";

const FOLDER = makeTemporaryFolder("checkpoint");
process.on("exit", () => FOLDER[Symbol.dispose]());
const pathOf = (name: string): string => join(FOLDER.path, name);

let model: { readonly network: string; readonly inputs: string };
let serial = 0;

/** Slow kernels, so that there is time to end a run between its first cut and its end. */
function argsOf(checkpoint: string, output: string, rows: string): string[] {
  const files = [model.network, "--input", model.inputs, "--checkpoint", checkpoint, "--output", output];
  const how = ["--kernel", "js", "--rows", rows, "--checkpoint-seconds", "0", "--workers", "1", "--quiet", "--json"];
  return ["infer", ...files, ...how];
}

before(async () => {
  model = { network: pathOf("network.safetensors"), inputs: pathOf("rows.safetensors") };
  const layers = radixNetLayers({ neurons: 256, layers: 40, seed: 1, permute: true, bias: -0.25 });
  await writeNetwork(model.network, makeNetwork(Array.from(layers)));
  await writeInputs(model.inputs, randomInputs({ rows: 4000, features: 256, density: 0.15, seed: 1 }));
  const args = ["infer", model.network, "--input", model.inputs, "--output", pathOf("expected.tsv"), "--kernel", "js"];
  assert.equal((await runGossamer([...args, "--quiet"])).status, 0);
});

const ATTEMPTS = 5;

/** Ends a run as soon as it has saved a state; `start` runs it, with the folder and what is to be done with its process. */
async function interrupt(
  start: (folder: string, onStart: (child: ChildProcess) => void) => Promise<{ readonly status: number | null }>,
  signal: NodeJS.Signals,
): Promise<string> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const folder = pathOf(`state-${serial++}`);
    let timer: NodeJS.Timeout | undefined;
    const run = await start(folder, (child) => {
      timer = setInterval(() => {
        if (existsSync(join(folder, "state.json"))) child.kill(signal);
      }, 1);
    });
    clearInterval(timer);
    assert.ok(!existsSync(pathOf("never.tsv")) || run.status === 0);
    rmSync(pathOf("never.tsv"), { force: true });
    if (run.status !== 0 && existsSync(join(folder, "state.json"))) return folder;
  }
  throw new Error(`in ${ATTEMPTS} attempts no run was ended in time`);
}

function interruptedRun(rows: string): Promise<string> {
  return interrupt((folder, onStart) => runGossamer(argsOf(folder, pathOf("never.tsv"), rows), { onStart }), "SIGKILL");
}

function assertResumed(run: Pick<CommandRun, "status" | "stdout" | "stderr">, folder: string, output: string): void {
  assert.equal(run.status, 0, run.stderr);
  const record = JSON.parse(run.stdout) as RunRecord;
  assert.ok((record.resumedLayer ?? 0) > 0, "the run began anew");
  assert.ok(readFileSync(output).equals(readFileSync(pathOf("expected.tsv"))), "other bytes");
  assert.deepEqual(readdirSync(folder), []);
}

for (const rows of ["distinct", "nonzero", "all"]) {
  test(`a run of ${rows} rows that was ended goes on`, async () => {
    const folder = await interruptedRun(rows);
    const output = pathOf(`resumed-${rows}.tsv`);
    assertResumed(await runGossamer(argsOf(folder, output, rows)), folder, output);
  });
}

for (const family of ["open-mpi", "mpich"] as const) {
  test(`${family}: it goes on with other numbers of ranks`, async (t) => {
    const runtime = requireMpi(t, family);
    if (runtime === null) return;
    const saved = await interruptedRun("distinct");
    for (const ranks of [2, 3]) {
      const folder = pathOf(`state-${family}-${ranks}`);
      cpSync(saved, folder, { recursive: true });
      const output = pathOf(`resumed-${family}-${ranks}.tsv`);
      const args = [...argsOf(folder, output, "distinct"), "--redeal", ranks === 2 ? "always" : "never"];
      assertResumed(await runGossamerRanks(runtime, ranks, args), folder, output);
    }
  });

  test(`${family}: a state of several ranks serves one process`, async (t) => {
    const runtime = requireMpi(t, family);
    if (runtime === null) return;
    const folder = await interrupt((state, onStart) => {
      const args = [...argsOf(state, pathOf("never.tsv"), "nonzero"), "--hash", "both", "--redeal", "always"];
      return runGossamerRanks(runtime, 3, args, { onStart });
    }, "SIGTERM");
    const output = pathOf(`resumed-${family}-one.tsv`);
    assertResumed(await runGossamer(argsOf(folder, output, "distinct")), folder, output);
  });
}

for (const family of ["open-mpi", "mpich"] as const) {
  test(`${family}: grids go on from a state of one process`, async (t) => {
    const runtime = requireMpi(t, family);
    if (runtime === null) return;
    const saved = await interruptedRun("distinct");
    for (const [grid, ranks, ...more] of [
      ["1x2", 2, "--hash", "both"],
      ["2x2", 4],
      ["1x3", 3],
    ] as const) {
      const folder = pathOf(`grid-${family}-${grid}`);
      cpSync(saved, folder, { recursive: true });
      const output = pathOf(`resumed-${family}-${grid}.tsv`);
      const args = [...argsOf(folder, output, "distinct"), "--grid", grid, ...more];
      assertResumed(await runGossamerRanks(runtime, ranks, args), folder, output);
    }
  });

  for (const [grid, ranks, ...more] of [
    ["1x2", 2, "--hash", "both"],
    ["2x2", 4],
  ] as const) {
    test(`${family}: a state of a ${grid} grid serves other grids, ranks and one process`, async (t) => {
      const runtime = requireMpi(t, family);
      if (runtime === null) return;
      const saved = await interrupt((state, onStart) => {
        // Most rows die in the layers before the first cut: a run of the others would be over before it is ended.
        const args = [...argsOf(state, pathOf("never.tsv"), "all"), "--grid", grid, ...more];
        return runGossamerRanks(runtime, ranks, args, { onStart });
      }, "SIGTERM");
      for (const [name, others, rows, ...how] of [
        ["one", 1, "distinct"],
        ["ranks", 3, "nonzero"],
        ["grid", 2, "distinct", "--grid", "1x2"],
      ] as const) {
        const folder = pathOf(`of-grid-${family}-${grid}-${name}`);
        cpSync(saved, folder, { recursive: true });
        const output = pathOf(`resumed-${family}-${grid}-${name}.tsv`);
        const args = [...argsOf(folder, output, rows), ...how];
        const run = others === 1 ? runGossamer(args) : runGossamerRanks(runtime, others, args);
        assertResumed(await run, folder, output);
      }
    });
  }
}

test("what is no state of this run is refused by name", async () => {
  const saved = await interruptedRun("distinct");
  const [set] = readdirSync(saved).filter((name) => name.endsWith(".bin"));
  assert.ok(set !== undefined);
  const bytes = readFileSync(join(saved, set));
  const table: readonly (readonly [what: string, break_: (folder: string) => void, status: number, says: RegExp])[] = [
    ["cut", (folder) => writeFileSync(join(folder, set), bytes.subarray(0, -1)), 3, /rank-0\.bin: is damaged/],
    ["missing", (folder) => rmSync(join(folder, set)), 3, /rank-0\.bin: no such file/],
    ["no state", (folder) => writeFileSync(join(folder, "state.json"), "{"), 3, /state\.json: holds no state/],
  ];
  for (const [what, breakIt, status, says] of table) {
    const folder = pathOf(`broken-${what.replace(" ", "-")}`);
    mkdirSync(folder);
    cpSync(saved, folder, { recursive: true });
    breakIt(folder);
    const run = await runGossamer(argsOf(folder, pathOf("never.tsv"), "distinct"));
    assert.equal(run.status, status, `${what}: ${run.stderr}`);
    assert.match(run.stderr, says);
    assert.equal(run.stderr.trim().split("\n").length, 1);
  }
  const other = await runGossamer([...argsOf(saved, pathOf("never.tsv"), "distinct"), "--layers", "9"]);
  assert.equal(other.status, 2, other.stderr);
  assert.match(other.stderr, /holds a checkpoint of another run \(.*40 layers.*\), expected .*9 layers/);
});

test("a run that is over before it has saved anything", async () => {
  const folder = pathOf("never-made");
  const args = argsOf(folder, pathOf("soon.tsv"), "distinct").map((word) => (word === "0" ? "3600" : word));
  const run = await runGossamer(args);
  assert.equal(run.status, 0, run.stderr);
  assert.ok(readFileSync(pathOf("soon.tsv")).equals(readFileSync(pathOf("expected.tsv"))), "other bytes");
  assert.ok(!existsSync(folder));
});
