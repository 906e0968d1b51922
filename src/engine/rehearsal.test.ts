// Plan: the toy of a rehearsal visits what it is there for, which its numbers decide: equal inputs are joined before the
// first layer and rows that become equal after it, some rows are pushed and some are not, some die and some do not.

import assert from "node:assert/strict";
import { test } from "node:test";
import { openEngine } from "./engine.ts";
import { makeRehearsal } from "./rehearsal.ts";

test("a rehearsal joins, pushes, pulls, drops and keeps rows", async () => {
  const { network, inputs } = makeRehearsal(1024);
  const engine = await openEngine(network, { rows: "distinct", warmUp: false });
  try {
    const { categories, figures } = await engine.infer(inputs);
    const { computedRows, liveRows, workers } = figures;
    const last = network.layers.length - 1;
    assert.ok(computedRows[0] < inputs.nrows * 0.95, "equal inputs are joined");
    const [first] = network.layers;
    const pulled = first.weights.rowIdx.length * computedRows[0];
    const inFirst = workers.reduce((sum, worker) => sum + worker.edgesByLayer[0], 0);
    assert.ok(inFirst < pulled * 0.9, "most rows are pushed");
    assert.ok(inFirst > pulled * 0.1, "some rows are pulled");
    const dead = inputs.nrows - (liveRows[3] ?? 0);
    assert.ok(dead > inputs.nrows / 4, "rows die in the first stage");
    assert.ok(computedRows[last] < (liveRows[8] ?? 0) * 0.9, "rows become equal after it");
    assert.ok(categories.length > 0 && categories.length < inputs.nrows / 4, "few rows live to the end");
  } finally {
    await engine.close();
  }
});

test("narrow networks get a toy that is no wider", () => {
  const { network, inputs } = makeRehearsal(100);
  assert.ok(inputs.ncols <= 100);
  for (const { weights } of network.layers) assert.ok(weights.nrows <= 100 && weights.ncols <= 100);
});
