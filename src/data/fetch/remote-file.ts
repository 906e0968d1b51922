// What a server says about one of its files (length, version), asked with HEAD, and the opening of an answer with its
// status turned into errors. The body is read in download.ts.

import { ResourceError, UnsupportedError } from "../../core/errors.ts";
import { makeStallGuard, type RetryPolicy, type StallGuard, withRetries } from "./retry.ts";
import { networkError, TransientError } from "./transfer-errors.ts";

/** Length and version marks of a file on a server; null where the server does not say. */
export interface RemoteFile {
  readonly lengthBytes: number | null;
  readonly etag: string | null;
  readonly lastModified: string | null;
}

/** @throws ResourceError (no such file, server or network trouble), InterruptedError. */
export async function askRemoteFile(
  url: string,
  policy: RetryPolicy,
  signal: AbortSignal | undefined,
): Promise<RemoteFile> {
  const ask = async (): Promise<RemoteFile> => {
    using guard = makeStallGuard(policy.stallMs, signal);
    return readRemoteFile(await openAnswer(url, "HEAD", {}, guard));
  };
  return withRetries(ask, { policy, signal, failFast: true });
}

/**
 * Asks for `url`. Status 200, 206 and 416 come back as they are; the caller reads or drops the body.
 * @throws ResourceError where asking again is no use, TransientError where it may help.
 */
export async function openAnswer(
  url: string,
  method: "HEAD" | "GET",
  headers: Record<string, string>,
  guard: StallGuard,
): Promise<Response> {
  let answer: Response;
  try {
    // Without `identity`, a server may compress on the way: lengths and ranges would then count other bytes.
    answer = await fetch(url, {
      method,
      headers: { ...headers, "accept-encoding": "identity" },
      signal: guard.signal,
    });
  } catch (error) {
    throw networkError(url, guard.explain(url, error));
  }
  guard.touch();
  checkStatus(url, answer);
  const encoding = answer.headers.get("content-encoding");
  if (encoding !== null && encoding !== "identity" && encoding !== "") {
    throw new UnsupportedError(`${url}: sent with content-encoding ${encoding}, expected the file's own bytes`);
  }
  return answer;
}

export function readRemoteFile(answer: Response): RemoteFile {
  const length = answer.headers.get("content-length");
  return {
    lengthBytes: length !== null && /^\d+$/.test(length) ? Number(length) : null,
    etag: answer.headers.get("etag"),
    lastModified: answer.headers.get("last-modified"),
  };
}

/** True when the marks of both show that the file was replaced; marks that one side lacks show nothing. */
export function isOtherVersion(a: RemoteFile, b: RemoteFile): boolean {
  if (a.etag !== null && b.etag !== null) return a.etag !== b.etag;
  if (a.lastModified !== null && b.lastModified !== null) return a.lastModified !== b.lastModified;
  return false;
}

/** The mark to send as If-Range, or null: a weak ETag does not promise equal bytes. Source: RFC 9110, 13.1.5. */
export function rangeValidator(file: RemoteFile): string | null {
  return file.etag !== null && !file.etag.startsWith("W/") ? file.etag : file.lastModified;
}

function checkStatus(url: string, answer: Response): void {
  const { status } = answer;
  if (status === 200 || status === 206 || status === 416) return;
  const name = decodeURIComponent(url.slice(url.lastIndexOf("/") + 1));
  if (status === 404 || status === 410) {
    throw new ResourceError(`${name}: the server has no such file (HTTP ${status} for ${url})`);
  }
  if (status === 403) {
    throw new ResourceError(`${name}: the server refuses it or has no such file (HTTP 403 for ${url})`);
  }
  if (status === 408 || status === 429 || status >= 500) {
    const seconds = Number(answer.headers.get("retry-after") ?? Number.NaN);
    const retryAfterMs = Number.isFinite(seconds) && seconds >= 0 ? seconds * 1000 : null;
    throw new TransientError(`${name}: the server fails (HTTP ${status} for ${url})`, retryAfterMs);
  }
  throw new ResourceError(`${name}: unexpected answer HTTP ${status} for ${url}, expected 200`);
}
