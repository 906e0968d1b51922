// Plan: shares by hand; on Linux the times of a thread that works rise.

import assert from "node:assert/strict";
import { test } from "node:test";
import { givenShare, readSchedule, type Schedule } from "./schedule.ts";

const MS = 1e6;

function schedule(...threads: [number, number][]): Schedule {
  return new Map(threads.map(([ran, ready], k) => [`${k}`, [ran * MS, ready * MS]]));
}

function total(read: Schedule): number {
  return [...read.values()].reduce((sum, [ran, ready]) => sum + ran + ready, 0);
}

test("the worst-off thread that asked for much decides", () => {
  const before = schedule([5, 5], [0, 0]);
  assert.equal(givenShare(before, schedule([105, 5], [0, 0]), 100), 1);
  assert.equal(givenShare(before, schedule([105, 5], [25, 75]), 100), 0.25);
  assert.equal(givenShare(before, schedule([5, 5], [1, 40]), 100), 1);
  assert.equal(givenShare(before, schedule([5, 105], [0, 0]), 100), 0);
  assert.equal(givenShare(new Map(), schedule([5, 105]), 100), 1);
});

test("a thread that works is seen where the system says so", (t) => {
  const before = readSchedule();
  if (before.size === 0) {
    t.skip(`no /proc/self/task on ${process.platform}`);
    return;
  }
  const end = performance.now() + 20;
  while (performance.now() < end);
  assert.ok(total(readSchedule()) > total(before));
});
