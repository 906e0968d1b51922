// Plan: the words of a team from one thread: one party never waits, the abort flag, queues and signs that do not touch
// each other (also the last worker's). With real threads: team.test.ts.

import assert from "node:assert/strict";
import { test } from "node:test";
import { InterruptedError } from "../core/errors.ts";
import {
  abortTeam,
  beat,
  MAX_WORKERS,
  makeControl,
  QUEUES_PER_GROUP,
  readSign,
  setQueue,
  takeFromQueue,
  throwIfAborted,
  waitAtBarrier,
} from "./control.ts";

test("a barrier of one party is passed at once, until the team is told to stop", () => {
  const control = makeControl();
  for (let k = 0; k < 3; k++) waitAtBarrier(control, 0, 1, 0, true);
  throwIfAborted(control);
  abortTeam(control);
  assert.throws(() => waitAtBarrier(control, 0, 1, 0, true), InterruptedError);
  assert.throws(() => waitAtBarrier(control, 1, 2, 0, false), InterruptedError);
  assert.throws(() => throwIfAborted(control), InterruptedError);
});

test("every queue of every group and every worker's sign has words of its own", () => {
  const control = makeControl();
  const groups = [0, 1, MAX_WORKERS - 1];
  for (const group of groups) {
    for (let queue = 0; queue < QUEUES_PER_GROUP; queue++) setQueue(control, group, queue, 100 * group + 10 * queue);
    for (let k = 0; k < group + 2; k++) beat(control, group, group + 5);
  }
  for (const group of groups) {
    for (let queue = 0; queue < QUEUES_PER_GROUP; queue++) {
      assert.equal(takeFromQueue(control, group, queue), 100 * group + 10 * queue);
      assert.equal(takeFromQueue(control, group, queue), 100 * group + 10 * queue + 1);
    }
    assert.deepEqual(readSign(control, group), { beats: group + 2, waiting: false, progress: group + 5 });
  }
  assert.deepEqual(readSign(control, 2), { beats: 0, waiting: false, progress: 0 });
  throwIfAborted(control);
});

test("beats are counted from 1", () => {
  const control = makeControl();
  assert.equal(beat(control, 3, 0), 1);
  assert.equal(beat(control, 3, 0), 2);
});
