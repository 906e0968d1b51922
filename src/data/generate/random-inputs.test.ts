// Plan: any options give a well-formed matrix of the asked density, the same for the same seed; order and values as
// asked; refused options. Lengths and index sets themselves: random-lengths.test.ts.

import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { UsageError } from "../../core/errors.ts";
import { checkCsr } from "../../sparse/check.ts";
import { RANDOM_INPUT_VALUES, randomInputs, type RandomInputsOptions } from "./random-inputs.ts";
import { LENGTH_SHAPES } from "./random-lengths.ts";

const BASE: RandomInputsOptions = { rows: 500, features: 300, density: 0.1, seed: 1 };

test("any options give a well-formed matrix, the same for the same seed", () => {
  const anyOptions: fc.Arbitrary<RandomInputsOptions> = fc.record({
    rows: fc.integer({ min: 1, max: 80 }),
    features: fc.integer({ min: 1, max: 80 }),
    density: fc.constantFrom(0, 0.005, 0.3, 1),
    seed: fc.nat(2 ** 32 - 1),
    sorted: fc.boolean(),
    rowLengths: fc.constantFrom(...LENGTH_SHAPES),
    values: fc.constantFrom(...RANDOM_INPUT_VALUES),
  });
  fc.assert(
    fc.property(anyOptions, (options) => {
      const inputs = randomInputs(options);
      checkCsr(inputs, "inputs");
      assert.deepEqual([inputs.nrows, inputs.ncols], [options.rows, options.features]);
      assert.deepEqual(inputs, randomInputs(options));
      if (options.density === 1) assert.equal(inputs.colIdx.length, options.rows * options.features);
      if (options.density === 0) assert.equal(inputs.colIdx.length, 0);
      if (options.values === "ones") assert.deepEqual([...inputs.values], [1]);
      assert.ok(inputs.values.every((value) => value > 0 && value <= 1));
    }),
    { seed: 31, numRuns: 300 },
  );
});

test("density, order and seed are as asked", () => {
  assert.equal(randomInputs({ ...BASE, rowLengths: "equal" }).colIdx.length, 15_000);
  assert.ok(Math.abs(randomInputs(BASE).colIdx.length / 15_000 - 1) < 0.1);
  assert.notDeepEqual(randomInputs(BASE), randomInputs({ ...BASE, seed: 2 }));
  const { rowPtr } = randomInputs({ ...BASE, sorted: true });
  for (let i = 1; i < BASE.rows; i++) assert.ok(rowPtr[i + 1] - rowPtr[i] <= rowPtr[i] - rowPtr[i - 1]);
});

const REFUSED: Partial<RandomInputsOptions>[] = [
  { rows: 0 },
  { rows: 1.5 },
  { features: 0 },
  { density: -1 },
  { density: 2 },
  { density: Number.NaN },
  { seed: -1 },
  { rows: 2 ** 20, features: 2 ** 20, density: 0.5 },
];
for (const options of REFUSED) {
  test(`refused: ${JSON.stringify(options)}`, () => {
    assert.throws(() => randomInputs({ ...BASE, ...options }), UsageError);
  });
}
