// Waiting without freezing the thread: ask, turn the event loop, ask again. Signals, timers, messages of workers and an
// AbortSignal are served in between, so that a rank whose partner is dead can still end. Whoever waits asks often at
// first, then sleeps between questions, so that a long wait leaves the core to the workers.

import { setImmediate, setTimeout } from "node:timers/promises";
import { InterruptedError, MpiError } from "../core/errors.ts";

export interface WaitOptions {
  /** Ends the wait with an InterruptedError; what was waited for stays pending. */
  readonly signal?: AbortSignal | undefined;
  /** Ends the wait with an MpiError; what was waited for stays pending. Default: no limit. */
  readonly timeoutMs?: number | undefined;
  /** Called with every question; what it throws ends the wait. */
  readonly check?: (() => void) | undefined;
  /** The other side is there: so long there is no pause between questions, each of which takes the transfer a step further. */
  readonly eagerMs?: number | undefined;
}

/** Most small messages between running ranks come within this time. */
const SPIN_MS = 0.03;
/** Turns of the event loop without a pause, until here; a turn costs a few microseconds. */
const EAGER_MS = 0.5;
/** Then with a pause of this length, until here ... */
const PAUSE_MS = 0.1;
const PATIENT_MS = 100;
/** ... and from there on with timers. */
const TIMER_MS = 1;

const NEVER = new Int32Array(new SharedArrayBuffer(4));

/**
 * Calls `ask` until it returns something else than null.
 * @throws InterruptedError, MpiError (naming `rank` and `what`), and what `ask` throws.
 */
export async function poll<T>(
  ask: () => T | null,
  rank: number | null,
  what: string,
  options: WaitOptions = {},
): Promise<T> {
  const started = performance.now();
  const eagerMs = options.eagerMs ?? EAGER_MS;
  for (;;) {
    const answer = ask();
    if (answer !== null) return answer;
    options.check?.();
    const waited = performance.now() - started;
    if (options.signal?.aborted === true) {
      throw new InterruptedError(`${what} was interrupted`, { cause: options.signal.reason });
    }
    if (options.timeoutMs !== undefined && waited >= options.timeoutMs) {
      throw new MpiError(rank, what, `nothing after ${options.timeoutMs} ms`);
    }
    if (waited >= Math.max(PATIENT_MS, eagerMs)) await setTimeout(TIMER_MS);
    else if (waited >= SPIN_MS) {
      if (waited >= eagerMs) Atomics.wait(NEVER, 0, 0, PAUSE_MS);
      await setImmediate();
    }
  }
}
