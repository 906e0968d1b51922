// Options that every reader of networks and inputs takes, and the running of its jobs: on the calling thread where the
// files are so small that starting workers would take longer than reading, otherwise in a pool.

import { checkNotAborted, toFileError } from "./file-errors.ts";
import { type ReadJob, type ReadResult, runReadJob } from "./read-job.ts";
import { openReaderPool, type ReaderPool } from "./reader-pool.ts";

/** Below this a single thread is done before a worker has started (some 30 ms). */
const MIN_BYTES_FOR_WORKERS = 2 << 20;

export interface ReadProgress {
  readonly filesDone: number;
  readonly filesTotal: number;
  /** Bytes of the files as they lie on disk. */
  readonly bytesDone: number;
  readonly bytesTotal: number;
}

export interface ReadOptions {
  /** Ends the reading with an InterruptedError. */
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: ReadProgress) => void) | undefined;
  /** Reader workers; default: the number of cores, none for small files. Ignored where `pool` is given. */
  readonly workers?: number | undefined;
  /** A pool to share between several calls; it is left open. */
  readonly pool?: ReaderPool | undefined;
}

/** Runs `jobs`, which read `bytesTotal` bytes of `filesTotal` files in all. Results in order. */
export async function runReadJobs(
  jobs: readonly ReadJob[],
  options: ReadOptions,
  bytesTotal: number,
  filesTotal: number,
): Promise<ReadResult[]> {
  checkNotAborted(options.signal);
  let bytesDone = 0;
  let jobsDone = 0;
  const onRead = (bytes: number, jobDone: boolean): void => {
    bytesDone += bytes;
    if (jobDone) jobsDone++;
    // A file may be several jobs; the last of them completes it.
    const filesDone = Math.floor((jobsDone / jobs.length) * filesTotal);
    options.onProgress?.({ filesDone, filesTotal, bytesDone, bytesTotal });
  };
  if (options.pool !== undefined) return options.pool.run(jobs, { signal: options.signal, onRead });
  if (options.workers === undefined && bytesTotal < MIN_BYTES_FOR_WORKERS) return runHere(jobs, options, onRead);
  const workers = options.workers === undefined ? {} : { workers: options.workers };
  await using pool = openReaderPool(workers);
  return await pool.run(jobs, { signal: options.signal, onRead });
}

async function runHere(
  jobs: readonly ReadJob[],
  options: ReadOptions,
  onRead: (bytes: number, jobDone: boolean) => void,
): Promise<ReadResult[]> {
  const results: ReadResult[] = [];
  for (const job of jobs) {
    checkNotAborted(options.signal);
    try {
      results.push(await runReadJob(job, (bytes) => onRead(bytes, false)));
    } catch (error) {
      throw toFileError(error, job.range.path, "read");
    }
    onRead(0, true);
  }
  return results;
}
