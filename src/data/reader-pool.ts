// A small pool of reader workers. Jobs are handed out in order, one at a time to each worker; a pool may serve several
// lists at once (the layers and the inputs). A job that fails ends its list with the error of the earliest failed job,
// so that the same bad files give the same message every time. A worker that throws, exits or runs out of memory
// ends the whole pool with an error that names it. Nothing waits for a worker that is gone.

import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { InterruptedError, ResourceError, UsageError, WorkerError } from "../core/errors.ts";
import { unpackError } from "./error-transfer.ts";
import type { ReadJob, ReadResult } from "./read-job.ts";
import type { ReaderReply, ReaderRequest } from "./reader-messages.ts";

const MAX_READERS = 1024;

export interface ReaderPoolOptions {
  /** Default: the number of cores. */
  readonly workers?: number;
  /** The program of a worker; tests give one that fails. */
  readonly program?: URL;
}

export interface ReaderPool extends AsyncDisposable {
  readonly workers: number;
  /** Results in the order of `jobs`. @throws FormatError, ResourceError, WorkerError, InterruptedError */
  run(jobs: readonly ReadJob[], options?: RunOptions): Promise<ReadResult[]>;
}

export interface RunOptions {
  readonly signal?: AbortSignal | undefined;
  /** Bytes of files read since the last call, and whether a job has just ended. */
  readonly onRead?: (bytes: number, jobDone: boolean) => void;
}

/** Counts the reader workers alive in this process, for tests of what is left behind. */
export const liveReaders: { count: number } = { count: 0 };

/** Workers start with the first jobs, as many as there is work for, and end when the pool is disposed. */
export function openReaderPool(options: ReaderPoolOptions = {}): ReaderPool {
  const workers = options.workers ?? availableParallelism();
  if (!Number.isInteger(workers) || workers < 1 || workers > MAX_READERS) {
    throw new UsageError(`reader workers is ${workers}, expected an integer from 1 to ${MAX_READERS}`);
  }
  return new Pool(workers, options.program ?? defaultProgram());
}

function defaultProgram(): URL {
  const ending = import.meta.url.endsWith(".ts") ? "ts" : "js";
  return new URL(`./reader-worker.${ending}`, import.meta.url);
}

/** One call of run(): its jobs, what has come back, and how to settle it. */
interface JobList {
  readonly jobs: readonly ReadJob[];
  readonly results: ReadResult[];
  readonly options: RunOptions;
  next: number;
  running: number;
  failed: { readonly index: number; readonly error: Error } | null;
  resolve(results: ReadResult[]): void;
  reject(error: Error): void;
}

interface Reader {
  readonly number: number;
  readonly worker: Worker;
  task: { readonly list: JobList; readonly index: number; readonly id: number } | null;
}

class Pool implements ReaderPool {
  readonly workers: number;
  readonly #program: URL;
  readonly #readers: Reader[] = [];
  readonly #lists: JobList[] = [];
  #nextId = 0;
  #closed: Error | null = null;

  constructor(workers: number, program: URL) {
    this.workers = workers;
    this.#program = program;
  }

  async run(jobs: readonly ReadJob[], options: RunOptions = {}): Promise<ReadResult[]> {
    if (this.#closed !== null) throw this.#closed;
    if (options.signal?.aborted) throw new InterruptedError("reading was interrupted");
    if (jobs.length === 0) return [];
    const { promise, resolve, reject } = Promise.withResolvers<ReadResult[]>();
    const list: JobList = { jobs, options, results: [], next: 0, running: 0, failed: null, resolve, reject };
    this.#lists.push(list);
    const onAbort = (): void => this.#close(new InterruptedError("reading was interrupted"));
    options.signal?.addEventListener("abort", onAbort);
    this.#handOut();
    try {
      return await promise;
    } catch (error) {
      // A closed pool's workers may still hold files open: the caller hears of the failure when they are gone.
      if (this.#closed !== null) await this.#terminate();
      throw error;
    } finally {
      options.signal?.removeEventListener("abort", onAbort);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#close(new UsageError("the reader pool is closed"));
    await this.#terminate();
  }

  #handOut(): void {
    for (const list of this.#lists) {
      while (list.next < list.jobs.length && list.failed === null) {
        const reader = this.#readers.find((r) => r.task === null) ?? this.#startReader();
        if (reader === null) return;
        const index = list.next++;
        list.running++;
        reader.task = { list, index, id: this.#nextId++ };
        const request: ReaderRequest = { id: reader.task.id, job: list.jobs[index]! };
        reader.worker.postMessage(request);
      }
    }
  }

  #startReader(): Reader | null {
    if (this.#readers.length === this.workers || this.#closed !== null) return null;
    const number = this.#readers.length;
    const worker = new Worker(this.#program, { name: `gossamer reader ${number}` });
    liveReaders.count++;
    const reader: Reader = { number, worker, task: null };
    this.#readers.push(reader);
    worker.on("message", (reply: ReaderReply) => this.#receive(reader, reply));
    worker.on("messageerror", (error) => this.#lose(reader, `sent an unreadable message: ${error.message}`, error));
    worker.on("error", (error) => this.#loseToError(reader, error));
    worker.on("exit", (code) => {
      liveReaders.count--;
      this.#lose(reader, `exited with code ${code}`);
    });
    return reader;
  }

  #receive(reader: Reader, reply: ReaderReply): void {
    const task = reader.task;
    if (task === null || task.id !== reply.id || this.#closed !== null) return;
    const { list, index } = task;
    if (reply.kind === "read") {
      list.options.onRead?.(reply.bytes, false);
      return;
    }
    reader.task = null;
    list.running--;
    if (reply.kind === "done") {
      list.results[index] = reply.result;
      list.options.onRead?.(0, true);
    } else if (list.failed === null || index < list.failed.index) {
      list.failed = { index, error: unpackError(reply.error) };
    }
    this.#settle(list);
    this.#handOut();
  }

  /** Ends a list that is complete, or that has failed and whose other jobs under way (all earlier ones) have ended. */
  #settle(list: JobList): void {
    if (list.running > 0 || (list.failed === null && list.next < list.jobs.length)) return;
    this.#lists.splice(this.#lists.indexOf(list), 1);
    if (list.failed === null) list.resolve(list.results);
    else list.reject(list.failed.error);
  }

  #loseToError(reader: Reader, error: unknown): void {
    const known = error instanceof Error ? error : new Error(String(error));
    if ("code" in known && known.code === "ERR_WORKER_OUT_OF_MEMORY") {
      this.#close(
        new ResourceError(`reader ${reader.number} ran out of memory${whileReading(reader)}`, { cause: known }),
      );
    } else this.#lose(reader, `failed: ${known.message}`, known);
  }

  #lose(reader: Reader, problem: string, cause?: Error): void {
    const options = cause === undefined ? {} : { cause };
    this.#close(new WorkerError(reader.number, `${problem}${whileReading(reader)}`, options));
  }

  #close(error: Error): void {
    if (this.#closed !== null) return;
    this.#closed = error;
    for (const list of this.#lists.splice(0)) list.reject(error);
    void this.#terminate();
  }

  async #terminate(): Promise<void> {
    await Promise.all(this.#readers.map((reader) => reader.worker.terminate()));
  }
}

function whileReading(reader: Reader): string {
  const task = reader.task;
  return task === null ? " (a file reader)" : ` while reading ${task.list.jobs[task.index]!.range.path}`;
}
