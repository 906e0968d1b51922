// Errors on their way from a reader worker: posting an error keeps its text but loses its class, so that a bad line
// would arrive as a plain Error. The record below carries what is needed to make the same error again.

import { FormatError, InvariantError, ResourceError, UsageError } from "../core/errors.ts";
import { problemOf } from "./read-job.ts";

export type PostedError =
  | { readonly kind: "format"; readonly path: string; readonly line: number | null; readonly problem: string }
  | { readonly kind: "resource" | "usage" | "invariant"; readonly message: string }
  | { readonly kind: "other"; readonly message: string; readonly stack: string };

export function packError(error: unknown): PostedError {
  if (error instanceof FormatError) {
    return { kind: "format", path: error.path, line: error.line, problem: problemOf(error) };
  }
  if (error instanceof ResourceError) return { kind: "resource", message: error.message };
  if (error instanceof UsageError) return { kind: "usage", message: error.message };
  if (error instanceof InvariantError) return { kind: "invariant", message: error.message };
  const known = error instanceof Error ? error : new Error(String(error));
  return { kind: "other", message: known.message, stack: known.stack ?? "" };
}

export function unpackError(posted: PostedError): Error {
  switch (posted.kind) {
    case "format":
      return new FormatError(posted.path, posted.line, posted.problem);
    case "resource":
      return new ResourceError(posted.message);
    case "usage":
      return new UsageError(posted.message);
    case "invariant":
      return new InvariantError(posted.message);
    case "other": {
      const error = new Error(posted.message);
      error.stack = posted.stack;
      return error;
    }
  }
}
