// `--trace FILE`: the spans of a run, written when it is over. A name that ends in .json gets Chrome's trace format, any
// other JSON lines.

import { createWriteStream } from "node:fs";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { writeAtomically } from "../../data/write-atomically.ts";
import type { InferenceResult } from "../../engine/result.ts";
import { traceText } from "../../report/trace.ts";

/** @throws ResourceError, InterruptedError */
export async function writeTrace(
  path: string,
  result: InferenceResult,
  signal: AbortSignal,
  workersByRank?: readonly number[],
): Promise<void> {
  const text = traceText(result, path.endsWith(".json") ? "chrome" : "lines", workersByRank);
  await writeAtomically(
    path,
    (temporary) => pipeline(Readable.from(text), createWriteStream(temporary), { signal }),
    signal,
  );
}
