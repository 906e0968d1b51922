// Plan: answers keep the order of the tasks whoever does them; a worker that throws, exits at the start or in the middle
// and an aborted signal each end the run with their own error within the time limit, and no worker is left.

import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import * as fc from "fast-check";
import { InterruptedError, ResourceError, WorkerError } from "../../core/errors.ts";
import { withWorkerTeam } from "./worker-tasks.ts";

const LIMIT = { timeout: 5000 };
const SERVER = new URL(`./worker-tasks${import.meta.url.endsWith(".ts") ? ".ts" : ".js"}`, import.meta.url).href;

/** Shared by a test with its workers, which count in it as long as they live. */
function makePulse(): Int32Array<SharedArrayBuffer> {
  return new Int32Array(new SharedArrayBuffer(4));
}

/** A worker's script that answers each task with the value of `body`, in which `task` is the task, `pulse` the above. */
function scriptOf(body: string): URL {
  const text = `import { workerData } from "node:worker_threads"; import { serveTasks } from ${JSON.stringify(SERVER)};
    const pulse = workerData ?? new Int32Array(1);
    setInterval(() => Atomics.add(pulse, 0, 1), 1);
    serveTasks((task) => { ${body} });`;
  return new URL(`data:text/javascript,${encodeURIComponent(text)}`);
}

async function assertStopped(pulse: Int32Array): Promise<void> {
  const counted = Atomics.load(pulse, 0);
  assert.ok(counted > 0, "the workers have lived");
  await sleep(50);
  assert.equal(Atomics.load(pulse, 0), counted, "a worker still lives");
}

test("answers come in the order of the tasks", LIMIT, async () => {
  const squares = scriptOf("return task * task;");
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.nat(1000), { maxLength: 30 }),
      fc.integer({ min: 1, max: 4 }),
      async (tasks, workers) => {
        let progress = 0;
        const options = { script: squares, workers, workerData: null };
        const answers = await withWorkerTeam(options, (team) => team.run(tasks, () => progress++));
        assert.deepEqual(
          answers,
          tasks.map((task) => task * task),
        );
        assert.equal(progress, tasks.length);
      },
    ),
    { seed: 3, numRuns: 8 },
  );
});

const FAULTS = [
  {
    name: "throws",
    body: "if (task === 5) throw new RangeError('five is bad'); return task;",
    expected: /five is bad/,
  },
  { name: "exits", body: "if (task === 5) process.exit(7); return task;", expected: /exited with code 7/ },
  { name: "exits at once as if done", body: "process.exit(0);", expected: /exited with code 0 before/ },
];
for (const { name, body, expected } of FAULTS) {
  test(`a worker that ${name} ends the run with an error that names it`, LIMIT, async () => {
    const pulse = makePulse();
    const tasks = Array.from({ length: 20 }, (_, k) => k);
    const run = withWorkerTeam({ script: scriptOf(body), workers: 3, workerData: pulse }, async (team) => {
      while (Atomics.load(pulse, 0) === 0) await sleep(1);
      return await team.run(tasks);
    });
    await assert.rejects(run, (error) => {
      assert.ok(error instanceof WorkerError);
      assert.ok(error.worker >= 0 && error.worker < 3);
      assert.match(error.message, expected);
      return true;
    });
    await assertStopped(pulse);
  });
}

test("memory that runs out is no fault of the worker", LIMIT, async () => {
  const hungry = scriptOf("return new Uint8Array(2 ** 52).length + task;");
  const run = withWorkerTeam({ script: hungry, workers: 1, workerData: null }, (team) => team.run([1]));
  await assert.rejects(run, ResourceError);
});

test("an answer's memory may be moved instead of copied", LIMIT, async () => {
  const text = `import { serveTasks } from ${JSON.stringify(SERVER)};
    let last = null;
    serveTasks((task) => ({ before: last?.byteLength ?? null, bytes: (last = new Uint8Array(task)) }), ({ bytes }) => [bytes.buffer]);`;
  const script = new URL(`data:text/javascript,${encodeURIComponent(text)}`);
  const answers = await withWorkerTeam({ script, workers: 1, workerData: null }, (team) => team.run([3, 5]));
  assert.deepEqual(answers, [
    { before: null, bytes: new Uint8Array(3) },
    { before: 0, bytes: new Uint8Array(5) },
  ]);
});

test("a script that is not there is an error", LIMIT, async () => {
  const script = new URL("./no-such-worker.js", import.meta.url);
  const run = withWorkerTeam({ script, workers: 2, workerData: null }, (team) => team.run([1]));
  await assert.rejects(run, WorkerError);
});

test("a signal ends busy workers, also those in an endless loop", LIMIT, async () => {
  const pulse = makePulse();
  const endless = scriptOf("for (;;) Atomics.add(pulse, 0, 1);");
  const options = { script: endless, workers: 2, workerData: pulse, signal: AbortSignal.timeout(300) };
  await assert.rejects(
    withWorkerTeam(options, (team) => team.run([1, 2])),
    InterruptedError,
  );
  await assertStopped(pulse);
});

test("a signal that was given before starts nothing", LIMIT, async () => {
  const options = { script: scriptOf("return 1;"), workers: 1, workerData: null, signal: AbortSignal.abort() };
  const used = withWorkerTeam(options, () => Promise.reject(new Error("was used")));
  await assert.rejects(used, InterruptedError);
});

test("an error of the caller's own passes through", LIMIT, async () => {
  const options = { script: scriptOf("return 1;"), workers: 2, workerData: null };
  await assert.rejects(
    withWorkerTeam(options, () => Promise.reject(new TypeError("mine"))),
    /mine/,
  );
});
