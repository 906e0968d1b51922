// A team of worker threads that carry out one task together. It ends in one of three ways: every worker answers; one
// throws, exits or stops beating, and the task fails with a WorkerError that names it; or the caller's signal ends it.
// In the last two all threads are ended, so that nothing runs on and nothing hangs.

import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { InterruptedError, ResourceError, WorkerError } from "../core/errors.ts";
import { abortTeam, type Control, makeControl, readSign } from "./control.ts";
import type { Fault } from "./faults.ts";
import type { WorkerReply, WorkerSetup } from "./program.ts";
import { givenShare, readSchedule, type Schedule } from "./schedule.ts";

export interface TeamOptions {
  readonly size: number;
  /** URL of the module that exports `startWorker`. */
  readonly program: URL;
  /** Given to every worker's `startWorker`; must be structured-cloneable. */
  readonly data: unknown;
  readonly fault?: Fault | null;
  /** A worker that neither beats nor waits for this long has stopped answering. */
  readonly silenceMs?: number;
}

export interface Team {
  readonly size: number;
  readonly control: Control;
  /** Runs one task on all workers; results in the order of the workers. @throws WorkerError | ResourceError | InterruptedError; the team is then closed. */
  run(task: unknown, signal?: AbortSignal): Promise<unknown[]>;
  /** Layer that the workers have reached: the least advanced one. */
  progress(): number;
  /** True once the threads have been ended, by `close` or by a run that failed. */
  readonly isClosed: boolean;
  /** Ends all threads. Idempotent. */
  close(): Promise<void>;
}

const TICK_MS = 100;
const DEFAULT_SILENCE_MS = 1_500;
/** Of a tick this much counts at least: a worker that is lost is found in 20 times the silence at worst. */
const MIN_SHARE = 0.05;

let openThreads = 0;

/** Threads alive in all teams of this process; a test asserts that it falls back to zero. */
export function countOpenThreads(): number {
  return openThreads;
}

/** Cores that this process may use. */
export function availableCores(): number {
  return availableParallelism();
}

/** The URL of `name` beside the module at `base`, with that module's own extension (.js when built, .ts from source). */
export function siblingModule(base: string, name: string): URL {
  return new URL(`${name}${base.endsWith(".ts") ? ".ts" : ".js"}`, base);
}

/** Starts the threads and waits until all are ready. @throws WorkerError */
export async function openTeam(options: TeamOptions): Promise<Team> {
  const control = makeControl();
  const members: Worker[] = [];
  let failure: Error | null = null;
  // One handler a worker while it is being listened to; replies and ends outside a task only set `failure`.
  const listeners: (((reply: WorkerReply) => void) | null)[] = [];
  let fail = (error: Error): void => {
    failure ??= error;
  };

  let closing: Promise<void> | null = null;
  const endThreads = async (): Promise<void> => {
    // Workers that are ended never answer: a run under way must hear it from here.
    fail(new InterruptedError("the team was closed"));
    abortTeam(control);
    await Promise.all(members.splice(0).map((member) => member.terminate()));
  };
  const close = (): Promise<void> => {
    closing ??= endThreads();
    return closing;
  };

  const listen = async (start: () => void, signal?: AbortSignal): Promise<unknown[]> => {
    const results: unknown[] = Array.from({ length: options.size });
    let timer: NodeJS.Timeout | undefined;
    let onAbort: (() => void) | undefined;
    try {
      if (signal?.aborted === true) fail(new InterruptedError("interrupted"));
      if (failure !== null) throw failure;
      await new Promise<void>((resolve, reject) => {
        const pending = new Set(Array.from({ length: options.size }, (_, worker) => worker));
        fail = (error) => {
          failure ??= error;
          reject(failure);
        };
        onAbort = () => fail(new InterruptedError("interrupted"));
        signal?.addEventListener("abort", onAbort, { once: true });
        for (let worker = 0; worker < options.size; worker++) {
          listeners[worker] = (reply) => {
            if (reply.kind === "error") {
              fail(toWorkerError(worker, reply));
              return;
            }
            results[worker] = reply.kind === "done" ? reply.result : undefined;
            pending.delete(worker);
            if (pending.size === 0) resolve();
          };
        }
        timer = watchSilence(control, pending, options.silenceMs ?? DEFAULT_SILENCE_MS, (error) => fail(error));
        start();
      });
      return results;
    } catch (error) {
      await close();
      throw error;
    } finally {
      clearInterval(timer);
      if (onAbort !== undefined) signal?.removeEventListener("abort", onAbort);
      listeners.fill(null);
      fail = (error) => {
        failure ??= error;
      };
    }
  };

  await listen(() => {
    for (let worker = 0; worker < options.size; worker++) {
      const setup: WorkerSetup = {
        program: options.program.href,
        data: options.data,
        worker,
        size: options.size,
        control,
        fault: options.fault ?? null,
        spin: options.size <= availableParallelism(),
      };
      const member = new Worker(siblingModule(import.meta.url, "./worker-main"), {
        // Flags meant for the main program (-e, --test) would be applied to the worker's file.
        execArgv: [],
        workerData: setup,
        name: `gossamer-${worker}`,
        stdin: false,
      });
      openThreads++;
      member.on("message", (reply: WorkerReply) => listeners[worker]?.(reply));
      member.on("error", (cause: unknown) =>
        fail(new WorkerError(worker, cause instanceof Error ? cause.message : String(cause), { cause })),
      );
      member.on("exit", (code) => {
        openThreads--;
        if (members.includes(member)) fail(new WorkerError(worker, `exited with status ${code} before it was done`));
      });
      members.push(member);
    }
  });

  return {
    size: options.size,
    control,
    run: (task, signal) =>
      listen(() => {
        for (const member of members) member.postMessage(task);
      }, signal),
    progress: () =>
      Math.min(...Array.from({ length: options.size }, (_, worker) => readSign(control, worker).progress)),
    get isClosed() {
      return closing !== null;
    },
    close,
  };
}

/** Memory that ran out in a worker is no fault of the worker. */
function toWorkerError(worker: number, reply: Extract<WorkerReply, { kind: "error" }>): Error {
  const error =
    reply.name === "ResourceError"
      ? new ResourceError(reply.message)
      : new WorkerError(worker, `${reply.name === "Error" ? "" : `${reply.name}: `}${reply.message}`);
  error.stack = reply.stack;
  return error;
}

/**
 * Calls `fail` for a worker that neither beats nor waits at a barrier for `silenceMs`. Silence is counted in ticks that
 * this thread itself saw, so that a suspended machine is not taken for a silent worker, and of each only the share that the
 * process's threads were given, so that an overloaded one is not.
 */
function watchSilence(
  control: Control,
  pending: ReadonlySet<number>,
  silenceMs: number,
  fail: (error: Error) => void,
): NodeJS.Timeout {
  const lastBeats = new Map<number, number>();
  const silentTicks = new Map<number, number>();
  let started = false;
  let before: Schedule | null = null;
  return setInterval(() => {
    const silent = new Set<number>();
    for (const worker of pending) {
      const sign = readSign(control, worker);
      started ||= sign.beats > 0;
      if (started && !sign.waiting && lastBeats.get(worker) === sign.beats) silent.add(worker);
      else silentTicks.set(worker, 0);
      lastBeats.set(worker, sign.beats);
    }
    const now = silent.size === 0 ? null : readSchedule();
    const share = before === null || now === null ? 1 : Math.max(MIN_SHARE, givenShare(before, now, TICK_MS));
    before = now;
    for (const worker of silent) {
      const ticks = (silentTicks.get(worker) ?? 0) + share;
      silentTicks.set(worker, ticks);
      // Shares add up with the errors of sums.
      if (Math.round(ticks * TICK_MS) >= silenceMs)
        fail(new WorkerError(worker, `stopped answering for ${silenceMs} ms`));
    }
  }, TICK_MS);
}
