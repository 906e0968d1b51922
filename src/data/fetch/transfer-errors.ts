// Says what went wrong between here and the server, in one line, and whether trying again may help.
// A TransientError never leaves this folder: retry.ts turns the last one into a ResourceError. Errors of the disk are
// worded in ../file-errors.ts.

import { GossamerError, InterruptedError, ResourceError } from "../../core/errors.ts";

/** Trouble that may pass by itself: a cut connection, a silent server, HTTP 5xx. */
export class TransientError extends Error {
  /** What the server asked for in Retry-After, or null. */
  readonly retryAfterMs: number | null;

  constructor(message: string, retryAfterMs: number | null = null, options?: ErrorOptions) {
    super(message, options);
    this.retryAfterMs = retryAfterMs;
  }
}

/** Failed look-ups and refusals: mostly a wrong address or no network, which no pause of seconds mends. */
const UNREACHABLE_CODES = ["ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED"];

const NETWORK_PROBLEMS: Record<string, string> = {
  ENOTFOUND: "the host is unknown (DNS)",
  EAI_AGAIN: "the host's name cannot be looked up now (DNS)",
  ECONNREFUSED: "the host refuses the connection",
  ECONNRESET: "the connection was reset",
  EHOSTUNREACH: "the host cannot be reached",
  ENETUNREACH: "the network cannot be reached",
  ETIMEDOUT: "the connection timed out",
  UND_ERR_CONNECT_TIMEOUT: "the connection timed out",
  UND_ERR_SOCKET: "the connection was cut",
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: "the answer's length is not the announced one",
};

/** The `code` that Node and its fetch put on system errors; fetch hides it in a chain of causes. */
export function errorCode(error: unknown): string | null {
  for (let e = error; e instanceof Error; e = e.cause) {
    if ("code" in e && typeof e.code === "string") return e.code;
  }
  return null;
}

/**
 * An error of fetch or of a response body as TransientError, or as ResourceError where trying again is no use.
 * `progress` (" after 3 of 9 bytes") ends the message.
 */
export function networkError(url: string, error: unknown, progress = ""): Error {
  if (error instanceof GossamerError || error instanceof TransientError) return error;
  const code = errorCode(error);
  const known = code === null ? undefined : NETWORK_PROBLEMS[code];
  const problem = known === undefined ? `the transfer failed (${innermostMessage(error)})` : `${known} [${code}]`;
  if (code !== null && /CERT|SELF_SIGNED|ERR_TLS|UNABLE_TO_/.test(code)) {
    return new ResourceError(`${url}: the server's certificate is not trusted [${code}]`, { cause: error });
  }
  return new TransientError(`${url}: ${problem}${progress}`, null, { cause: error });
}

/** True where waiting a few seconds is no use, so that a first question should fail at once. */
export function isUnreachable(error: TransientError): boolean {
  return UNREACHABLE_CODES.includes(errorCode(error) ?? "");
}

/** @throws InterruptedError when the caller's signal has fired. */
export function throwIfInterrupted(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) {
    throw new InterruptedError("fetch interrupted; the same command goes on where it stopped", {
      cause: signal.reason,
    });
  }
}

function innermostMessage(error: unknown): string {
  let message = String(error);
  for (let e = error; e instanceof Error; e = e.cause) message = e.message === "" ? message : e.message;
  return message.split("\n", 1)[0] ?? message;
}
