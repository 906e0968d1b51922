// Plan: the three widths by hand: no layers, one, equal ones, wide inputs before narrow layers, a wide layer of few weights
// and of most, and layers of no weights or neurons.

import assert from "node:assert/strict";
import { test } from "node:test";
import { type LayerSize, type NetworkWidths, widthsOf } from "./network-widths.ts";

const TABLE: readonly [layers: readonly (readonly [nrows: number, ncols: number, nnz: number])[], NetworkWidths][] = [
  [[], { widest: 1, widestOutput: 1, typical: 1 }],
  [[[8, 5, 3]], { widest: 8, widestOutput: 5, typical: 8 }],
  [
    [
      [8, 8, 3],
      [8, 8, 3],
    ],
    { widest: 8, widestOutput: 8, typical: 8 },
  ],
  [
    [
      [1000, 8, 50],
      [8, 8, 50],
    ],
    { widest: 1000, widestOutput: 8, typical: 8 },
  ],
  [
    [
      [1000, 8, 51],
      [8, 8, 50],
    ],
    { widest: 1000, widestOutput: 8, typical: 1000 },
  ],
  [
    [
      [4, 900, 10],
      [900, 4, 10],
      [4, 4, 30],
    ],
    { widest: 900, widestOutput: 900, typical: 4 },
  ],
  [[[0, 0, 0]], { widest: 1, widestOutput: 1, typical: 1 }],
];

test("widths, by hand", () => {
  for (const [sizes, expected] of TABLE) {
    const layers = sizes.map(([nrows, ncols, nnz]): LayerSize => ({ nrows, ncols, nnz }));
    assert.deepEqual(widthsOf(layers), expected, JSON.stringify(sizes));
    assert.deepEqual(widthsOf(layers.toReversed()), expected, `${JSON.stringify(sizes)} reversed`);
  }
});
