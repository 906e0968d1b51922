// Plan: bars are drawn from the scale's two ends (1 and `top`), zero is empty, unknown counts take the one before, more
// layers than columns are thinned from the first, no line is wider than the width.

import assert from "node:assert/strict";
import { test } from "node:test";
import { drawBars } from "./layer-chart.ts";

test("a full, a middle, a smallest and an empty bar", () => {
  // 1000 is full: 16 eighths; 1 is one eighth; log 31.6 / log 1000 = 1/2: 1 + 15/2, rounded to 9.
  const lines = drawBars([1000, 31.7, 1, 0], { width: 10, height: 2, blocks: true, top: 1000 });
  assert.deepEqual(lines, ["█▁", "██▁"]);
});

test("letters of ASCII only", () => {
  const lines = drawBars([1000, 30, 1, 0], { width: 10, height: 1, blocks: false, top: 1000 });
  assert.match(lines.join(""), /^#[ -~]*\.$/);
});

test("an unknown count is drawn as the one before, and as a question mark where there is none", () => {
  const lines = drawBars([null, 8, null], { width: 10, height: 1, blocks: true, top: 8 });
  assert.deepEqual(lines, ["?██"]);
});

test("more layers than columns", () => {
  const counts = Array.from({ length: 100 }, (_, l) => (l < 50 ? 10 : 0));
  const [line] = drawBars(counts, { width: 20, height: 1, blocks: true, top: 10 });
  assert.equal(line, "█".repeat(10));
});

test("a scale of one row", () => {
  assert.deepEqual(drawBars([1, 0, 1], { width: 5, height: 1, blocks: true, top: 1 }), ["█ █"]);
  assert.deepEqual(drawBars([], { width: 5, height: 2, blocks: true, top: 1 }), ["", ""]);
});
