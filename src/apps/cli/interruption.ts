// Ctrl-C and SIGTERM: the first one asks everything to stop through an AbortSignal, so that workers end and temporary
// files are removed; a second one ends the process at once. Should the stop itself get stuck, a timer ends it too.
// A rank is the child of the process that its launcher started (bin/child.mjs): it ends likewise when that one is gone.

import { constants, hostname } from "node:os";
import { InterruptedError } from "../../core/errors.ts";
import { findLauncher } from "../../mpi/launcher.ts";
import { EXIT } from "./exit.ts";

const SIGNALS = ["SIGINT", "SIGTERM"] as const;
/** An interrupted run ends within 2 s; what has not ended by then is cut off. */
const PATIENCE_MS = 1_700;

export interface Interruption extends Disposable {
  readonly signal: AbortSignal;
  /** 128 + the signal's number once one has come, else null. */
  readonly status: number | null;
  /** What to say then, where it was no signal. */
  readonly line: string | null;
}

export function watchSignals(): Interruption {
  const controller = new AbortController();
  let status: number | null = null;
  let line: string | null = null;
  const stop = (chosen: number): void => {
    const before = status;
    status = chosen;
    if (before !== null) process.exit(status);
    controller.abort(new InterruptedError("interrupted"));
    setTimeout(() => process.exit(status), PATIENCE_MS).unref();
  };
  const onSignal = (name: NodeJS.Signals): void => stop(128 + constants.signals[name]);
  const onOrphaned = (): void => {
    line = `rank ${findLauncher(process.env)?.rank ?? "?"} on ${hostname()}: the process that was launched is gone`;
    stop(EXIT.worker);
  };
  for (const name of SIGNALS) process.on(name, onSignal);
  if (process.connected) process.on("disconnect", onOrphaned);
  return {
    signal: controller.signal,
    get status() {
      return status;
    },
    get line() {
      return line;
    },
    [Symbol.dispose]() {
      for (const name of SIGNALS) process.off(name, onSignal);
      process.off("disconnect", onOrphaned);
    },
  };
}
