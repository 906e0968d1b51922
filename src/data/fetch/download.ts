// Downloads one file, going on from what an earlier run left. The rule that keeps a resumed file whole: bytes are added
// to a part only when the server confirms (206, If-Range) that they belong to the version named in the part's sidecar.
// Memory: one chunk of the answer at a time, written before the next is read.

import { type FileHandle, open } from "node:fs/promises";
import { FormatError } from "../../core/errors.ts";
import { toFileError } from "../file-errors.ts";
import { finishPart, partPath, readPart, removePart, writeSidecar } from "./part-file.ts";
import { isOtherVersion, openAnswer, rangeValidator, readRemoteFile, type RemoteFile } from "./remote-file.ts";
import { makeStallGuard, type RetryPolicy, type StallGuard, withRetries } from "./retry.ts";
import { networkError, TransientError } from "./transfer-errors.ts";

export interface Download {
  readonly url: string;
  readonly path: string;
  /** What the server said when it was asked. */
  readonly remote: RemoteFile;
}

export interface DownloadOptions {
  readonly policy: RetryPolicy;
  readonly signal: AbortSignal | undefined;
  /** Told the bytes of the file that are here, those of an earlier run included, and its length. */
  readonly onBytes: (haveBytes: number, lengthBytes: number | null) => void;
  /** Looks at the complete part before it gets the file's name; a FormatError of it removes the part. */
  readonly verify?: (partPath: string) => Promise<void>;
}

/**
 * Downloads to `path`; until it is complete and verified only `path`.part exists. @returns bytes received now.
 * @throws ResourceError (server, network, disk), FormatError (wrong length, failed verification), InterruptedError.
 */
export async function downloadFile(download: Download, options: DownloadOptions): Promise<number> {
  const { path } = download;
  const state: Transfer = { ...download, options, receivedBytes: 0, furthestBytes: 0 };
  try {
    await withRetries(() => attempt(state), {
      policy: options.policy,
      signal: options.signal,
      progress: () => state.furthestBytes,
    });
    if (options.verify !== undefined) await options.verify(partPath(path));
    await finishPart(path);
  } catch (error) {
    if (error instanceof FormatError) await removePart(path);
    throw toFileError(error, path, "write");
  }
  return state.receivedBytes;
}

interface Transfer {
  readonly url: string;
  readonly path: string;
  /** Replaced when the server's file has changed since it was asked for. */
  remote: RemoteFile;
  readonly options: DownloadOptions;
  receivedBytes: number;
  /** The most bytes that were ever here: an attempt that starts again and gets no further is no progress. */
  furthestBytes: number;
}

async function attempt(state: Transfer): Promise<void> {
  const { url, path, options } = state;
  const offset = await resumeOffset(state);
  if (offset > 0 && offset === state.remote.lengthBytes) return;
  using guard = makeStallGuard(options.policy.stallMs, options.signal);
  const validator = rangeValidator(state.remote);
  const headers: Record<string, string> =
    offset > 0 && validator !== null ? { range: `bytes=${offset}-`, "if-range": validator } : {};
  const answer = await openAnswer(url, "GET", headers, guard);
  if (answer.status === 416) {
    await removePart(path);
    throw new TransientError(`${url}: the server refuses to go on from byte ${offset} (HTTP 416)`);
  }
  const start = answer.status === 206 ? await continueFrom(state, answer, offset) : startAgain(state, answer);
  const file = await open(partPath(path), start > 0 ? "r+" : "w");
  try {
    // After the truncation: a crash between the two leaves an empty part, never old bytes under a new version.
    if (start === 0) await writeSidecar(path, state.remote);
    await receive(state, answer, file, start, guard);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Bytes of an earlier attempt that belong to the version that is wanted now. */
async function resumeOffset(state: Transfer): Promise<number> {
  const part = await readPart(state.path);
  const { remote } = state;
  if (part === null || rangeValidator(remote) === null || rangeValidator(part.remote) === null) return 0;
  if (isOtherVersion(part.remote, remote) || part.remote.lengthBytes !== remote.lengthBytes) return 0;
  return remote.lengthBytes !== null && part.haveBytes > remote.lengthBytes ? 0 : part.haveBytes;
}

async function continueFrom(state: Transfer, answer: Response, offset: number): Promise<number> {
  const range = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(answer.headers.get("content-range") ?? "");
  const { lengthBytes } = state.remote;
  const isRightPlace = range !== null && Number(range[1]) === offset;
  const isRightFile = range !== null && (range[2] === "*" || lengthBytes === null || Number(range[2]) === lengthBytes);
  if (isRightPlace && isRightFile && !isOtherVersion(state.remote, readRemoteFile(answer))) return offset;
  await removePart(state.path);
  const found = answer.headers.get("content-range");
  throw new TransientError(`${state.url}: answered range "${found}", expected bytes ${offset} on of ${lengthBytes}`);
}

/** The whole file comes: its own marks replace the known ones if it changed. @throws FormatError on a wrong length. */
function startAgain(state: Transfer, answer: Response): number {
  const fresh = readRemoteFile(answer);
  const known = state.remote;
  if (isOtherVersion(known, fresh)) {
    state.remote = fresh;
  } else if (fresh.lengthBytes !== null && known.lengthBytes !== null && fresh.lengthBytes !== known.lengthBytes) {
    throw wrongLength(state, fresh.lengthBytes);
  }
  return 0;
}

async function receive(
  state: Transfer,
  answer: Response,
  file: FileHandle,
  start: number,
  guard: StallGuard,
): Promise<void> {
  const { lengthBytes } = state.remote;
  const reader = answer.body?.getReader();
  let position = start;
  const report = (): void => {
    state.furthestBytes = Math.max(state.furthestBytes, position);
    state.options.onBytes(position, lengthBytes);
  };
  report();
  for (;;) {
    const chunk = await readChunk(state, reader, guard, position);
    if (chunk === null) break;
    if (lengthBytes !== null && position + chunk.length > lengthBytes) {
      throw wrongLength(state, position + chunk.length);
    }
    for (let written = 0; written < chunk.length; ) {
      const { bytesWritten } = await file.write(chunk, written, chunk.length - written, position);
      written += bytesWritten;
      position += bytesWritten;
    }
    state.receivedBytes += chunk.length;
    guard.touch();
    report();
  }
  if (lengthBytes !== null && position < lengthBytes) {
    throw new TransientError(`${state.url}: the body ended after ${position} of ${lengthBytes} bytes`);
  }
}

async function readChunk(
  { url, remote }: Transfer,
  reader: ReadableStreamDefaultReader<Uint8Array> | undefined,
  guard: StallGuard,
  position: number,
): Promise<Uint8Array | null> {
  try {
    const next = await reader?.read();
    return next?.value ?? null;
  } catch (error) {
    const progress = ` after ${position}${remote.lengthBytes === null ? "" : ` of ${remote.lengthBytes}`} bytes`;
    throw networkError(url, guard.explain(url, error), progress);
  }
}

function wrongLength(state: Transfer, foundBytes: number): FormatError {
  const expected = `expected the ${state.remote.lengthBytes} announced`;
  return new FormatError(state.url, null, `the server sends ${foundBytes} bytes or more, ${expected}`);
}
