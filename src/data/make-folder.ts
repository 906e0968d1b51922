// Makes a folder, and those above it, where they are missing. Node's recursive mkdir reports a read-only disk as a folder
// that does not exist; made one by one each failure has its own reason.

import { mkdirSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { UsageError } from "../core/errors.ts";
import { toFileError } from "./file-errors.ts";

/** @throws UsageError where a file stands in the way; ResourceError for a missing permission, a read-only or full disk. */
export function makeFolder(path: string): void {
  try {
    makeWithParents(resolve(path));
  } catch (error) {
    if (!["EEXIST", "ENOTDIR"].includes(codeOf(error))) throw toFileError(error, path, "write");
    throw new UsageError(`${path}: a file stands where a folder is needed`, { cause: error });
  }
}

function makeWithParents(path: string): void {
  try {
    mkdirSync(path);
  } catch (error) {
    const parent = dirname(path);
    if (codeOf(error) === "ENOENT" && parent !== path) {
      makeWithParents(parent);
      mkdirSync(path);
    } else if (statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) throw error;
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";
}
