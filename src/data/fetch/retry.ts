// Bounded retries with growing pauses, and the guard that ends an attempt in which no byte arrives.

import { setTimeout as sleep } from "node:timers/promises";
import { ResourceError } from "../../core/errors.ts";
import { isUnreachable, throwIfInterrupted, TransientError } from "./transfer-errors.ts";

export interface RetryPolicy {
  /** Attempts in a row that bring no new byte before the fetch gives up; at least 1. */
  readonly attempts: number;
  /** Pause after the first failed attempt; doubles with each further one, up to MAX_PAUSE_MS. */
  readonly pauseMs: number;
  /** An attempt ends when no byte arrives for this long. */
  readonly stallMs: number;
}

export const DEFAULT_RETRY: RetryPolicy = { attempts: 5, pauseMs: 500, stallMs: 30_000 };

/** No pause is longer, whatever the server asks for: a user who waits must see an answer. */
const MAX_PAUSE_MS = 30_000;

export interface RetryOptions {
  readonly policy: RetryPolicy;
  readonly signal: AbortSignal | undefined;
  /** Grows when something new has arrived, which sets the count of failures back to 0. */
  readonly progress?: () => number;
  /** Ends at once on an unknown host or a refused connection. */
  readonly failFast?: boolean;
}

/** Runs `attempt` until it succeeds. @throws what it throws, a TransientError as ResourceError after the last attempt. */
export async function withRetries<T>(attempt: () => Promise<T>, options: RetryOptions): Promise<T> {
  const { policy, signal } = options;
  let failures = 0;
  let reached = options.progress?.() ?? 0;
  for (;;) {
    throwIfInterrupted(signal);
    try {
      return await attempt();
    } catch (error) {
      throwIfInterrupted(signal);
      if (!(error instanceof TransientError)) throw error;
      const now = options.progress?.() ?? 0;
      failures = now > reached ? 1 : failures + 1;
      reached = Math.max(reached, now);
      if (options.failFast === true && isUnreachable(error)) throw new ResourceError(error.message, { cause: error });
      if (failures >= policy.attempts) {
        throw new ResourceError(`${error.message}; gave up after ${failures} attempts`, { cause: error });
      }
      await pause(pauseMs(failures, error, policy), signal);
    }
  }
}

/** Exponential, the last quarter random, so that many clients of one failed server do not return together. */
function pauseMs(failures: number, error: TransientError, policy: RetryPolicy): number {
  const growing = policy.pauseMs * 2 ** (failures - 1) * (0.75 + 0.25 * Math.random());
  return Math.min(MAX_PAUSE_MS, Math.max(growing, error.retryAfterMs ?? 0));
}

async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await sleep(ms, undefined, signal === undefined ? {} : { signal });
  } catch (error) {
    throwIfInterrupted(signal);
    throw error;
  }
}

/** Ends one attempt: when the caller's signal fires, or when nothing has touched it for `stallMs`. */
export interface StallGuard extends Disposable {
  readonly signal: AbortSignal;
  /** Something arrived: start waiting anew. */
  touch(): void;
  /** The reason behind `error` if the guard itself ended the attempt, otherwise `error`. */
  explain(url: string, error: unknown): unknown;
}

export function makeStallGuard(stallMs: number, signal: AbortSignal | undefined): StallGuard {
  const controller = new AbortController();
  let stalled = false;
  const stop = (): void => {
    stalled = true;
    controller.abort();
  };
  let timer = setTimeout(stop, stallMs);
  const interrupt = (): void => controller.abort();
  if (signal?.aborted === true) interrupt();
  signal?.addEventListener("abort", interrupt);
  return {
    signal: controller.signal,
    touch: () => {
      clearTimeout(timer);
      timer = setTimeout(stop, stallMs);
    },
    explain: (url, error) => (stalled ? new TransientError(`${url}: no byte arrived for ${stallMs / 1000} s`) : error),
    // Aborting an answer that was read to its end does nothing; any other frees its connection.
    [Symbol.dispose]: () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", interrupt);
      controller.abort();
    },
  };
}
