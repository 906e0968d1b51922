// Plan: what is drawn on another thread is what is drawn on this one; wrong options are refused here.
// Interruption: apps/cli/faults.test.ts.

import assert from "node:assert/strict";
import { test } from "node:test";
import { InterruptedError, UsageError } from "../../core/errors.ts";
import type { Layer } from "../../network/network.ts";
import { drawInputs, withDrawnLayers } from "./draw-aside.ts";
import { randomInputs, type RandomInputsOptions } from "./random-inputs.ts";
import { randomLayers, type RandomLayersOptions } from "./random-layers.ts";

const INPUTS: RandomInputsOptions = { rows: 50, features: 300, density: 0.1, seed: 1, values: "general" };
const LAYERS: RandomLayersOptions = {
  inputs: 40,
  neurons: 30,
  layers: 3,
  density: 0.2,
  weights: "general",
  columnLengths: "uniform",
  biasRule: "all",
  activation: { kind: "softmax" },
  seed: 2,
};
const { signal } = new AbortController();

test("inputs are those of this thread", async () => {
  assert.deepEqual(await drawInputs(INPUTS, signal), randomInputs(INPUTS));
});

test("layers are those of this thread", async () => {
  const layers: Layer[] = [];
  await withDrawnLayers(LAYERS, signal, async (drawn) => {
    for await (const layer of drawn) layers.push(layer);
  });
  assert.deepEqual(layers, [...randomLayers(LAYERS)]);
});

test("wrong options and a caller that has given up", async () => {
  await assert.rejects(drawInputs({ ...INPUTS, density: 2 }, signal), UsageError);
  await assert.rejects(
    withDrawnLayers({ ...LAYERS, layers: 0 }, signal, () => Promise.resolve()),
    UsageError,
  );
  await assert.rejects(drawInputs(INPUTS, AbortSignal.abort()), InterruptedError);
});
