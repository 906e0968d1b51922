// The entry of the command line: runs one command and turns whatever it throws into one line and an exit status.
// This is the only place that prints errors; a stack is shown with GOSSAMER_DEBUG=1.

import { readFileSync } from "node:fs";
import { CommanderError } from "commander";
import { InterruptedError, RankError } from "../../core/errors.ts";
import { toFileError } from "../../data/file-errors.ts";
import { complain, type CommandContext } from "./context.ts";
import { EXIT, exitStatusOf } from "./exit.ts";
import { type Interruption, watchSignals } from "./interruption.ts";
import { makeProgram } from "./program.ts";
import { giveWay } from "./rank-runs.ts";

/** @param argv as process.argv. Sets process.exitCode; resolves when the command has ended. */
export async function main(argv: readonly string[]): Promise<void> {
  endQuietlyWithoutReader();
  using interruption = watchSignals();
  process.on("uncaughtException", (error) => process.exit(fail(error, interruption)));
  let status: number = EXIT.ok;
  const version = readVersion();
  const context: CommandContext = {
    version,
    signal: interruption.signal,
    setStatus: (chosen) => {
      status = chosen;
    },
    get status() {
      return status;
    },
  };
  try {
    await makeProgram(version, context).parseAsync(argv);
    process.exitCode = status;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode !== 0) await giveWay(interruption.signal);
    process.exitCode = fail(error, interruption);
  }
}

/** Prints one line about `error`. @returns the exit status */
function fail(error: unknown, interruption: Interruption): number {
  if (error instanceof CommanderError) return failUsage(error);
  // Whatever broke after Ctrl-C broke because of it.
  const isInterrupted = interruption.status !== null || error instanceof InterruptedError;
  const status = interruption.status ?? exitStatusOf(error);
  if (isInterrupted) complain(interruption.line ?? (error instanceof RankError ? error.message : "interrupted"));
  else complain(status === EXIT.bug ? `internal error, please report it: ${messageOf(error)}` : messageOf(error));
  if (process.env["GOSSAMER_DEBUG"] === "1") console.error(error);
  return status;
}

/** Help and version are no mistakes; a missing command gets the help on stderr, which commander has printed. */
function failUsage(error: CommanderError): number {
  if (error.exitCode === 0) return EXIT.ok;
  if (error.code !== "commander.help") complain(error.message.replace(/^error: /, ""));
  return EXIT.usage;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** `gossamer infer --json | head -1`: a reader that has seen enough is no error. */
function endQuietlyWithoutReader(): void {
  for (const name of ["stdout", "stderr"] as const) {
    process[name].on("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EPIPE") process.exit();
      throw toFileError(error, name, "write");
    });
  }
}

function readVersion(): string {
  const text = readFileSync(new URL("../../../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}
