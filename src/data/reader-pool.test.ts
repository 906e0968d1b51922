// Plan: results come in the order of the jobs and lie on shared memory; the earliest bad file names the failure and the
// pool goes on serving; a worker that throws, exits, runs out of memory or sends nonsense ends the pool with an error
// that names it; an abort ends at once; after every one of these no reader worker is left. Faulty workers are small
// programs given in place of the real one.

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { FormatError, InterruptedError, ResourceError, UsageError, WorkerError } from "../core/errors.ts";
import { makeTemporaryFolder } from "../testing/temporary-folder.ts";
import { makeLayerJob } from "./challenge-folder.ts";
import { packError, unpackError } from "./error-transfer.ts";
import { liveReaders, openReaderPool } from "./reader-pool.ts";

const LIMIT = { timeout: 20_000 };

function writeLayers(folder: string, count: number, bad: readonly number[] = []): string[] {
  return Array.from({ length: count }, (_, k) => {
    const path = join(folder, `n16-l${k + 1}.tsv`);
    writeFileSync(path, bad.includes(k) ? "1\t1\t1\n1\tx\t1\n" : `${k + 1}\t${k + 1}\t0.5\n${k + 1}\t16\t2\n`);
    return path;
  });
}

function program(source: string): URL {
  return new URL(`data:text/javascript,${encodeURIComponent(source)}`);
}

test("results come in order, on shared memory, through one worker or several", LIMIT, async () => {
  using folder = makeTemporaryFolder("pool");
  const jobs = writeLayers(folder.path, 9).map((path) => makeLayerJob(path, 16));
  for (const workers of [1, 3]) {
    await using pool = openReaderPool({ workers });
    let done = 0;
    const [results, again] = await Promise.all([
      pool.run(jobs, { onRead: (_, jobDone) => (done += Number(jobDone)) }),
      pool.run(jobs.slice(2, 3)),
    ]);
    assert.deepEqual(
      results.map((result) => result.layer?.rowIdx[0]),
      [0, 1, 2, 3, 4, 5, 6, 7, 8],
    );
    assert.equal(done, 9);
    assert.equal(again[0]?.layer?.rowIdx[0], 2);
    assert.ok(results[0]?.layer?.rowIdx.buffer instanceof SharedArrayBuffer);
    assert.ok(liveReaders.count <= workers);
  }
  assert.equal(liveReaders.count, 0);
});

test("the earliest bad file is the one reported, and the pool still works", LIMIT, async () => {
  using folder = makeTemporaryFolder("pool");
  const paths = writeLayers(folder.path, 12, [4, 5, 11]);
  await using pool = openReaderPool({ workers: 3 });
  const jobs = paths.map((path) => makeLayerJob(path, 16));
  await assert.rejects(
    () => pool.run(jobs),
    (error) => error instanceof FormatError && error.path === paths[4] && error.line === 2,
  );
  assert.equal((await pool.run(jobs.slice(0, 2))).length, 2);
});

const FAULTS: readonly (readonly [
  name: string,
  source: string,
  kind: typeof WorkerError | typeof ResourceError,
  problem: RegExp,
])[] = [
  ["throws", "throw new Error('boom')", WorkerError, /worker 0: failed: boom while reading .*n16-l1\.tsv/],
  ["exits", "process.exit(3)", WorkerError, /worker 0: exited with code 3 while reading .*n16-l1\.tsv/],
  ["ends without a word", "", WorkerError, /worker 0: exited with code 0 while reading/],
  ["is no program", "import './nowhere.js'", WorkerError, /worker 0: failed: /],
  [
    "exits in the middle",
    "import { parentPort } from 'node:worker_threads'; parentPort.on('message', () => process.exit(0))",
    WorkerError,
    /worker 0: exited with code 0 while reading .*n16-l1\.tsv/,
  ],
  [
    "runs out of memory",
    "import { parentPort } from 'node:worker_threads'; parentPort.on('message', () => { const e = new Error('heap'); e.code = 'ERR_WORKER_OUT_OF_MEMORY'; throw e; })",
    ResourceError,
    /reader 0 ran out of memory while reading .*n16-l1\.tsv/,
  ],
];

for (const [name, source, kind, problem] of FAULTS) {
  test(`a worker that ${name} ends the pool with an error that names it`, LIMIT, async () => {
    using folder = makeTemporaryFolder("pool");
    const jobs = writeLayers(folder.path, 3).map((path) => makeLayerJob(path, 16));
    await using pool = openReaderPool({ workers: 1, program: program(source) });
    for (const attempt of ["first", "second"]) {
      await assert.rejects(
        () => pool.run(jobs),
        (error) => error instanceof kind && problem.test(error.message),
        attempt,
      );
    }
    assert.equal(liveReaders.count, 0);
  });
}

test("an abort ends a worker that never answers", LIMIT, async () => {
  using folder = makeTemporaryFolder("pool");
  const jobs = writeLayers(folder.path, 3).map((path) => makeLayerJob(path, 16));
  await using pool = openReaderPool({ workers: 2, program: program("setInterval(() => {}, 1000)") });
  const controller = new AbortController();
  const running = pool.run(jobs, { signal: controller.signal });
  setTimeout(() => controller.abort(), 50);
  await assert.rejects(() => running, InterruptedError);
  assert.equal(liveReaders.count, 0);
});

test("disposing ends what still runs, and a signal aborted before starts nothing", LIMIT, async () => {
  using folder = makeTemporaryFolder("pool");
  const jobs = writeLayers(folder.path, 1).map((path) => makeLayerJob(path, 16));
  const pool = openReaderPool({ workers: 1, program: program("setInterval(() => {}, 1000)") });
  await assert.rejects(() => pool.run(jobs, { signal: AbortSignal.abort() }), InterruptedError);
  assert.equal(liveReaders.count, 0);
  const outcome = assert.rejects(() => pool.run(jobs), UsageError);
  await pool[Symbol.asyncDispose]();
  await outcome;
  assert.equal(liveReaders.count, 0);
});

test("a wrong number of workers is refused", () => {
  for (const workers of [0, -1, 1.5, Number.NaN, 10_000]) {
    assert.throws(() => openReaderPool({ workers }), UsageError, String(workers));
  }
});

test("errors keep their class and their place on the way from a worker", () => {
  const errors = [
    new FormatError("a:b.tsv", 7, "x: y"),
    new FormatError("a", null, "p"),
    new ResourceError("full"),
    new UsageError("u"),
    new TypeError("t"),
  ];
  for (const error of errors) {
    const arrived = unpackError(structuredClone(packError(error)));
    assert.equal(arrived.message, error.message);
    if (!(error instanceof TypeError)) assert.equal(arrived.constructor, error.constructor);
  }
});
