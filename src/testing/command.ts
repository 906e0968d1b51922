// Runs the built command line as a user does, in a process of its own, and keeps everything it said.

import { spawn, type ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";

const PROGRAM = fileURLToPath(new URL("../../bin/gossamer.mjs", import.meta.url));
/** A command that takes longer is ended: no test may hang. */
const LIMIT_MS = 240_000;

export interface CommandRun {
  /** Exit status; null where a signal ended the process. */
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly seconds: number;
}

export interface CommandOptions {
  /** Added to this process's environment; undefined takes a variable away. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  /** Called with the running process, for signals and for closing its pipes. */
  readonly onStart?: (child: ChildProcess) => void;
}

/** `gossamer ARGS...`, from start to end. */
export function runGossamer(args: readonly string[], options: CommandOptions = {}): Promise<CommandRun> {
  const started = performance.now();
  const child = spawn(process.execPath, [PROGRAM, ...args], {
    env: { ...process.env, ...options.env },
    stdio: ["ignore", "pipe", "pipe"],
    timeout: LIMIT_MS,
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
  const said = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (text: string) => {
      said[name] += text;
    });
  }
  options.onStart?.(child);
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (status) => {
      resolve({ status, ...said, seconds: (performance.now() - started) / 1000 });
    });
  });
}
