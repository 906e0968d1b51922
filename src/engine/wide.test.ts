// Plan: a network so wide that its tiles have 16 rows (tiles.ts) against the float64 oracle, at row counts around 16 and 32,
// with every strategy and row mode, in one memory with a warm-up in tiles of every width that there is.

import assert from "node:assert/strict";
import { test } from "node:test";
import { randomInputs } from "../data/generate/random-inputs.ts";
import { randomLayers } from "../data/generate/random-layers.ts";
import { makeNetwork } from "../network/network.ts";
import { inferOracle } from "../network/oracle.ts";
import { copyDenseRows, sliceCsrRows } from "../sparse/convert.ts";
import { activationsOf } from "../testing/engine-cases.ts";
import { assertWithin, ORACLE_TOLERANCE } from "../testing/tolerance.ts";
import { openEngine } from "./engine.ts";
import { ROW_MODES, STRATEGIES } from "./options.ts";
import { widestTile } from "./tiles.ts";

const WIDTH = 32_769;
const ROWS = 50;
const SIZES: readonly (readonly [inputs: number, neurons: number, weights: number])[] = [
  [200, WIDTH, 3],
  [WIDTH, 60, 2000],
];

const layers = SIZES.flatMap(([inputs, neurons, nnzPerColumn], seed) =>
  Array.from(
    randomLayers({
      inputs,
      neurons,
      layers: 1,
      nnzPerColumn,
      weights: "general",
      columnLengths: "equal",
      biasRule: "all",
      activation: { kind: "relu" },
      seed,
    }),
  ),
);
const network = makeNetwork(layers);
const inputs = randomInputs({ rows: ROWS, features: 200, density: 0.3, seed: 1 });
const expected = inferOracle(network, Float64Array.from(copyDenseRows(inputs, 0, ROWS)), ROWS);

test("its tiles have 16 rows", () => {
  assert.equal(widestTile(WIDTH), 16);
});

for (const strategy of STRATEGIES) {
  test(`oracle, ${WIDTH} neurons: ${strategy}`, async () => {
    for (const rows of ROW_MODES) {
      await using engine = await openEngine(network, { strategy, rows, workers: 2, keepActivations: true });
      for (const nrows of [ROWS, 33, 32, 17, 16, 15, 1]) {
        const result = await engine.infer(sliceCsrRows(inputs, 0, nrows));
        const wanted = expected.subarray(0, nrows * network.outputs);
        assertWithin(activationsOf(result), wanted, ORACLE_TOLERANCE, `${rows}, ${nrows} rows`, network.outputs);
      }
    }
  });
}
