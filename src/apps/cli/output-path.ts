// Where results will be written is checked before anything is read: a run of minutes must not end at a missing folder.

import { closeSync, openSync, readdirSync, type Stats, statSync, unlinkSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { ResourceError, UsageError } from "../../core/errors.ts";
import { toFileError } from "../../data/file-errors.ts";

/** @throws UsageError where the folder does not exist or the path is a folder; ResourceError where writing is refused. */
export function checkOutputFile(path: string, sources: readonly string[] = []): void {
  checkParent(path);
  if (lookAt(path)?.isDirectory() === true) {
    throw new UsageError(`${path}: is a folder, expected the name of a file to write`);
  }
  checkNotSource(path, sources);
}

/** The same for a folder to be made: it may exist only when it is empty. */
export function checkOutputFolder(path: string, sources: readonly string[] = []): void {
  checkParent(path);
  const stat = lookAt(path);
  if (stat?.isFile() === true) throw new UsageError(`${path}: is a file, expected the name of a folder to make`);
  const held = stat === undefined ? [] : readdirSync(path);
  if (held.length > 0) {
    throw new UsageError(`${path}: the folder holds ${held.length} files already, expected a new or empty folder`);
  }
  checkNotSource(path, sources);
}

/** What stands at `path`, if anything. @throws UsageError, ResourceError where that cannot be told. */
function lookAt(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch (error) {
    throw toFileError(error, path, "write");
  }
}

function checkParent(path: string): void {
  const folder = dirname(resolve(path));
  const stat = lookAt(folder);
  if (stat === undefined) throw new UsageError(`${path}: the folder ${folder} does not exist`);
  if (!stat.isDirectory()) throw new UsageError(`${path}: ${folder} is no folder`);
  probeWriting(folder, path);
}

/** Makes a file and removes it: permission bits alone do not tell (the superuser, a read-only mount). @throws ResourceError */
function probeWriting(folder: string, path: string): void {
  const probe = join(folder, `.gossamer-${process.pid}.part`);
  try {
    closeSync(openSync(probe, "wx"));
    unlinkSync(probe);
  } catch (cause) {
    const known = toFileError(cause, path, "write");
    throw known instanceof ResourceError ? known : new ResourceError(`${path}: no permission to write`, { cause });
  }
}

/** What is read must not be replaced by what is made of it. */
function checkNotSource(path: string, sources: readonly string[]): void {
  const clash = sources.find((source) => resolve(source) === resolve(path));
  if (clash !== undefined) throw new UsageError(`${path}: is read and written, expected two different files`);
}
