// Plan: the rate of edges by hand, and no rate where no time was measured.

import assert from "node:assert/strict";
import { test } from "node:test";
import { edgesPerSecond } from "./rates.ts";

test("edges per second", () => {
  assert.equal(edgesPerSecond(12, 4), 3);
  assert.equal(edgesPerSecond(0, 4), 0);
  assert.equal(edgesPerSecond(12, 0), null);
  assert.equal(edgesPerSecond(12, Number.NaN), null);
});
