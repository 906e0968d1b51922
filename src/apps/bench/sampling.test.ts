// Plan: every variant gets the same number of samples, one a round, in turn; short work is repeated; the order shows
// that slow moments are shared.

import assert from "node:assert/strict";
import { test } from "node:test";
import { sampleInterleaved } from "./sampling.ts";

test("variants take turns, one sample a round, each after as much untimed work", () => {
  const order: string[] = [];
  const make = (name: string): { run: () => void } => ({ run: () => order.push(name) });
  let samples = 0;
  const plan = { rounds: 3, sampleMs: 0, warmUpMs: 0 };
  const timings = sampleInterleaved([make("a"), make("b")], plan, () => samples++);
  assert.equal(order.slice(-12).join(""), "aabbaabbaabb");
  assert.equal(samples, 6);
  assert.deepEqual(
    timings.map(({ samplesMs, repeats }) => [samplesMs.length, repeats]),
    [
      [3, 1],
      [3, 1],
    ],
  );
});

test("work shorter than a sample is repeated and counted once", () => {
  let runs = 0;
  const plan = { rounds: 2, sampleMs: 5, warmUpMs: 1 };
  const [timing] = sampleInterleaved([{ run: () => runs++ }], plan, () => {});
  assert.ok(timing !== undefined && timing.repeats > 10 && runs > 2 * timing.repeats);
  assert.ok(timing.median < 1);
});
