// Plan: a worker that throws, exits or hangs at early and late beats, under every strategy, with 1 to 3 workers; large
// layers, whose workers are busy and must not be taken for hanging; the k-th allocation that fails, for every k of an
// opening and a run; a signal while the engine is
// opened, and before, during and while waiting for another run; closing during a run and twice; bad
// inputs, which leave the engine as it was. Every failure comes soon (a limit against hanging, no measurement), is of its
// class, names the culprit, and leaves no thread; a failed engine says that it is closed.

import assert from "node:assert/strict";
import { test } from "node:test";
import { InterruptedError, ResourceError, ShapeError, UsageError, WorkerError } from "../core/errors.ts";
import { radixNetLayers } from "../data/generate/radix-net.ts";
import { CHALLENGE_RULE } from "../network/layer-rule.ts";
import { makeNetwork } from "../network/network.ts";
import type { CscMatrix, CsrMatrix } from "../sparse/matrix.ts";
import { assertMatchesOracle, CASE_ROWS, makeChallengeCase, takeInputs } from "../testing/engine-cases.ts";
import { assertNoThreads, failureOf, FAILURE_LIMIT_MS } from "../testing/failures.ts";
import { within } from "../testing/time-limit.ts";
import { FAULT_KINDS, type Fault } from "../threads/faults.ts";
import { type Engine, openEngine } from "./engine.ts";
import { type EngineOptions, STRATEGIES } from "./options.ts";

const GIVEN = makeChallengeCase(12);
const QUICK: EngineOptions = { kernel: "js", warmUp: false };
/** A worker under work-sharing strategies may get few batches a run; after this many runs it has had its beats. */
const MAX_RUNS = 200;

/** Opens an engine with a fault and runs it until the fault strikes. */
async function strike(fault: Fault, options: EngineOptions): Promise<{ error: Error; engine: Engine }> {
  // Without a warm-up nothing beats before the first run.
  const engine = await openEngine(GIVEN.network, { ...options, fault });
  const work = async (): Promise<void> => {
    for (let k = 0; k < MAX_RUNS; k++) await engine.infer(GIVEN.inputs);
  };
  const error = await failureOf(work(), `${fault.kind} at beat ${fault.beat} of worker ${fault.worker}`);
  return { error, engine };
}

for (const kind of FAULT_KINDS) {
  test(`a worker that should ${kind} ends the run with an error that names it`, async () => {
    const table: [workers: number, worker: number, beat: number][] = [
      [1, 0, 1],
      [1, 0, 20],
      [2, 0, 2],
      [2, 1, 1],
      [2, 1, 40],
      [3, 2, 5],
    ];
    for (const [k, [workers, worker, beat]] of table.entries()) {
      // A hang takes the time until silence is noticed: one strategy by turns there, every other elsewhere.
      const strategies = STRATEGIES.filter((_, s) =>
        kind === "hang" ? s === k % STRATEGIES.length : (s + k) % 2 === 0,
      );
      for (const strategy of strategies) {
        const { error, engine } = await strike({ kind, worker, beat }, { ...QUICK, workers, strategy });
        const what = `${kind} at beat ${beat} of worker ${worker} of ${workers}, ${strategy}`;
        assertNoThreads(what);
        assert.ok(error instanceof WorkerError, `${what}: ${error.message}`);
        assert.equal(error.worker, worker, `${what}: ${error.message}`);
        assert.ok(error.message.startsWith(`worker ${worker}: `), error.message);
        const later = await failureOf(engine.infer(GIVEN.inputs), "a run after a failure");
        assert.ok(later instanceof UsageError);
        assert.match(later.message, /closed/);
      }
    }
  });
}

test("a layer that takes long is computed in several calls, each with a sign of life", async () => {
  // Dense layers; 32 rows are one tile. When every row goes through every layer there is one beat at the start, and then
  // one a kernel call.
  for (const [neurons, beats] of [
    [1000, 2],
    [1500, 3],
  ]) {
    const weights: CscMatrix = {
      format: "csc",
      nrows: neurons,
      ncols: neurons,
      colPtr: Uint32Array.from({ length: neurons + 1 }, (_, j) => j * neurons),
      rowIdx: Uint16Array.from({ length: neurons * neurons }, (_, p) => p % neurons),
      values: Float32Array.of(1),
    };
    const network = makeNetwork([{ weights, bias: Float32Array.of(0), rule: CHALLENGE_RULE }]);
    const inputs: CsrMatrix = {
      format: "csr",
      nrows: 32,
      ncols: neurons,
      rowPtr: Uint32Array.from({ length: 33 }, (_, row) => row),
      colIdx: Uint16Array.from({ length: 32 }, (_, row) => row),
      values: Float32Array.of(1),
    };
    for (const beat of [beats, beats + 1]) {
      const fault: Fault = { kind: "throw", worker: 0, beat };
      await using engine = await openEngine(network, { ...QUICK, workers: 1, rows: "all", fault });
      if (beat === beats) await assert.rejects(engine.infer(inputs), WorkerError);
      else assert.equal((await engine.infer(inputs)).categories.length, 32);
    }
  }
});

test("a signal ends the opening while a network is being laid out", async () => {
  const network = makeNetwork([...radixNetLayers({ neurons: 4096, layers: 60, seed: 1, permute: true })]);
  const controller = new AbortController();
  setTimeout(() => controller.abort(), 1);
  const opening = openEngine(network, { ...QUICK, workers: 1, signal: controller.signal });
  assert.ok((await failureOf(opening, "an aborted opening")) instanceof InterruptedError);
  assertNoThreads("an aborted opening");
});

test("a fault during the warm-up fails the opening", async () => {
  for (const kind of FAULT_KINDS) {
    const fault: Fault = { kind, worker: 1, beat: 2 };
    const error = await failureOf(openEngine(GIVEN.network, { workers: 2, kernel: "wasm-simd", fault }), kind);
    assert.ok(error instanceof WorkerError && error.worker === 1, error.message);
    assertNoThreads(kind);
  }
});

test("the k-th allocation fails: ResourceError, whatever k, in opening and in running", async () => {
  const what = { opening: 0, running: 0 };
  for (let k = 1; ; k++) {
    assert.ok(k < 1000, "allocations never end");
    const options: EngineOptions = { ...QUICK, workers: 2, keepActivations: true, failAllocation: k };
    let engine: Engine;
    try {
      engine = await openEngine(GIVEN.network, options);
    } catch (error) {
      assertNamesMemory(error, k);
      assertNoThreads(`allocation ${k}`);
      what.opening++;
      continue;
    }
    await using opened = engine;
    const given = takeInputs(GIVEN, 40);
    try {
      await opened.infer(given);
      break;
    } catch (error) {
      assertNamesMemory(error, k);
      what.running++;
      // The workers never knew: the engine is as it was.
      assertMatchesOracle(GIVEN, await opened.infer(given), `after allocation ${k} failed`);
    }
  }
  assertNoThreads("allocations");
  assert.ok(what.opening > 12 && what.running > 5, `${what.opening} allocations in opening, ${what.running} in a run`);
});

test("the k-th allocation fails with a warm-up: an error, or a rehearsal that is left out", async () => {
  let opened = 0;
  for (let k = 40; k < 140; k += 9) {
    try {
      await using engine = await openEngine(GIVEN.network, { workers: 1, kernel: "wasm-simd", failAllocation: k });
      assertMatchesOracle(GIVEN, await engine.infer(GIVEN.inputs), `allocation ${k}`);
      opened++;
    } catch (error) {
      assertNamesMemory(error, k);
    }
    assertNoThreads(`allocation ${k}`);
  }
  assert.ok(opened > 0);
});

function assertNamesMemory(error: unknown, k: number): void {
  assert.ok(error instanceof ResourceError, `allocation ${k}: ${String(error)}`);
  assert.match(error.message, /^no memory for [a-z].*: .* needed, /);
}

test("a signal ends a run: before it begins, at once and after a while", async () => {
  for (const workers of [1, 3]) {
    for (const delay of [-1, 0, 5, 30]) {
      const engine = await openEngine(GIVEN.network, { ...QUICK, workers, rows: "all" });
      const controller = new AbortController();
      if (delay < 0) controller.abort();
      else setTimeout(() => controller.abort(), delay);
      const runs = async (): Promise<void> => {
        for (let k = 0; k < MAX_RUNS; k++) await engine.infer(GIVEN.inputs, { signal: controller.signal });
      };
      const what = `${workers} workers, signal after ${delay} ms`;
      const error = await failureOf(runs(), what);
      assert.ok(error instanceof InterruptedError, `${what}: ${error.name} ${error.message}`);
      assertNoThreads(what);
      assert.ok((await failureOf(engine.infer(GIVEN.inputs), what)) instanceof UsageError);
      await engine.close();
    }
  }
});

test("runs asked for at once follow one another, and one that fails does not fail the next", async () => {
  await using engine = await openEngine(GIVEN.network, { ...QUICK, workers: 2, keepActivations: true });
  const wrong = { ...GIVEN.inputs, ncols: 63 };
  const [first, failed, second, third] = await Promise.allSettled([
    engine.infer(GIVEN.inputs),
    engine.infer(wrong),
    engine.infer(takeInputs(GIVEN, 17)),
    engine.infer(GIVEN.inputs),
  ]);
  assert.ok(failed.status === "rejected" && failed.reason instanceof ShapeError);
  for (const [result, rows] of [
    [first, CASE_ROWS],
    [second, 17],
    [third, CASE_ROWS],
  ] as const) {
    assert.ok(result.status === "fulfilled");
    assert.equal(result.value.nrows, rows);
    assertMatchesOracle(GIVEN, result.value, `${rows} rows`);
  }
});

test("closing ends the run that goes on and those that wait", async () => {
  for (const workers of [1, 2, 3]) {
    for (const strategy of STRATEGIES) {
      const engine = await openEngine(GIVEN.network, { ...QUICK, workers, rows: "all", strategy });
      const runs = Array.from({ length: 10 }, () => failureOrResult(engine.infer(GIVEN.inputs)));
      await new Promise((resolve) => {
        setTimeout(resolve, 10);
      });
      await within(FAILURE_LIMIT_MS, "close", engine.close());
      assertNoThreads(strategy);
      const ends = await within(FAILURE_LIMIT_MS, "runs of a closed engine", Promise.all(runs));
      const last = ends.at(-1);
      assert.ok(last instanceof UsageError, "the last run did not start");
      for (const end of ends) {
        assert.ok(end === null || end instanceof InterruptedError || end instanceof UsageError, String(end));
      }
    }
  }
});

async function failureOrResult(run: Promise<unknown>): Promise<unknown> {
  try {
    await run;
    return null;
  } catch (error) {
    return error;
  }
}

test("closing twice, at once and later; a run after it", async () => {
  const engine = await openEngine(GIVEN.network, { ...QUICK, workers: 3 });
  await Promise.all([engine.close(), engine.close()]);
  assertNoThreads("closed");
  await engine.close();
  assert.ok((await failureOf(engine.infer(GIVEN.inputs), "a run")) instanceof UsageError);
});

test("inputs that do not fit leave the engine as it was", async () => {
  await using engine = await openEngine(GIVEN.network, { ...QUICK, workers: 1 });
  const { inputs } = GIVEN;
  const few = inputs.rowPtr.slice(0, -1);
  const outside = inputs.colIdx.slice();
  outside[0] = 64;
  const wrong = [
    { ...inputs, ncols: 65 },
    { ...inputs, rowPtr: few },
    { ...inputs, colIdx: outside },
    { ...inputs, values: inputs.values.map(() => Number.NaN) },
  ];
  for (const bad of wrong) assert.ok((await failureOf(engine.infer(bad), "bad inputs")) instanceof ShapeError);
  assertMatchesOracle(GIVEN, await engine.infer(inputs), "after bad inputs");
});

test("options out of range are refused before anything is opened", async () => {
  const table: EngineOptions[] = [{ workers: 0 }, { workers: 10_000 }, { workers: 1.5 }, { memoryBytes: 1000 }];
  table.push({ memoryBytes: Number.NaN }, { workers: Number.NaN });
  for (const options of table) {
    assert.ok((await failureOf(openEngine(GIVEN.network, options), JSON.stringify(options))) instanceof UsageError);
    assertNoThreads(JSON.stringify(options));
  }
});
