// Shares of columns: exact on small layers, and every share near its part of the weights on seeded ones.

import assert from "node:assert/strict";
import { test } from "node:test";
import { makeRandom } from "../../core/random.ts";
import { shareColumns } from "./column-share.ts";

test("small layers", () => {
  assert.deepEqual([...shareColumns(Uint32Array.of(0, 2, 4, 6, 8), 2)], [0, 2, 4]);
  assert.deepEqual([...shareColumns(Uint32Array.of(0, 9, 9, 9, 9), 2)], [0, 1, 4]);
  assert.deepEqual([...shareColumns(Uint32Array.of(0, 0, 0), 2)], [0, 1, 2]);
  assert.deepEqual([...shareColumns(Uint32Array.of(0, 5), 3)], [0, 1, 1, 1]);
  assert.deepEqual([...shareColumns(Uint32Array.of(0), 2)], [0, 0, 0]);
});

test("no share is off by more than a column", () => {
  const random = makeRandom(7);
  const colPtr = new Uint32Array(301);
  for (let j = 0; j < 300; j++) colPtr[j + 1] = colPtr[j] + random.below(40);
  for (const shares of [1, 2, 3, 4, 7]) {
    const starts = shareColumns(colPtr, shares);
    const mean = (colPtr[300] + 300) / shares;
    for (let c = 0; c < shares; c++) {
      const weight = colPtr[starts[c + 1]] - colPtr[starts[c]] + starts[c + 1] - starts[c];
      assert.ok(Math.abs(weight - mean) <= 41, `share ${c} of ${shares} weighs ${weight}, the mean is ${mean}`);
    }
  }
});
