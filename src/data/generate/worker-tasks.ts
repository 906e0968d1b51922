// A list of independent tasks done by a few worker threads, each taking the next task as soon as it is free.
// The first trouble (a worker that throws, or exits before its work is done; the caller's signal) ends all of it with an
// error, and no worker outlives the call. The worker's script answers every message with one message; see `serveTasks`.

import { parentPort, Worker } from "node:worker_threads";
import { InterruptedError, ResourceError, WorkerError } from "../../core/errors.ts";

export interface WorkerTeamOptions {
  /** The script that every worker runs. */
  readonly script: URL;
  readonly workers: number;
  /** What every worker starts with; shared buffers in it are shared. */
  readonly workerData: unknown;
  readonly signal?: AbortSignal | undefined;
}

export interface WorkerTeam {
  /** Does all tasks; answers, as the script gave them, in the order of the tasks. @throws WorkerError, InterruptedError */
  run(tasks: readonly unknown[], onAnswer?: () => void): Promise<unknown[]>;
}

/** Starts the workers, lets `use` run tasks on them, and ends them whatever happens. */
export async function withWorkerTeam<Result>(
  options: WorkerTeamOptions,
  use: (team: WorkerTeam) => Promise<Result>,
): Promise<Result> {
  const { script, workerData, signal } = options;
  if (signal?.aborted === true) throw interrupted();
  const workers = Array.from({ length: options.workers }, () => new Worker(script, { workerData }));
  const trouble = Promise.withResolvers<never>();
  // The same promise is raced by every run; with no run under way its rejection must not count as unhandled.
  trouble.promise.catch(() => {});
  const abort = (): void => trouble.reject(interrupted());
  signal?.addEventListener("abort", abort);
  workers.forEach((worker, id) => {
    worker.on("error", (cause) => trouble.reject(failureOf(id, cause)));
    worker.on("exit", (code) =>
      trouble.reject(new WorkerError(id, `exited with code ${code} before its work was done`)),
    );
  });
  try {
    const team: WorkerTeam = { run: (tasks, onAnswer) => runTasks(workers, trouble.promise, tasks, onAnswer) };
    return await use(team);
  } finally {
    signal?.removeEventListener("abort", abort);
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}

async function runTasks(
  workers: readonly Worker[],
  trouble: Promise<never>,
  tasks: readonly unknown[],
  onAnswer?: () => void,
): Promise<unknown[]> {
  const answers: unknown[] = [];
  let next = 0;
  const drive = async (worker: Worker): Promise<void> => {
    while (next < tasks.length) {
      const task = next++;
      const answer = new Promise<unknown>((resolve) => worker.once("message", resolve));
      worker.postMessage(tasks[task]);
      answers[task] = await Promise.race([answer, trouble]);
      onAnswer?.();
    }
  };
  await Promise.all(workers.map(drive));
  return answers;
}

/**
 * The worker's side: answers every task with the result of `work`; an exception ends the worker and the whole run.
 * What type a task has is between the script and its caller, so `work` may name any. `listMoved` names the memory of an
 * answer that goes to the caller instead of being copied.
 */
export function serveTasks<Answer>(
  work: (task: never) => Answer,
  listMoved: (answer: Answer) => ArrayBufferLike[] = () => [],
): void {
  if (parentPort === null) throw new TypeError("serveTasks is called on the main thread, expected a worker");
  const port = parentPort;
  port.on("message", (task: unknown) => {
    const answer = work(task as never);
    port.postMessage(answer, listMoved(answer) as ArrayBuffer[]);
  });
}

function interrupted(): InterruptedError {
  return new InterruptedError("interrupted while workers were busy");
}

/** What V8 and Node throw when an array does not fit into memory is no fault of the worker. */
function failureOf(id: number, cause: unknown): Error {
  const isMemory =
    cause instanceof Error &&
    (("code" in cause && cause.code === "ERR_WORKER_OUT_OF_MEMORY") ||
      (cause instanceof RangeError && /allocation failed|array length|array buffer/i.test(cause.message)));
  if (isMemory) return new ResourceError(`worker ${id} ran out of memory (${cause.message})`, { cause });
  return new WorkerError(id, messageOf(cause), { cause });
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
