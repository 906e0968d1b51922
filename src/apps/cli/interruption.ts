// Ctrl-C and SIGTERM: the first one asks everything to stop through an AbortSignal, so that workers end and temporary
// files are removed; a second one ends the process at once. Should the stop itself get stuck, a timer ends it too.

import { constants } from "node:os";
import { InterruptedError } from "../../core/errors.ts";

const SIGNALS = ["SIGINT", "SIGTERM"] as const;
/** An interrupted run ends within 2 s; what has not ended by then is cut off. */
const PATIENCE_MS = 1_700;

export interface Interruption extends Disposable {
  readonly signal: AbortSignal;
  /** 128 + the signal's number once one has come, else null. */
  readonly status: number | null;
}

export function watchSignals(): Interruption {
  const controller = new AbortController();
  let status: number | null = null;
  const onSignal = (name: NodeJS.Signals): void => {
    const before = status;
    status = 128 + constants.signals[name];
    if (before !== null) process.exit(status);
    controller.abort(new InterruptedError("interrupted"));
    setTimeout(() => process.exit(status), PATIENCE_MS).unref();
  };
  for (const name of SIGNALS) process.on(name, onSignal);
  return {
    signal: controller.signal,
    get status() {
      return status;
    },
    [Symbol.dispose]() {
      for (const name of SIGNALS) process.off(name, onSignal);
    },
  };
}
