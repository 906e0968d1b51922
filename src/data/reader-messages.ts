// What a reader worker and the pool say to each other.

import type { PostedError } from "./error-transfer.ts";
import type { ReadJob, ReadResult } from "./read-job.ts";

export interface ReaderRequest {
  readonly id: number;
  readonly job: ReadJob;
}

export type ReaderReply =
  | { readonly kind: "read"; readonly id: number; readonly bytes: number }
  | { readonly kind: "done"; readonly id: number; readonly result: ReadResult }
  | { readonly kind: "failed"; readonly id: number; readonly error: PostedError };
