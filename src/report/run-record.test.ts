// Plan: a record of a real run of the engine on a network small enough to count by hand: every field's value or, for
// times, its kind; the same record as text survives JSON; the summary says the truth's verdict.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { openEngine } from "../engine/engine.ts";
import { compareCategories } from "../network/categories.ts";
import { type Layer, makeNetwork } from "../network/network.ts";
import { denseToCsr } from "../sparse/convert.ts";
import { makeRunRecord, type RunRecord } from "./run-record.ts";
import { summarizeRun } from "./summary.ts";

/** Two neurons; the first adds both features, the second reads nothing. Rows of zeros stay zero. */
const LAYER: Layer = {
  weights: {
    format: "csc",
    nrows: 2,
    ncols: 2,
    colPtr: Uint32Array.of(0, 2, 2),
    rowIdx: Uint16Array.of(0, 1),
    values: Float32Array.of(1),
  },
  bias: Float32Array.of(0),
  rule: { activation: { kind: "relu" }, biasRule: "stored" },
};
/** Rows 1 and 3 (1-based) are categories. */
const INPUTS = denseToCsr(Float32Array.of(1, 0, 0, 0, 1, 1), 3, 2);

async function recordOf(truth: Uint32Array | null): Promise<RunRecord> {
  const network = makeNetwork([LAYER, LAYER]);
  await using engine = await openEngine(network, { rows: "all", workers: 1, kernel: "js", strategy: "data" });
  const result = await engine.infer(INPUTS);
  return makeRunRecord(result, {
    network,
    truth: truth === null ? null : compareCategories(result.categories, truth),
    seed: 7,
    readSeconds: 0.25,
    prepareSeconds: engine.prepareSeconds,
    totalSeconds: 2,
    peakBytes: 1024,
    runtime: { node: "26.0.0", cpu: "some", cores: 2 },
  });
}

test("every field of a record", async () => {
  const record = await recordOf(null);
  const { seconds, balance, edgesPerSecond, memory, layers, ...rest } = record;
  assert.deepEqual(rest, {
    choices: null,
    schema: "gossamer.run/1",
    network: { layers: 2, inputs: 2, outputs: 2, edges: 4 },
    rows: 3,
    settings: {
      strategy: "data",
      hash: "none",
      hashMethod: null,
      pickOrder: null,
      tilesPerWorker: null,
      rows: "all",
      workers: 1,
      ranks: 1,
      redeal: null,
      grid: null,
      kernel: "js",
      activationFormat: "tile",
      weightFormat: "csc",
      seed: 7,
    },
    categories: {
      count: 2,
      sha256: createHash("sha256").update("1\n3\n").digest("hex"),
      truth: null,
      missing: null,
      extra: null,
    },
    edges: { nominal: 12, computed: 12 },
    ranks: null,
    cuts: null,
    resumedLayer: null,
    stream: null,
    runtime: { node: "26.0.0", cpu: "some", cores: 2 },
  });
  assert.deepEqual([seconds.read, seconds.total], [0.25, 2]);
  assert.ok(seconds.prepare > 0 && seconds.infer > 0);
  assert.equal(edgesPerSecond.nominal, 12 / seconds.infer);
  assert.equal(edgesPerSecond.computed, 12 / seconds.infer);
  assert.equal(balance.imbalance, 1);
  assert.deepEqual(
    balance.workers.map(({ rank, worker, edges }) => [rank, worker, edges]),
    [[0, 0, 12]],
  );
  assert.ok(balance.workers.every(({ busySeconds, waitSeconds }) => busySeconds >= 0 && waitSeconds >= 0));
  assert.equal(memory.peakBytes, 1024);
  assert.ok(memory.arenaBytes > 0);
  assert.deepEqual(layers.computedRows, [3, 3]);
  assert.deepEqual(JSON.parse(JSON.stringify(record)), record);
});

test("the truth's verdict in the record and in the summary", async () => {
  const match = await recordOf(Uint32Array.of(0, 2));
  assert.deepEqual([match.categories.truth, match.categories.missing, match.categories.extra], ["match", 0, 0]);
  const differ = await recordOf(Uint32Array.of(0, 1));
  assert.deepEqual([differ.categories.truth, differ.categories.missing, differ.categories.extra], ["differ", 1, 1]);
  assert.match(summarizeRun(match).join("\n"), /categories,2, truth: match/);
  assert.match(summarizeRun(differ).join("\n"), /categories,2, truth: differ, 1 missing and 1 extra/);
});

test("auto says how each run of layers was shared, and why", async () => {
  const network = makeNetwork([LAYER, LAYER]);
  await using engine = await openEngine(network, { workers: 1, kernel: "js" });
  const result = await engine.infer(INPUTS);
  const { choices } = await makeRunRecord(result, {
    network,
    truth: null,
    seed: 1,
    readSeconds: 0,
    prepareSeconds: 0,
    totalSeconds: 1,
    peakBytes: 1,
    runtime: { node: "26.0.0", cpu: "some", cores: 2 },
  });
  assert.equal(choices?.[0]?.firstLayer, 0);
  assert.equal(choices.at(-1)?.endLayer, 2);
  for (const { by, why } of choices) {
    assert.equal(by, "rows");
    assert.match(why, /^expected a layer: [\d.]+ us by rows, [\d.]+ us by neurons$/);
  }
});
