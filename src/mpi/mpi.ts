// MPI for a rank: open, use, close. A plain run never comes here: ask isUnderLauncher (launcher.ts) first and import this
// module only then. A rank that leaves without close (an error, an exit) ends the whole job through MPI_Abort, because
// the others would wait for it for ever.

import { MpiError } from "../core/errors.ts";
import { type MpiFamily, THREAD_LEVELS, type ThreadLevel } from "./abi/abi.ts";
import { type Communicator, makeCommunicator } from "./communicator.ts";
import { type Environment, findLauncher } from "./launcher.ts";
import { loadMpi } from "./library.ts";
import { makeSession, readText, type Session } from "./session.ts";

/** Exit status of a job that is ended because a rank failed (docs/command-line.md). */
const RANK_FAILED = 5;

/** Many times what mpiexec needs to pass on a rank's error text. */
const LAST_WORDS_MS = 100;

export interface MpiOptions {
  /** Default: this process's. */
  readonly env?: Environment;
  /** What the threads of this process may do with MPI. Default "funneled": only the main thread calls. */
  readonly threads?: ThreadLevel;
}

export interface Mpi extends Disposable {
  /** This process among all that were started together, and how many there are. */
  readonly rank: number;
  readonly size: number;
  /** Name of the machine. */
  readonly host: string;
  /** Which family the library belongs to, the name it was loaded by, and its own words about itself. */
  readonly family: MpiFamily;
  readonly library: string;
  readonly version: string;
  readonly threads: ThreadLevel;
  /** All ranks. */
  readonly world: Communicator;
  /** Started operations that are not complete, and communicators not yet disposed: both are 0 in the end. */
  readonly pendingCount: number;
  readonly openCommunicatorCount: number;
  /** Seconds on the library's clock. */
  now(): number;
  /** Ends every rank's process at once; mpirun exits with `status`. Returns only where the library does. */
  abort(status: number): void;
  /** MPI_Finalize: waits for all ranks to come here. @throws MpiError while operations are pending. */
  close(): void;
  /**
   * Leaves a scope: nothing after close. Without close the scope was left by an error, and no rank must wait for this one:
   * the error goes on to whoever reports it, and when this process exits, the job is ended with its exit status.
   */
  [Symbol.dispose](): void;
}

/** MPI can be initialized once in the life of a process. */
let isOpened = false;

/**
 * Loads the launcher's MPI library and initializes it.
 * @throws MpiError when no library is found, when it cannot do what was asked, or when it sees another number of ranks
 * than the launcher started (a library of another family sees one).
 */
export function openMpi(options: MpiOptions = {}): Mpi {
  const env = options.env ?? process.env;
  const loaded = loadMpi(env);
  if (isOpened) throw new MpiError(null, "MPI_Init_thread", "MPI was opened before, which a process can do once");
  const session = makeSession(loaded);
  const threads = initialize(session, options.threads ?? "funneled");
  isOpened = true;
  let isOpen = true;
  const endJob = (status: number): void => {
    // Read by the functions below: whatever happens in the library, this process is done with it.
    isOpen = false;
    session.calls.MPI_Abort(session.abi.commWorld, status);
  };
  endJobOnExit(session, () => isOpen, endJob);

  // From here on a failing call returns its code instead of ending the process.
  session.call("MPI_Comm_set_errhandler", session.abi.commWorld, session.abi.errorsReturn);
  const world = makeCommunicator(session, session.abi.commWorld, false);
  session.rank = world.rank;
  checkRankCount(env, world, loaded.name);
  return {
    rank: world.rank,
    size: world.size,
    host: readText(session, (text, length) => session.call("MPI_Get_processor_name", text, length)),
    family: loaded.abi.family,
    library: loaded.name,
    version: readText(session, (text, length) => session.call("MPI_Get_library_version", text, length)),
    threads,
    world,
    get pendingCount() {
      return session.pending.size;
    },
    get openCommunicatorCount() {
      return session.openCommunicators;
    },
    now: () => session.calls.MPI_Wtime(),
    abort: endJob,
    close() {
      if (!isOpen) return;
      if (session.pending.size > 0) {
        throw new MpiError(world.rank, "MPI_Finalize", `${session.pending.size} started operations are not complete`);
      }
      isOpen = false;
      session.call("MPI_Finalize");
    },
    [Symbol.dispose]() {},
  };
}

/** A process that exits while MPI `isOpen` ends the job with its status; it says first why, as Node would have after it. */
function endJobOnExit(session: Session, isOpen: () => boolean, endJob: (status: number) => void): void {
  let uncaught: unknown = null;
  process.on("uncaughtExceptionMonitor", (error) => {
    uncaught = error;
  });
  process.once("exit", (status) => {
    if (!isOpen()) return;
    const who = session.rank === null ? "a rank" : `rank ${session.rank}`;
    if (uncaught !== null) console.error(who, "failed:", uncaught);
    else if (status === 0) console.error(`${who} ended without closing MPI: the job is ended`);
    // Launchers pass on what a rank has said in their own time, and drop what is left when the job is ended.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LAST_WORDS_MS);
    endJob(status === 0 ? RANK_FAILED : status);
  });
}

/** @returns the level that the library gives. @throws MpiError when it is below the one that was asked for. */
function initialize(session: Session, asked: ThreadLevel): ThreadLevel {
  const number = new Int32Array(1);
  session.call("MPI_Initialized", number);
  if (number[0] !== 0) throw new MpiError(null, "MPI_Init_thread", "MPI is in use in this process already");
  session.call("MPI_Init_thread", null, null, THREAD_LEVELS.indexOf(asked), number);
  const given = THREAD_LEVELS[number[0]] ?? "single";
  if (number[0] >= THREAD_LEVELS.indexOf(asked)) return given;
  throw new MpiError(null, "MPI_Init_thread", `the library supports threads "${given}", "${asked}" is needed`);
}

/** The wrong library runs every rank alone, as rank 0 of 1: each would do all the work and write the same files. */
function checkRankCount(env: Environment, world: Communicator, library: string): void {
  const launcher = findLauncher(env);
  if (launcher === null || launcher.rankCount === null || launcher.rankCount === world.size) return;
  const found = `${launcher.name} started ${launcher.rankCount} ranks, ${library} sees ${world.size}`;
  throw new MpiError(world.rank, "MPI_Init_thread", `${found}: set GOSSAMER_MPI to the launcher's library`);
}
