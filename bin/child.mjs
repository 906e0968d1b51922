// The program as a child of this process, in the same process group, with the same arguments, environment and files.
// Neither of the two lives longer than the other. Plain JavaScript that any Node since 12 reads.

import { spawn } from "node:child_process";
import { writeSync } from "node:fs";
import { Socket } from "node:net";
import { constants, hostname } from "node:os";
import { fileURLToPath } from "node:url";

const START = fileURLToPath(new URL("start.mjs", import.meta.url));
const SIGNALS = ["SIGINT", "SIGTERM"];
/** A terminal or a launcher sends a signal to parent and child alike: the parent's copy counts when no other has come. */
const OWN_SIGNAL_MS = 200;
/** Exit statuses (docs/command-line.md). */
const TRUTH_DIFFERS = 1;
const RANK_FAILED = 5;
/**
 * What MPI_Finalize may take once all ranks have come to it. MPICH 4.0 on UCX stays in it for ever, in many runs, where
 * ranks talk by TCP: to close a connection one rank waits for another that waits for all ranks already, outside of UCX.
 */
const CLOSE_MS = 3_000;
/** Ranks are stopped at about one time, not at the same: in this time all are. */
const STOP_MS = 1_000;
/** Hydra passes on what ranks print when it comes to it, and forgets what is left once it is asked to abort. */
const PASS_ON_MS = 250;
/** Long enough for a launcher to end the job itself. */
const LAST_WORDS_MS = 1_000;

/**
 * Runs the program under `node` and ends as it ends.
 * @param rank the number that a launcher gave to this process, or null: a killed rank is named, with its machine
 */
export function runAsChild(node, rank) {
  const child = spawn(node, [...process.execArgv, START, ...process.argv.slice(2)], { stdio: shareFiles() });
  const heard = new Set();
  for (const signal of SIGNALS) {
    process.on(signal, () => {
      heard.add(signal);
      if (child.connected) child.send({ signal });
    });
  }
  child.on("error", (error) => {
    console.error(`gossamer: cannot start ${node}: ${error.message}`);
    process.exit(2);
  });
  let isCutOff = false;
  child.on("message", ({ closing }) => {
    if (findHydraFile() === null) return;
    setTimeout(() => {
      isCutOff = true;
      if (rank === "0") console.error(`gossamer: MPI_Finalize took more than ${CLOSE_MS} ms and was cut off`);
      cutOff(child, closing);
    }, CLOSE_MS).unref();
  });
  child.on("exit", (code, signal) => {
    if (isCutOff) return;
    if (signal === null) {
      // A rank that fails before MPI knows it is no reason for Hydra to end the others.
      if (rank === null || code === 0 || code === TRUTH_DIFFERS) process.exit(code);
      endJob(code);
      return;
    }
    // Who was told to end as well has nothing to tell.
    if (rank === null || heard.has(signal)) process.exit(128 + (constants.signals[signal] ?? 0));
    console.error(`gossamer: rank ${rank} on ${hostname()} was killed by ${signal}`);
    endJob(RANK_FAILED);
  });
}

/**
 * Ends a child that stays in MPI_Finalize, as if it had come through. It is stopped at first: a rank that ends would let others
 * go on to their barrier while Hydra takes leave of them. Then Hydra is told that this rank is done; it answers and closes
 * the connection, and is lost when nobody is there to read that.
 */
function cutOff(child, status) {
  const end = () => {
    child.kill("SIGKILL");
    process.exit(status);
  };
  child.kill("SIGSTOP");
  setTimeout(() => {
    setTimeout(end, LAST_WORDS_MS);
    const hydra = new Socket({ fd: findHydraFile() });
    hydra.on("error", end).on("close", end).resume();
    hydra.write("cmd=finalize\n");
  }, STOP_MS);
}

/** The file through which Hydra talks to its ranks, each of which inherits one; null under other launchers. */
function findHydraFile() {
  const { PMI_FD, MPI_LOCALNRANKS } = process.env;
  return MPI_LOCALNRANKS !== undefined && /^\d+$/.test(PMI_FD ?? "") ? Number(PMI_FD) : null;
}

/** What the child inherits; the last of the list joins it to its parent. */
function shareFiles() {
  const files = [0, 1, 2];
  const hydra = findHydraFile();
  if (hydra !== null && hydra > 2) {
    while (files.length < hydra) files.push("ignore");
    files.push(hydra);
  }
  return [...files, "ipc"];
}

/** Ends this process, and so the job, with `status`. */
function endJob(status) {
  const hydra = findHydraFile();
  if (hydra !== null) {
    setTimeout(() => askToAbort(hydra, status), PASS_ON_MS);
    return;
  }
  process.exit(status);
}

/** Hydra kills the others when one ends, and mpiexec would end with their status, 9; so it is asked as MPI_Abort asks. */
function askToAbort(hydra, status) {
  try {
    writeSync(hydra, `cmd=abort exitcode=${status}\n`);
    setTimeout(() => process.exit(status), LAST_WORDS_MS);
  } catch {
    // Hydra is gone: nobody is left who would care for the status.
    process.exit(status);
  }
}

/** In the child: hears the signals that only the parent got. That it has ended is heard in src/apps/cli/interruption.ts. */
export function followParent() {
  if (process.channel == null) return;
  const heard = new Set();
  for (const signal of SIGNALS) process.on(signal, () => heard.add(signal));
  process.on("message", ({ signal }) => {
    setTimeout(() => heard.has(signal) || process.kill(process.pid, signal), OWN_SIGNAL_MS).unref();
  });
  process.channel.unref();
}
