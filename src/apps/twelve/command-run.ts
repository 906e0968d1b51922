// One command of Gossamer in a process of its own, so that its peak of memory is its own.

import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { GossamerError, InterruptedError, ResourceError } from "../../core/errors.ts";

const PROGRAM = fileURLToPath(new URL("../../../bin/gossamer.mjs", import.meta.url));

/** What `gossamer ARGS` printed. @throws ResourceError with its own words where it failed, InterruptedError */
export async function runCommand(args: readonly string[], signal: AbortSignal): Promise<string> {
  if (signal.aborted) throw new InterruptedError("interrupted");
  const child = spawn(process.execPath, [PROGRAM, ...args, "--quiet"], { stdio: ["ignore", "pipe", "pipe"] });
  const end = (): void => void child.kill("SIGTERM");
  signal.addEventListener("abort", end, { once: true });
  const said = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (text: string) => {
      said[name] += text;
    });
  }
  const status = await new Promise<number | null>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", resolve);
  });
  signal.removeEventListener("abort", end);
  if (signal.aborted) throw new InterruptedError("interrupted");
  if (status !== 0) throw failure(args, status, said.stderr.trim());
  return said.stdout;
}

function failure(args: readonly string[], status: number | null, words: string): GossamerError {
  const last = words.split("\n").at(-1) ?? "";
  return new ResourceError(`gossamer ${args.slice(0, 2).join(" ")} ended with status ${status}: ${last}`);
}
