// Runs of a study on several ranks: network and inputs are written once into a folder of their own, and every run is a job
// of its own under the launcher that the machine has, `gossamer infer` with the combo's options, whose record is read.

import { spawn, spawnSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { MpiError, UnsupportedError } from "../../core/errors.ts";
import { readInputs } from "../../data/read-inputs.ts";
import { readTruth } from "../../data/truth.ts";
import { writeInputs } from "../../data/write-inputs.ts";
import { writeNetwork } from "../../data/write-network.ts";
import type { Network } from "../../network/network.ts";
import type { RunRecord } from "../../report/run-record.ts";
import { type CsrMatrix, entryValue } from "../../sparse/matrix.ts";
import { type Combo, comboKey, comboOptions, comboRanks } from "./axes.ts";

const PROGRAM = fileURLToPath(new URL("../../../bin/gossamer.mjs", import.meta.url));
const LAUNCHERS = ["mpiexec.openmpi", "mpiexec", "mpiexec.mpich"];
/** More ranks than cores, and none bound to a core: one machine stands for several. */
const OPEN_MPI_OPTIONS = ["--oversubscribe", "--bind-to", "none"];

export interface RanksResult {
  readonly record: RunRecord;
  /** Where `keep` was asked for. */
  readonly categories: Uint32Array;
  readonly activations: (row: number) => Float32Array;
}

export interface RankRuns extends AsyncDisposable {
  /** @throws MpiError with the line that the job ended with */
  infer(combo: Combo, options: { readonly keep: boolean }): Promise<RanksResult>;
}

/** @throws UnsupportedError where there is no launcher */
export async function openRankRuns(
  network: Network,
  inputs: CsrMatrix,
  { seed, signal }: { readonly seed: number; readonly signal: AbortSignal },
): Promise<RankRuns> {
  const launcher = findLauncherProgram();
  const folder = await mkdtemp(join(tmpdir(), "gossamer-study-"));
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true });
  const files = { network: join(folder, "network.safetensors"), inputs: join(folder, "inputs.safetensors") };
  const kept = { categories: join(folder, "categories.tsv"), activations: join(folder, "activations.safetensors") };
  try {
    await writeNetwork(files.network, network, { signal });
    await writeInputs(files.inputs, inputs, signal);
  } catch (error) {
    await remove();
    throw error;
  }
  return {
    async infer(combo, { keep }) {
      const { ranks, ...of } = comboRanks(combo);
      const args = ["infer", files.network, "--input", files.inputs, "--seed", String(seed), "--json", "--quiet"];
      args.push(...flagsOf({ ...comboOptions(combo), ...of }));
      if (keep) args.push("--categories", kept.categories, "--output", kept.activations);
      const command = [...launcher.options, "-n", String(ranks), process.execPath, PROGRAM, ...args];
      const stdout = await runJob(launcher.program, command, comboKey(combo), signal);
      const record = JSON.parse(stdout) as RunRecord;
      if (!keep) return { record, categories: new Uint32Array(), activations: () => new Float32Array() };
      const { outputs } = network;
      const rows = await readInputs(kept.activations, { ncols: outputs });
      return {
        record,
        categories: await readTruth(kept.categories),
        activations: (row) => denseRow(rows, row, outputs),
      };
    },
    [Symbol.asyncDispose]: remove,
  };
}

/** Options of the engine as the command line has them: tilesPerWorker is --tiles-per-worker. */
function flagsOf(options: Readonly<Record<string, unknown>>): string[] {
  return Object.entries(options).flatMap(([name, value]) => [
    `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`,
    String(value),
  ]);
}

function denseRow(matrix: CsrMatrix, row: number, ncols: number): Float32Array {
  const dense = new Float32Array(ncols);
  if (row >= matrix.nrows) return dense;
  for (let p = matrix.rowPtr[row] ?? 0; p < (matrix.rowPtr[row + 1] ?? 0); p++) {
    dense[matrix.colIdx[p] ?? 0] = entryValue(matrix, p);
  }
  return dense;
}

function findLauncherProgram(): { program: string; options: readonly string[] } {
  for (const program of LAUNCHERS) {
    const { status, stdout } = spawnSync(program, ["--version"], { encoding: "utf8", env: jobEnvironment() });
    if (status === 0) return { program, options: /Open ?(MPI|RTE)/.test(stdout) ? OPEN_MPI_OPTIONS : [] };
  }
  throw new UnsupportedError(
    `runs on several ranks need MPI: none of ${LAUNCHERS.join(", ")} is there (Debian: openmpi-bin, or mpich)`,
  );
}

/** Open MPI refuses root without these, and what tells a test or a library to this process is not for the ranks. */
function jobEnvironment(): NodeJS.ProcessEnv {
  const env = { ...process.env, OMPI_ALLOW_RUN_AS_ROOT: "1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: "1" };
  for (const name of ["NODE_TEST_CONTEXT", "GOSSAMER_MPI"]) Reflect.deleteProperty(env, name);
  return env;
}

async function runJob(program: string, command: readonly string[], what: string, signal: AbortSignal): Promise<string> {
  signal.throwIfAborted();
  const job = spawn(program, command, { env: jobEnvironment(), stdio: ["ignore", "pipe", "pipe"] });
  const stop = (): void => void job.kill("SIGTERM");
  signal.addEventListener("abort", stop, { once: true });
  const said = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    job[name].setEncoding("utf8").on("data", (text: string) => {
      said[name] += text;
    });
  }
  try {
    const status = await new Promise<number | null>((resolve, reject) => {
      job.on("error", reject);
      job.on("close", resolve);
    });
    signal.throwIfAborted();
    if (status === 0) return said.stdout;
    const line = said.stderr.split("\n").find((text) => text.startsWith("gossamer: ")) ?? said.stderr.trim();
    throw new MpiError(null, program, `${what}: status ${status}: ${line.replace("gossamer: ", "")}`);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
