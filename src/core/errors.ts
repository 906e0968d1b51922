// The errors that Gossamer throws on purpose. Each class names one kind of trouble and carries a `code`, so that an
// edge of the program (command line, server, page) can map it to an exit status without reading its text.
// Argument mistakes of a library caller are plain TypeError or RangeError and are not listed here.

/** The kinds of trouble; an edge of the program maps each to an exit status. */
export const ERROR_CODES = [
  "usage",
  "format",
  "shape",
  "unsupported",
  "resource",
  "worker",
  "mpi",
  "rank",
  "interrupted",
  "invariant",
] as const;

/** One of ERROR_CODES. */
export type ErrorCode = (typeof ERROR_CODES)[number];

/** Base of every error below; `message` is one line that says what was found and what was expected. */
export abstract class GossamerError extends Error {
  abstract readonly code: ErrorCode;
  override get name(): string {
    return this.constructor.name;
  }
}

/** Options that contradict each other, an unknown name, a value out of its range. */
export class UsageError extends GossamerError {
  readonly code = "usage";
}

/** A file that does not hold what its format promises. */
export class FormatError extends GossamerError {
  readonly code = "format";
  readonly path: string;
  /** 1-based line of a text file, or null where lines mean nothing. */
  readonly line: number | null;

  constructor(path: string, line: number | null, problem: string, options?: ErrorOptions) {
    super(`${path}${line === null ? "" : `:${line}`}: ${problem}`, options);
    this.path = path;
    this.line = line;
  }
}

/** Two sizes that must agree do not, or an array is not what its matrix promises. */
export class ShapeError extends GossamerError {
  readonly code = "shape";
}

/** A well-formed request that this build or this runtime cannot carry out; the message says why. */
export class UnsupportedError extends GossamerError {
  readonly code = "unsupported";
}

/** Memory, disk or another resource ran out. */
export class ResourceError extends GossamerError {
  readonly code = "resource";
}

/** A worker threw, exited or stopped answering. */
export class WorkerError extends GossamerError {
  readonly code = "worker";
  readonly worker: number;

  constructor(worker: number, problem: string, options?: ErrorOptions) {
    super(`worker ${worker}: ${problem}`, options);
    this.worker = worker;
  }
}

/** A call to the MPI library failed, or a rank did not do its part. */
export class MpiError extends GossamerError {
  readonly code = "mpi";
  /** Rank in MPI_COMM_WORLD, or null before ranks are known. */
  readonly rank: number | null;
  /** The MPI function as the standard names it ("MPI_Bcast"), or what was done instead of a call ("loading MPI"). */
  readonly call: string;

  constructor(rank: number | null, call: string, problem: string, options?: ErrorOptions) {
    super(`${rank === null ? "" : `rank ${rank}: `}${call}: ${problem}`, options);
    this.rank = rank;
    this.call = call;
  }
}

/** A rank of a run failed, and all ranks know it. */
export class RankError extends GossamerError {
  readonly code = "rank";
  readonly rank: number;
  readonly host: string;

  constructor(rank: number, host: string, problem: string, options?: ErrorOptions) {
    super(`rank ${rank} on ${host}: ${problem}`, options);
    this.rank = rank;
    this.host = host;
  }
}

/** The user, or the caller's AbortSignal, ended the run. */
export class InterruptedError extends GossamerError {
  readonly code = "interrupted";
}

/** A promise that Gossamer makes to itself is broken: a bug of ours. */
export class InvariantError extends GossamerError {
  readonly code = "invariant";
}

/** For the `default` of a switch over a closed set: a new member then fails to compile. */
export function assertNever(value: never, what: string): never {
  throw new InvariantError(`unexpected ${what}: ${String(value)}`);
}
