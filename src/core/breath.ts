// A long piece of work on a thread that also has to hear of interruptions: between two steps it pauses for a moment, now
// and then, so that timers, messages and the system's signals get their turn.

import { InterruptedError } from "./errors.ts";

/** Rarely enough to cost nothing, often enough that whoever interrupts does not wait. */
const WORK_MS = 50;

/** A function to await between steps. It throws InterruptedError once `signal` has been given. */
export function makeBreath(signal: AbortSignal | undefined): () => Promise<void> {
  let last = performance.now();
  return async () => {
    if (performance.now() - last < WORK_MS) return;
    await new Promise((resolve) => setTimeout(resolve));
    if (signal?.aborted === true) throw new InterruptedError("interrupted", { cause: signal.reason });
    last = performance.now();
  };
}
