// Plan: a memory limit too small for all rows between stages. Whether most rows die in the first stage or most find the
// pool full: the same answer, bit for bit, as with memory enough. What cannot fit is refused with a ResourceError that
// says what; activations that do not fit at once are kept in several passes. Ten runs leave memory flat. Indices of more
// than 65536 features.

import assert from "node:assert/strict";
import { test } from "node:test";
import { ResourceError } from "../core/errors.ts";
import { makeRandom } from "../core/random.ts";
import { radixNetLayers } from "../data/generate/radix-net.ts";
import { randomInputs } from "../data/generate/random-inputs.ts";
import { CHALLENGE_RULE } from "../network/layer-rule.ts";
import { makeNetwork, type Network } from "../network/network.ts";
import { triplesToCsc } from "../sparse/convert.ts";
import { type CsrMatrix, makeIndexArray } from "../sparse/matrix.ts";
import { makeChallengeCase, takeInputs } from "../testing/engine-cases.ts";
import { cutEvery } from "../testing/cut-every.ts";
import { assertNoThreads, failureOf } from "../testing/failures.ts";
import { openEngine } from "./engine.ts";
import { type EngineOptions, ROW_MODES, STRATEGIES } from "./options.ts";
import type { InferenceResult } from "./result.ts";
import { FIRST_STAGE_LAYERS } from "./stage-plan.ts";

const MIB = 1024 * 1024;
const NEURONS = 256;
/** Dense, these rows are 20 MB: more than the small limit, less than the large one. */
const ROWS = 20_000;
const SMALL: EngineOptions = { kernel: "wasm-simd", warmUp: false, memoryBytes: 16 * MIB };
const LARGE: EngineOptions = { ...SMALL, memoryBytes: 512 * MIB };

const NETWORK = makeNetwork([...radixNetLayers({ neurons: NEURONS, layers: 12, seed: 2, permute: true })]);

/** Rows of ones at the given features. */
function makeRows(nrows: number, featuresOf: (row: number) => readonly number[]): CsrMatrix {
  const rows = Array.from({ length: nrows }, (_, row) => featuresOf(row));
  const colIdx = makeIndexArray(
    rows.reduce((nnz, row) => nnz + row.length, 0),
    NEURONS,
  );
  const rowPtr = new Uint32Array(nrows + 1);
  for (const [row, features] of rows.entries()) {
    colIdx.set(features, rowPtr[row]);
    rowPtr[row + 1] = rowPtr[row] + features.length;
  }
  return { format: "csr", nrows, ncols: NEURONS, rowPtr, colIdx, values: Float32Array.of(1) };
}

const FEATURES = Array.from({ length: NEURONS }, (_, k) => k);
const random = makeRandom(8);
const drawFeatures = (share: number): number[] => FEATURES.filter(() => random.next() < share);

/** Most rows die soon. */
const MANY_DIE = makeRows(ROWS, (row) => drawFeatures(row % 9 === 0 ? 0.25 : 0.06));

/** Most rows live. */
const MANY_LIVE = makeRows(ROWS, (row) => drawFeatures(row % 50 === 0 ? 0.01 : 0.15 + (row % 10) / 100));

async function infer(network: Network, inputs: CsrMatrix, options: EngineOptions): Promise<InferenceResult> {
  await using engine = await openEngine(network, options);
  return await engine.infer(inputs);
}

for (const [name, inputs] of [
  ["most rows die", MANY_DIE],
  ["most rows live", MANY_LIVE],
] as const) {
  test(`a pool too small for all rows, ${name}: the same categories under every strategy`, async () => {
    const expected = await infer(NETWORK, inputs, { ...LARGE, workers: 2, rows: "all" });
    assert.ok(expected.categories.length > 100 && expected.categories.length < ROWS);
    for (const [s, strategy] of STRATEGIES.entries()) {
      for (const [r, rows] of ROW_MODES.entries()) {
        if ((s + r) % 2 === 1) continue;
        const workers = 1 + ((s + 2 * r) % 3);
        const what = `${strategy}, ${rows}, ${workers} workers`;
        const result = await infer(NETWORK, inputs, { ...SMALL, strategy, rows, workers });
        assert.deepEqual(result.categories, expected.categories, what);
        assert.ok(result.figures.peakMemoryBytes <= 16 * MIB, what);
        assert.ok(result.figures.computedEdges <= result.figures.nominalEdges, what);
      }
    }
  });
}

test("a pool too small for all rows: live rows are those of a run with memory enough, or unknown", async () => {
  const expected = await infer(NETWORK, MANY_LIVE, { ...LARGE, workers: 1, rows: "nonzero", strategy: "data" });
  assert.ok(expected.figures.liveRows.filter((live) => live !== null).length > 2);
  for (const strategy of STRATEGIES) {
    const { figures } = await infer(NETWORK, MANY_LIVE, { ...SMALL, workers: 2, rows: "distinct", strategy });
    for (const [l, live] of figures.liveRows.entries()) {
      const wanted = expected.figures.liveRows[l];
      if (live !== null && wanted !== null) assert.equal(live, wanted, `${strategy}: after layer ${l + 1}`);
    }
    assert.notEqual(figures.liveRows.at(-1), null);
  }
});

test("a pool too small for all rows, activations kept: the same bits when the survivors fit", async () => {
  const large = await infer(NETWORK, MANY_DIE, { ...LARGE, workers: 1, rows: "all", keepActivations: true });
  for (const strategy of ["auto", "data"] as const) {
    const small = await infer(NETWORK, MANY_DIE, { ...SMALL, workers: 2, strategy, keepActivations: true });
    assertSameBits(small, large, strategy);
  }
});

function assertSameBits(actual: InferenceResult, expected: InferenceResult, what: string): void {
  for (let row = 0; row < ROWS; row++) {
    const bits = Buffer.from(actual.activations(row).slice().buffer);
    assert.ok(bits.equals(Buffer.from(expected.activations(row).slice().buffer)), `${what}: row ${row}`);
  }
}

test("activations of rows that do not fit at once: several passes, the same bits", async () => {
  for (const [rows, inputs] of [
    ["all", MANY_DIE],
    ["nonzero", MANY_LIVE],
  ] as const) {
    const large = await infer(NETWORK, inputs, { ...LARGE, workers: 1, rows: "all", keepActivations: true });
    for (const strategy of STRATEGIES) {
      const options: EngineOptions = { ...SMALL, workers: 2, rows, strategy, keepActivations: true };
      const small = await infer(NETWORK, inputs, options);
      assertSameBits(small, large, `${strategy}, ${rows}`);
      assert.deepEqual(small.categories, large.categories);
      assert.ok(small.figures.peakMemoryBytes <= 16 * MIB, strategy);
    }
  }
});

test("a pool too small for all rows, layers in segments: passes, no row lost and none computed twice", async () => {
  const expected = await infer(NETWORK, MANY_LIVE, { ...LARGE, workers: 1, rows: "all" });
  for (const [s, strategy] of STRATEGIES.entries()) {
    for (const [r, rows] of ROW_MODES.entries()) {
      if ((s + r) % 2 === 1) continue;
      await using engine = await openEngine(NETWORK, { ...SMALL, workers: 1 + ((s + r) % 3), rows, strategy });
      const driver = cutEvery(NETWORK.layers.length, 5);
      const { categories, figures } = await engine.infer(MANY_LIVE, { driver });
      assert.deepEqual(categories, expected.categories, `${strategy}, ${rows}`);
      assert.ok(figures.computedEdges <= figures.nominalEdges);
      if (rows === "all") assert.ok(driver.passes() > 1, `${strategy}: ${driver.passes()} pass`);
      if (rows === "all") assert.equal(figures.computedEdges, figures.nominalEdges);
    }
  }
});

test("a network, or inputs, larger than the limit are refused with what did not fit", async () => {
  const wide = makeNetwork([...radixNetLayers({ neurons: 16_384, layers: 80, seed: 1, permute: false })]);
  const tooWide = await failureOf(openEngine(wide, { ...SMALL, workers: 1 }), "a large network");
  assert.ok(tooWide instanceof ResourceError);
  assert.match(tooWide.message, /^no memory for (row indices|column [a-z]+) of layer \d+: /);
  const heavy = makeRows(100_000, () => FEATURES);
  const tooMany = await failureOf(infer(NETWORK, heavy, { ...SMALL, workers: 1 }), "large inputs");
  assert.ok(tooMany instanceof ResourceError);
  assert.match(tooMany.message, /^no memory for column indices of the inputs: /);
  assertNoThreads("refused");
});

test("ten runs back to back leave memory flat", async () => {
  const given = makeChallengeCase(12);
  await using engine = await openEngine(given.network, { workers: 2, keepActivations: true, warmUp: false });
  const large = await engine.infer(repeatRows(given.inputs, 40));
  const before = process.memoryUsage().rss;
  for (let k = 0; k < 10; k++) {
    const result = await engine.infer(k % 2 === 0 ? repeatRows(given.inputs, 40) : takeInputs(given, 16));
    assert.equal(result.figures.peakMemoryBytes, large.figures.peakMemoryBytes, `run ${k}`);
  }
  const grown = process.memoryUsage().rss - before;
  assert.ok(grown < 64 * MIB, `${(grown / MIB).toFixed(0)} MiB more after ten runs`);
});

/** The same rows again and again. */
function repeatRows(inputs: CsrMatrix, times: number): CsrMatrix {
  const nnz = inputs.colIdx.length;
  const colIdx = makeIndexArray(nnz * times, inputs.ncols);
  const values = new Float32Array(nnz * times);
  const rowPtr = new Uint32Array(inputs.nrows * times + 1);
  for (let k = 0; k < times; k++) {
    colIdx.set(inputs.colIdx, k * nnz);
    values.set(inputs.values, k * nnz);
    for (let row = 1; row <= inputs.nrows; row++) rowPtr[k * inputs.nrows + row] = k * nnz + inputs.rowPtr[row];
  }
  return { ...inputs, nrows: inputs.nrows * times, rowPtr, colIdx, values };
}

test("a layer too wide for any memory is refused before it is laid out", async () => {
  const weights = triplesToCsc({
    nrows: 2 ** 32 - 2,
    ncols: 1,
    rows: Uint32Array.of(7),
    cols: Uint32Array.of(0),
    values: Float32Array.of(1),
  });
  const network = makeNetwork([{ weights, bias: Float32Array.of(0), rule: CHALLENGE_RULE }]);
  const error = await failureOf(openEngine(network, { workers: 2, warmUp: false }), "a wide layer");
  assert.ok(error instanceof ResourceError);
  assert.match(error.message, /no memory for the activations: .*4294967294 neurons.*the limit is 4(\.0+)? GiB/);
  assertNoThreads("a wide layer");
});

test("more than 65536 features, with indices of 16 and of 32 bits", async () => {
  const ncols = 70_000;
  // Neuron j reads the features j and j + 1 of the first ones, and one of the last; all others share having no reader.
  const entries = Array.from({ length: 50 }, (_, j) => [
    [j, j],
    [j + 1, j],
    [ncols - 1 - j, j],
  ]).flat();
  const weights = triplesToCsc({
    nrows: ncols,
    ncols: 50,
    rows: Uint32Array.from(entries, ([i]) => i),
    cols: Uint32Array.from(entries, ([, j]) => j),
    values: Float32Array.of(0.5),
  });
  const network = makeNetwork([{ weights, bias: Float32Array.of(0.25), rule: CHALLENGE_RULE }]);
  for (const colIdx of [Uint16Array.of(3, 40_000, 60_000), Uint32Array.of(3, 40_000, 69_999)]) {
    const inputs: CsrMatrix = {
      format: "csr",
      nrows: 2,
      ncols,
      rowPtr: Uint32Array.of(0, 2, 3),
      colIdx,
      values: Float32Array.of(1),
    };
    const result = await infer(network, inputs, { ...LARGE, workers: 1, keepActivations: true });
    const expected = new Float32Array(50);
    expected[2] = expected[3] = 0.75;
    assert.deepEqual(result.activations(0), expected);
    assert.deepEqual([...result.categories], colIdx[2] === 69_999 ? [0, 1] : [0]);
  }
});

test("a pool too small for all rows: equal ones are joined all the same, and the others wait for another pass", async () => {
  const deep = makeNetwork([...radixNetLayers({ neurons: NEURONS, layers: 40, seed: 2, permute: true, bias: -0.2 })]);
  const inputs = makeRows(ROWS, () => drawFeatures(0.3));
  const [enough, few, never] = await Promise.all([
    infer(deep, inputs, { ...LARGE, workers: 1, rows: "distinct" }),
    infer(deep, inputs, { ...SMALL, workers: 1, rows: "distinct" }),
    infer(deep, inputs, { ...SMALL, workers: 1, rows: "nonzero" }),
  ]);
  assert.deepEqual(few.categories, enough.categories);
  const [most, found, least] = [never, few, enough].map(({ figures }) => figures.computedEdges);
  assert.ok(least < most / 4, `${least} of ${most} edges: hardly any rows become equal`);
  assert.ok(found < most / 2, `${found} edges, ${least} with memory enough, ${most} where no rows are joined`);
});

test("a pool with room for a batch of each worker makes rows wait; a smaller one lets batches go on alone", async () => {
  const inputs = randomInputs({ rows: 4000, features: NEURONS, density: 0.25, seed: 1 });
  // What the layers leave of 16 MiB is the pool.
  for (const { depth, isAlone } of [
    { depth: 1000, isAlone: false },
    { depth: 1200, isAlone: true },
  ]) {
    const deep = makeNetwork([...radixNetLayers({ neurons: NEURONS, layers: depth, seed: 2, permute: true })]);
    const expected = await infer(deep, inputs, { ...LARGE, workers: 2, rows: "distinct" });
    for (const strategy of ["data", "data-then-model"] as const) {
      const { categories, figures } = await infer(deep, inputs, { ...SMALL, workers: 2, rows: "nonzero", strategy });
      assert.deepEqual(categories, expected.categories, `${strategy}, ${depth} layers`);
      const first = figures.workers[0].stages.filter(({ firstLayer }) => firstLayer === 0);
      const ends = first.map(({ endLayer }) => endLayer);
      assert.equal(ends.length === 1, isAlone, `${strategy}: ${ends.length} first stages`);
      assert.ok(
        ends.every((end) => end === FIRST_STAGE_LAYERS),
        `${strategy}: first stages of ${ends.join()}`,
      );
    }
  }
});
