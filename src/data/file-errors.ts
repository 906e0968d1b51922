// Turns what Node throws about files into Gossamer's errors: one line with the path, what happened and what it means.
// A missing or damaged file is a FormatError (bad input); a full disk or a missing permission is a ResourceError.

import { FormatError, GossamerError, InterruptedError, ResourceError, UsageError } from "../core/errors.ts";

export type FileAction = "read" | "write";

/** The error to throw in place of `error`, which a call about `path` threw; errors of our own pass unchanged. */
export function toFileError(error: unknown, path: string, action: FileAction): unknown {
  if (error instanceof GossamerError || !(error instanceof Error)) return error;
  const code = "code" in error && typeof error.code === "string" ? error.code : "";
  const options = { cause: error };
  switch (code) {
    case "ENOENT":
    case "ENOTDIR":
      if (action === "write") return new UsageError(`${path}: the folder to write into does not exist`, options);
      return new FormatError(path, null, "no such file or folder", options);
    case "EISDIR":
    case "ENOTEMPTY":
      if (action === "write") return new UsageError(`${path}: is a folder, expected a file to write`, options);
      return new FormatError(path, null, "is a folder, expected a file", options);
    case "ENAMETOOLONG":
    case "ELOOP": {
      const problem = code === "ELOOP" ? "its symbolic links go round in a circle" : "the name is too long";
      if (action === "write") return new UsageError(`${path}: ${problem}`, options);
      return new FormatError(path, null, problem, options);
    }
    case "EACCES":
    case "EPERM":
      return new ResourceError(`${path}: no permission to ${action}`, options);
    case "EROFS":
      return new ResourceError(`${path}: cannot write, the file system is read-only`, options);
    case "ENOSPC":
    case "EDQUOT":
      return new ResourceError(`${path}: the disk is full`, options);
    case "EMFILE":
    case "ENFILE":
    case "ENOMEM":
    case "EIO":
      return new ResourceError(`${path}: cannot ${action}: ${error.message}`, options);
    case "Z_BUF_ERROR":
      return new FormatError(path, null, "the gzip data ends too early: the file is cut", options);
    case "Z_DATA_ERROR":
      return new FormatError(path, null, `the gzip data is corrupt (${error.message})`, options);
    case "ABORT_ERR":
      return new InterruptedError(`${path}: interrupted`, options);
    default:
      break;
  }
  if (error instanceof RangeError && /allocation|array length|array buffer/i.test(error.message)) {
    return new ResourceError(`${path}: not enough memory (${error.message})`, options);
  }
  return error;
}

/** Runs `work` and rethrows its failure as an error about `path`. @throws FormatError, ResourceError, UsageError */
export async function withFileErrors<T>(path: string, action: FileAction, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw toFileError(error, path, action);
  }
}

/** @throws InterruptedError when the caller has given up. */
export function checkNotAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new InterruptedError("interrupted", { cause: signal.reason });
}
