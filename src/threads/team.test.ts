// Plan: real threads. Results in order, run after run; barriers (one group and several, spinning and sleeping: more
// workers than cores) and queues under load; a worker that breaks in every way while the others wait; faults at several
// beats; programs that do not load; interruption before, during and between runs; closing, twice, during a run. After
// every case no thread is left. Time limits are for what must not hang, not measurements.
// Not covered: a system that refuses threads.

import assert from "node:assert/strict";
import { test } from "node:test";
import { InterruptedError, ResourceError, WorkerError } from "../core/errors.ts";
import { type Break, BREAKS, makeSharedWords, type TeamTask } from "../testing/team-program.ts";
import { within } from "../testing/time-limit.ts";
import { FAULT_KINDS } from "./faults.ts";
import { countOpenThreads, openTeam, siblingModule, type Team, type TeamOptions } from "./team.ts";

const PROGRAM = siblingModule(import.meta.url, "../testing/team-program");
const LIMIT_MS = 30_000;
/** Short, so that a hang is found soon; a beat comes every few milliseconds. */
const SILENCE_MS = 600;

function open(size: number, options: Partial<TeamOptions> = {}): Promise<Team> {
  return openTeam({ size, program: PROGRAM, data: null, silenceMs: SILENCE_MS, ...options });
}

function run(team: Team, task: TeamTask, signal?: AbortSignal): Promise<unknown[]> {
  return within(LIMIT_MS, task.kind, team.run(task, signal));
}

/** Opens a team, hands it to `use`, closes it, and sees that no thread is left. */
async function withTeam(size: number, use: (team: Team) => Promise<void>): Promise<void> {
  const team = await open(size);
  try {
    assert.equal(countOpenThreads(), size);
    await use(team);
  } finally {
    await within(LIMIT_MS, "close", team.close());
  }
  assert.equal(countOpenThreads(), 0);
}

async function failureOf(promise: Promise<unknown>): Promise<Error> {
  try {
    await promise;
  } catch (error) {
    assert.ok(error instanceof Error);
    return error;
  }
  return assert.fail("no error");
}

function assertNames(error: Error, worker: number): void {
  assert.ok(error instanceof WorkerError, `${error.name}: ${error.message}`);
  assert.equal(error.worker, worker);
  assert.match(error.message, new RegExp(`^worker ${worker}: .`));
}

test("results come in the order of the workers, run after run", async () => {
  for (const size of [1, 2, 5]) {
    await withTeam(size, async (team) => {
      assert.equal(team.size, size);
      for (let k = 0; k < 5; k++) {
        const results = await run(team, { kind: "echo", value: [k] });
        assert.deepEqual(
          results,
          Array.from({ length: size }, (_, worker) => ({ worker, size, value: [k] })),
        );
      }
    });
  }
});

test("nobody passes a barrier before everybody has come, in one group and in several", async () => {
  const table = [
    { size: 2, groups: 1, rounds: 5000 },
    { size: 3, groups: 1, rounds: 1000 },
    { size: 4, groups: 2, rounds: 1000 },
    { size: 4, groups: 4, rounds: 100 },
    { size: 8, groups: 1, rounds: 200 },
  ];
  for (const { size, groups, rounds } of table) {
    await withTeam(size, async (team) => {
      const words = makeSharedWords(size);
      const behind = await run(team, { kind: "rounds", rounds, groups, words });
      assert.deepEqual(behind, Array.from({ length: size }).fill(0), `${size} workers in ${groups} groups`);
      assert.deepEqual([...words], Array.from({ length: size }).fill(rounds));
    });
  }
});

test("a queue gives every number once", async () => {
  await withTeam(4, async (team) => {
    for (const count of [0, 1, 3, 20_000]) {
      const words = makeSharedWords(count);
      const taken = (await run(team, { kind: "queue", count, words })) as number[];
      assert.equal(
        taken.reduce((sum, k) => sum + k, 0),
        count,
      );
      assert.ok(words.every((times) => times === 1));
    }
  });
});

test("a worker that waits long is not silent, nor is one that works long", async () => {
  await withTeam(3, async (team) => {
    assert.deepEqual(await run(team, { kind: "uneven", milliseconds: 3 * SILENCE_MS }), ["met", "met", "met"]);
  });
});

test("progress is that of the least advanced worker", async () => {
  await withTeam(2, async (team) => {
    assert.equal(team.progress(), 0);
    await run(team, { kind: "beat", milliseconds: 20, progress: 7 });
    assert.equal(team.progress(), 7);
    await run(team, { kind: "uneven", milliseconds: 20 });
    assert.equal(team.progress(), 1);
  });
});

const BREAK_TEXTS: Record<Break, RegExp> = {
  throw: /RangeError: out of the range$/,
  "throw text": /: only a text$/,
  "throw resource": /^no memory for a test$/,
  exit: /exited with status 3 before it was done$/,
  hang: /stopped answering for 600 ms$/,
  unclonable: /could not be cloned/,
};

test("one worker breaks while the others wait: the run fails, names it, and all threads end", async () => {
  for (const how of BREAKS) {
    for (const [size, worker] of [
      [1, 0],
      [2, 1],
      [3, 0],
    ]) {
      const team = await open(size);
      const error = await failureOf(run(team, { kind: "break", how, worker }));
      assert.equal(countOpenThreads(), 0, how);
      assert.match(error.message, BREAK_TEXTS[how]);
      if (how === "throw resource") assert.ok(error instanceof ResourceError);
      else assertNames(error, worker);
      // A later run fails the same way; it neither hangs nor starts.
      assert.equal(await failureOf(run(team, { kind: "echo", value: 1 })), error);
      await within(LIMIT_MS, "close", team.close());
    }
  }
});

test("a fault strikes at its beat", async () => {
  for (const kind of FAULT_KINDS) {
    for (const [size, worker, beat] of [
      [1, 0, 1],
      [2, 1, 2],
      [3, 2, 7],
    ]) {
      const team = await open(size, { fault: { kind, worker, beat } });
      // One beat an echo: the runs before the fault succeed.
      for (let k = 1; k < beat; k++) await run(team, { kind: "echo", value: k });
      assertNames(await failureOf(run(team, { kind: "echo", value: beat })), worker);
      assert.equal(countOpenThreads(), 0);
    }
  }
});

test("a fault of a worker that is not there changes nothing", async () => {
  const team = await open(2, { fault: { kind: "exit", worker: 2, beat: 1 } });
  await run(team, { kind: "echo", value: 1 });
  await team.close();
  assert.equal(countOpenThreads(), 0);
});

test("a program that is missing, does not start, or has no startWorker", async () => {
  const table: [what: string, options: Partial<TeamOptions>, text: RegExp][] = [
    ["missing", { program: new URL("file:///no/such/program.js") }, /Cannot find module/],
    ["does not start", { data: "fail to start" }, /no start/],
    ["no program", { program: siblingModule(import.meta.url, "./faults") }, /startWorker/],
  ];
  for (const [what, options, text] of table) {
    for (const size of [1, 3]) {
      const error = await failureOf(within(LIMIT_MS, what, open(size, options)));
      assert.ok(error instanceof WorkerError, what);
      assert.match(error.message, text);
      assert.equal(countOpenThreads(), 0, what);
    }
  }
});

test("data that cannot be sent to a thread", async () => {
  await assert.rejects(within(LIMIT_MS, "open", open(2, { data: () => 0 })), /could not be cloned/);
  assert.equal(countOpenThreads(), 0);
  const team = await open(2);
  await assert.rejects(
    within(
      LIMIT_MS,
      "run",
      team.run(() => 0),
    ),
    /could not be cloned/,
  );
  assert.equal(countOpenThreads(), 0);
});

test("a signal ends a run before it starts and while it goes on", async () => {
  for (const size of [1, 3]) {
    const before = await open(size);
    assert.ok(
      (await failureOf(run(before, { kind: "echo", value: 1 }, AbortSignal.abort()))) instanceof InterruptedError,
    );
    assert.equal(countOpenThreads(), 0);

    const during = await open(size);
    const controller = new AbortController();
    const going = failureOf(run(during, { kind: "beat", milliseconds: 60_000, progress: 1 }, controller.signal));
    setTimeout(() => controller.abort(), 50);
    assert.ok((await going) instanceof InterruptedError);
    assert.equal(countOpenThreads(), 0);
  }
});

test("a signal ends a run whose worker hangs or waits forever", async () => {
  for (const worker of [0, 1]) {
    const team = await open(2, { silenceMs: 60_000 });
    const controller = new AbortController();
    const going = failureOf(run(team, { kind: "break", how: "hang", worker }, controller.signal));
    setTimeout(() => controller.abort(), 100);
    assert.ok((await going) instanceof InterruptedError);
    assert.equal(countOpenThreads(), 0);
  }
});

test("a signal aborted after its run has no effect", async () => {
  await withTeam(2, async (team) => {
    const controller = new AbortController();
    await run(team, { kind: "echo", value: 1 }, controller.signal);
    controller.abort();
    await run(team, { kind: "echo", value: 2 });
  });
});

test("closing ends a run that goes on, also when its workers wait", async () => {
  const tasks: TeamTask[] = [
    { kind: "beat", milliseconds: 60_000, progress: 1 },
    { kind: "break", how: "hang", worker: 1 },
  ];
  for (const task of tasks) {
    const team = await open(3, { silenceMs: 60_000 });
    const going = failureOf(run(team, task));
    await pause(200);
    await within(LIMIT_MS, "close", team.close());
    assert.equal(countOpenThreads(), 0);
    assert.ok((await going) instanceof InterruptedError);
  }
});

test("closing twice, at once and later, and a run after it", async () => {
  const team = await open(3);
  const first = team.close();
  await team.close();
  assert.equal(countOpenThreads(), 0, "the second close returned before the threads had ended");
  await first;
  await team.close();
  assert.ok((await failureOf(run(team, { kind: "echo", value: 1 }))) instanceof InterruptedError);
});

test("a worker that dies between two runs fails the next one by name", async () => {
  const team = await open(3);
  await run(team, { kind: "exit later", worker: 1 });
  await waitFor(() => countOpenThreads() === 2);
  const error = await failureOf(run(team, { kind: "echo", value: 2 }));
  assertNames(error, 1);
  assert.match(error.message, /exited with status 4/);
  assert.equal(countOpenThreads(), 0);
});

async function waitFor(isTrue: () => boolean): Promise<void> {
  const end = performance.now() + LIMIT_MS;
  while (!isTrue()) {
    assert.ok(performance.now() < end, "it never came");
    await pause(5);
  }
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });
}
