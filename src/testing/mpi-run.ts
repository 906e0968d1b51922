// Runs a program on several ranks under mpiexec, with each MPI runtime that the machine has, and keeps what it said.

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { extname, join } from "node:path";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import type { MpiFamily } from "../mpi/abi/abi.ts";
import { skipOrFail } from "./challenge.ts";

const REPOSITORY = fileURLToPath(new URL("../..", import.meta.url));
/** A job that takes longer is ended, unless said otherwise: no test may hang. */
const LIMIT_MS = 60_000;

export interface MpiRuntime {
  readonly family: MpiFamily;
  /** Its mpiexec: Debian gives each a name of its own, so that both can be there. */
  readonly launcher: string;
  /** Options that a test needs: more ranks than cores, none bound to a core, root in a container. */
  readonly options: readonly string[];
}

const OPEN_MPI_OPTIONS = ["--oversubscribe", "--bind-to", "none"];

const CANDIDATES: readonly (MpiRuntime & { readonly says: RegExp })[] = [
  { family: "open-mpi", launcher: "mpiexec.openmpi", options: OPEN_MPI_OPTIONS, says: /Open ?(MPI|RTE)/ },
  { family: "open-mpi", launcher: "mpiexec", options: OPEN_MPI_OPTIONS, says: /Open ?(MPI|RTE)/ },
  { family: "mpich", launcher: "mpiexec.mpich", options: [], says: /HYDRA|MPICH/i },
  { family: "mpich", launcher: "mpiexec", options: [], says: /HYDRA|MPICH/i },
];

/** The environment of a job: Open MPI refuses root without these, and a rank is no test of node:test's own. */
function jobEnvironment(): NodeJS.ProcessEnv {
  const env = { ...process.env, OMPI_ALLOW_RUN_AS_ROOT: "1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: "1" };
  for (const name of ["NODE_TEST_CONTEXT", "GOSSAMER_MPI"]) Reflect.deleteProperty(env, name);
  return env;
}

/** The runtime of `family`, or null after skipping the test (or failing it by GOSSAMER_REQUIRE=mpi). */
export function requireMpi(t: TestContext, family: MpiFamily): MpiRuntime | null {
  for (const candidate of CANDIDATES) {
    if (candidate.family !== family) continue;
    const asked = spawnSync(candidate.launcher, ["--version"], { encoding: "utf8", env: jobEnvironment() });
    if (asked.status === 0 && candidate.says.test(asked.stdout)) return candidate;
  }
  const packages = family === "open-mpi" ? "openmpi-bin" : "mpich";
  skipOrFail(t, "mpi", `no ${family} runtime is installed (Debian: ${packages})`);
  return null;
}

export interface JobRun {
  /** Exit status of mpiexec; null where a signal ended it. */
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly seconds: number;
}

export interface JobOptions {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** A job that takes longer than this is ended. */
  readonly limitMs?: number;
  /** Called with what the ranks have printed so far. */
  readonly onOutput?: (stdout: string, job: ChildProcess) => void;
  /** Called with the running job. */
  readonly onStart?: (job: ChildProcess) => void;
}

/** `mpiexec -n RANKS node PROGRAM ARGS...`, from start to end. @param program a module of src/mpi/programs, or a path under src */
export function runRanks(
  runtime: MpiRuntime,
  ranks: number,
  program: string,
  options: JobOptions = {},
): Promise<JobRun> {
  const module = program.includes("/") ? program : `mpi/programs/${program}`;
  const path = fileURLToPath(new URL(`../${module}${extname(import.meta.url)}`, import.meta.url));
  return runJob(runtime, ranks, path, options);
}

/** `mpiexec -n RANKS gossamer ARGS...`, from start to end. */
export function runGossamerRanks(
  runtime: MpiRuntime,
  ranks: number,
  args: readonly string[],
  options: Omit<JobOptions, "args"> = {},
): Promise<JobRun> {
  return runJob(runtime, ranks, join(REPOSITORY, "bin/gossamer.mjs"), {
    ...options,
    args,
  });
}

/** A part of a job: so many ranks with a command line of their own. */
export interface JobPart {
  readonly ranks: number;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** The repository whose bin/gossamer.mjs is run; default: this one. */
  readonly repository?: string;
}

/** `mpiexec -n A gossamer ... : -n B gossamer ...`, from start to end. */
export function runGossamerParts(
  runtime: MpiRuntime,
  parts: readonly JobPart[],
  options: Omit<JobOptions, "args"> = {},
): Promise<JobRun> {
  const commands = parts.map(({ ranks, args, env = {}, repository = REPOSITORY }) => {
    const variables = Object.entries(env).map(([name, value]) => `${name}=${value}`);
    const program = [process.execPath, join(repository, "bin/gossamer.mjs")];
    return ["-n", String(ranks), "env", ...variables, ...program, ...args];
  });
  return runCommand(
    runtime,
    commands.flatMap((command, k) => (k === 0 ? command : [":", ...command])),
    options,
  );
}

function runJob(runtime: MpiRuntime, ranks: number, path: string, options: JobOptions): Promise<JobRun> {
  return runCommand(runtime, ["-n", String(ranks), process.execPath, path, ...(options.args ?? [])], options);
}

function runCommand(runtime: MpiRuntime, command: readonly string[], options: JobOptions): Promise<JobRun> {
  const started = performance.now();
  const job = spawn(runtime.launcher, [...runtime.options, ...command], {
    env: { ...jobEnvironment(), ...options.env },
    stdio: ["ignore", "pipe", "pipe"],
    timeout: options.limitMs ?? LIMIT_MS,
  });
  options.onStart?.(job);
  const said = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    job[name].setEncoding("utf8").on("data", (text: string) => {
      said[name] += text;
      if (name === "stdout") options.onOutput?.(said.stdout, job);
    });
  }
  return new Promise((resolve, reject) => {
    job.on("error", reject);
    job.on("close", (status) => resolve({ status, ...said, seconds: (performance.now() - started) / 1000 }));
  });
}
