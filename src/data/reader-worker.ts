// The body of a reader worker: takes read jobs one after the other and posts their results, whose arrays are on
// shared memory and so are not copied. Everything that can be said about a failure goes back as a message; what
// cannot (a crash, memory running out) the pool learns from the worker's exit.

import { parentPort } from "node:worker_threads";
import { InvariantError } from "../core/errors.ts";
import { packError } from "./error-transfer.ts";
import { toFileError } from "./file-errors.ts";
import { runReadJob } from "./read-job.ts";
import type { ReaderReply, ReaderRequest } from "./reader-messages.ts";

const MIN_PROGRESS_BYTES = 1 << 20;

const port = parentPort;
if (port === null) throw new InvariantError("reader-worker.ts was started outside a worker");

const reply = (message: ReaderReply): void => port.postMessage(message);

async function answer({ id, job }: ReaderRequest): Promise<void> {
  let unsaid = 0;
  try {
    const result = await runReadJob(job, (bytes) => {
      unsaid += bytes;
      if (unsaid < MIN_PROGRESS_BYTES) return;
      reply({ kind: "read", id, bytes: unsaid });
      unsaid = 0;
    });
    reply({ kind: "read", id, bytes: unsaid });
    reply({ kind: "done", id, result });
  } catch (error) {
    reply({ kind: "failed", id, error: packError(toFileError(error, job.range.path, "read")) });
  }
}

port.on("message", (request: ReaderRequest) => void answer(request));
