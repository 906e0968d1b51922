// What runs in every worker thread: loads the program that the team was opened with, then carries out tasks one by one.
// An error is sent back with its class name and text; it is never turned into a result.

import { parentPort, workerData } from "node:worker_threads";
import { beat, type Control, throwIfAborted, waitAtBarrier } from "./control.ts";
import type { Fault } from "./faults.ts";
import type { TeamWorker, WorkerProgram, WorkerReply, WorkerSetup } from "./program.ts";

const setup = workerData as WorkerSetup;
const port = parentPort;
if (port === null) throw new Error("worker-main is the entry of a worker thread, not of a program");

function strike(fault: Fault): void {
  if (fault.kind === "throw") throw new Error(`fault on purpose at beat ${fault.beat}`);
  if (fault.kind === "exit") process.exit(7);
  for (;;); // A worker that hangs does not even look at the abort flag.
}

function makeTeamWorker(control: Control): TeamWorker {
  const { worker, size, fault } = setup;
  return {
    worker,
    size,
    control,
    beat(progress) {
      const count = beat(control, worker, progress);
      if (fault !== null && fault.worker === worker && count === fault.beat) strike(fault);
      throwIfAborted(control);
    },
    wait(group, parties) {
      waitAtBarrier(control, group, parties, worker, setup.spin);
    },
  };
}

const module = (await import(setup.program)) as { startWorker: WorkerProgram };
const runTask = module.startWorker(setup.data, makeTeamWorker(setup.control));

port.on("message", (task: unknown) => {
  try {
    port.postMessage({ kind: "done", result: runTask(task) } satisfies WorkerReply);
  } catch (error) {
    const known = error instanceof Error ? error : new Error(String(error));
    const { name, message, stack = "" } = known;
    port.postMessage({ kind: "error", name, message, stack } satisfies WorkerReply);
  }
});
port.postMessage({ kind: "ready" } satisfies WorkerReply);
