// The batches of one stage on their way: while the workers compute some, the messages of others travel. This is the main
// thread's loop: it gives out tasks, starts messages, and sleeps when neither a task nor a message is done.

import { setImmediate } from "node:timers/promises";
import type { Batch, BatchRun, StagePart } from "./batch.ts";
import { advance, beginBatch } from "./batch-steps.ts";
import { readSignal, waitForSignal } from "./grid-task.ts";

/** How long the main thread asks without a pause, then how long it sleeps between questions while there are only messages. */
const SPIN_MS = 0.02;
const PAUSE_MS = 0.05;
/** A worker that has done its part wakes the main thread: while some have work it need not ask often. */
const LONG_PAUSE_MS = 1;
/** The event loop turns at least this often, so that signals, timers and the team's failures are heard. */
const TURN_MS = 2;

/** Takes the listed rows through the layers of the part. Collective: all ranks pass the same. */
export async function runBatches(run: BatchRun, part: StagePart): Promise<void> {
  const { slots } = run.work.place;
  const total = Math.ceil(part.list.length / part.size);
  const active: (Batch | null)[] = slots.map(() => null);
  let next = 0;
  let left = total;
  let turned = performance.now();
  let idleSince = 0;
  while (left > 0) {
    const seen = readSignal(run.work.place.queue);
    let hasMoved = false;
    for (let s = 0; s < active.length; s++) {
      const batch = active[s];
      if (batch === null) {
        if (next === total) continue;
        active[s] = beginBatch(run, part, s, next++);
        hasMoved = true;
      } else if (advance(run, part, batch)) {
        hasMoved = true;
        if (batch.rows.length > 0) continue;
        active[s] = null;
        left--;
      }
    }
    const now = performance.now();
    if (hasMoved) idleSince = 0;
    else if (idleSince === 0) idleSince = now;
    else if (now - idleSince > SPIN_MS) {
      const isWorking = active.some((batch) => batch !== null && batch.state !== "exchanging");
      waitForSignal(run.work.place.queue, seen, isWorking ? LONG_PAUSE_MS : PAUSE_MS);
      run.sleepSeconds += (performance.now() - now) / 1000;
    }
    if (now - turned < TURN_MS) continue;
    await setImmediate();
    run.check();
    run.onProgress(part, 1 - left / total);
    turned = performance.now();
  }
}
