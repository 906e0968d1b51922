// Plan: every kernel set x pair of formats x bias rule x activation x layer shape x split of the columns, against the
// float64 oracle: exactly where sums and activation are exact, within 1e-4 otherwise; activations of all pairs and
// splits equal to the last bit; a second layer on the result, so that what one layer seals the next one reads.
// runFormats asserts on the way: symbolic counts by column and row equal to counts made by sets, numeric ones not above,
// nothing written outside, lists and indices as the formats promise, the SPA zero again, live rows, equal rows, rows kept.
// Then: indices of 32 bits, no rows, cancellation, every pair listed once, reasons of the refused ones, record layouts.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { makeRandom } from "../core/random.ts";
import { BIAS_RULES, CHALLENGE_RULE } from "../network/layer-rule.ts";
import type { Layer } from "../network/network.ts";
import { inferLayerOracle } from "../network/oracle.ts";
import { type CscMatrix, makeIndexArray } from "../sparse/matrix.ts";
import { type FormatRun, runFormats, type Split } from "../testing/format-run.ts";
import { makeKernelMemory } from "../testing/kernel-memory.ts";
import {
  ACTIVATIONS,
  isExact,
  makeBias,
  makeExactRows,
  makeLayer,
  makeWeights,
  SHAPES,
  widenIndices,
} from "../testing/layer-cases.ts";
import { assertWithin, ORACLE_TOLERANCE } from "../testing/tolerance.ts";
import { compileKernels, KERNEL_IDS, makeFormatKernels } from "./catalog.ts";
import { FACTOR_FORMATS, FORMAT_PAIRS, refuseReason } from "./format-pairs.ts";
import { MATRIX_FIELD, MATRIX_RECORD_BYTES, TASK_FIELD, TASK_RECORD_BYTES } from "./format-records.ts";

const BATCH = 18; // one block of 16 rows and a tail
const EXACT = { relative: 0, absolute: 0 };
const SPLITS: readonly Split[] = [[1], [0.5, 1], [0.3, 0.3, 0.4, 1]];

interface Case {
  readonly name: string;
  readonly layers: readonly Layer[];
  readonly rows: Float64Array;
  readonly expected: Float64Array;
  readonly isExact: boolean;
}

const cases: readonly Case[] = makeCases();

function makeCases(): Case[] {
  const random = makeRandom(1);
  const made: Case[] = [];
  for (const [s, shape] of SHAPES.entries()) {
    const weights =
      makeWeights(shape, s % 2 === 0 ? "general" : "uniform", random) ?? makeWeights(shape, "uniform", random);
    assert.ok(weights !== null);
    const rows = makeExactRows(BATCH, shape.nrows, random);
    const next = { name: "next", nrows: shape.ncols, ncols: 5, density: () => 0.4 };
    const after = makeWeights(next, "uniform", random);
    assert.ok(after !== null);
    for (const biasRule of BIAS_RULES) {
      for (const [a, activation] of ACTIVATIONS.entries()) {
        const first = makeLayer(
          weights,
          makeBias(a % 2 === 0 ? "single" : "per neuron", shape.ncols, random),
          activation,
          biasRule,
        );
        const name = `${shape.name}, ${biasRule}, ${JSON.stringify(activation)}`;
        const exact = isExact(activation);
        const one = inferLayerOracle(first, rows, BATCH);
        made.push({ name, layers: [s % 3 === 0 ? widenIndices(first) : first], rows, expected: one, isExact: exact });
        if (!exact || s % 2 === 0) continue;
        const second = makeLayer(after, Float32Array.of(-0.25), CHALLENGE_RULE.activation, "stored");
        const both = inferLayerOracle(second, one, BATCH);
        made.push({ name: `${name}, then another`, layers: [first, second], rows, expected: both, isExact: true });
      }
    }
  }
  return made;
}

const space = makeKernelMemory(1024, 16 << 20);

for (const id of KERNEL_IDS) {
  const compiled = await compileKernels(id);
  const kernels = makeFormatKernels(compiled, space.memory);
  // Bits of each case by its place in the table, of the first pair and split; all others must have the same.
  const bits: Float32Array[] = [];
  for (const [activations, weights] of FORMAT_PAIRS) {
    test(`${id}, ${activations} x ${weights}: every layer equals the oracle and the other pairs`, () => {
      for (const [c, { name, layers, rows, expected, isExact: exact }] of cases.entries()) {
        for (const split of SPLITS) {
          space.reset();
          const what = `${activations} x ${weights}, ${name}, parts ${split.join(" ")}`;
          const run: FormatRun = { space, kernels, pair: { activations, weights }, what };
          const actual = runFormats(run, layers, rows, BATCH, split);
          const ncols = layers[layers.length - 1].weights.ncols;
          assertWithin(actual.rows, expected, exact ? EXACT : ORACLE_TOLERANCE, what, ncols);
          bits[c] ??= actual.rows;
          assert.deepEqual(actual.rows, bits[c], `${what}: other bits than the first pair`);
          const nonzero = actual.rows.reduce((count, value) => count + (value === 0 ? 0 : 1), 0);
          const isFull = activations.startsWith("dense") || layers[0].rule.activation.kind === "softmax";
          assert.equal(actual.nnz, isFull ? BATCH * ncols : nonzero, `${what}: entries stored`);
        }
      }
    });
  }

  test(`${id}: indices of 32 bits, in weights and activations, by rows and by columns`, () => {
    const wide = 70_000;
    const columns = [0, 1, 65_535, 65_536, wide - 1];
    const one = makeLayer(
      makeSparse(
        2,
        wide,
        columns.map((j, p) => [p % 2, j]),
      ),
      Float32Array.of(0.5),
      { kind: "relu" },
      "stored",
    );
    const two = makeLayer(
      makeSparse(
        wide,
        3,
        columns.map((j, p) => [j, p % 3]),
      ),
      Float32Array.of(-1),
      { kind: "relu" },
      "stored",
    );
    const rows = Float64Array.of(1, 2);
    const expected = inferLayerOracle(two, inferLayerOracle(one, rows, 1), 1);
    const large = makeKernelMemory(1024, 64 << 20);
    const largeKernels = makeFormatKernels(compiled, large.memory);
    for (const [activations, weights] of FORMAT_PAIRS) {
      if (activations.startsWith("dense") || weights.startsWith("dense")) continue;
      large.reset();
      const run: FormatRun = {
        space: large,
        kernels: largeKernels,
        pair: { activations, weights },
        what: `${activations} x ${weights}`,
      };
      assertWithin(runFormats(run, [one, two], rows, 1, [0.5, 1]).rows, expected, EXACT, run.what);
    }
  });

  test(`${id}: a batch of more than 65536 rows`, () => {
    const nrows = 65_600;
    const layer = makeLayer(makeSparse(1, 1, [[0, 0]]), Float32Array.of(-1), { kind: "relu" }, "stored");
    const rows = new Float64Array(nrows);
    for (const i of [0, 65_535, 65_536, nrows - 1]) rows[i] = 3;
    const expected = inferLayerOracle(layer, rows, nrows);
    for (const [activations, weights] of FORMAT_PAIRS) {
      space.reset();
      const run: FormatRun = { space, kernels, pair: { activations, weights }, what: `${activations} x ${weights}` };
      assertWithin(runFormats(run, [layer], rows, nrows, [1]).rows, expected, EXACT, run.what);
    }
  });

  test(`${id}: no rows at all`, () => {
    for (const [activations, weights] of FORMAT_PAIRS) {
      space.reset();
      const run: FormatRun = { space, kernels, pair: { activations, weights }, what: `${activations} x ${weights}` };
      const { nnz, edges } = runFormats(run, cases[10].layers, new Float64Array(0), 0, [0.5, 1]);
      assert.deepEqual([nnz, edges], [0, 0], run.what);
    }
  });
}

/** Entries of value 2, given rising by column, then row. */
function makeSparse(nrows: number, ncols: number, entries: readonly (readonly number[])[]): CscMatrix {
  const sorted = entries.toSorted((a, b) => a[1] - b[1] || a[0] - b[0]);
  const colPtr = new Uint32Array(ncols + 1);
  const rowIdx = makeIndexArray(sorted.length, nrows);
  sorted.forEach(([i, j], p) => {
    rowIdx[p] = i;
    colPtr[j + 1]++;
  });
  for (let j = 0; j < ncols; j++) colPtr[j + 1] += colPtr[j];
  return { format: "csc", nrows, ncols, colPtr, rowIdx, values: Float32Array.of(2) };
}

test("products that cancel are counted and not stored", async () => {
  const kernels = makeFormatKernels(await compileKernels("js"), space.memory);
  space.reset();
  const weights: CscMatrix = {
    ...makeSparse(2, 1, [
      [0, 0],
      [1, 0],
    ]),
    values: Float32Array.of(1, -1),
  };
  const layer = makeLayer(weights, Float32Array.of(1), { kind: "identity" }, "stored");
  const run: FormatRun = { space, kernels, pair: { activations: "csc", weights: "csc" }, what: "cancelling" };
  const { nnz, edges } = runFormats(run, [layer], Float64Array.of(3, 3), 1, [1]);
  assert.deepEqual([nnz, edges], [0, 2]);
});

test("every pair is listed once; every other one has a reason to be refused", () => {
  const seen = new Set<string>();
  for (const [activations, weights, state] of FORMAT_PAIRS) {
    seen.add(`${activations} x ${weights}`);
    assert.equal(refuseReason({ activations, weights }), null);
    const byColumns = activations.endsWith("c") || activations === "dense-column";
    if (byColumns) assert.notEqual(state, "format only", `${activations} x ${weights}`);
  }
  assert.equal(seen.size, FORMAT_PAIRS.length);
  for (const activations of FACTOR_FORMATS) {
    for (const weights of FACTOR_FORMATS) {
      const name = `${activations} x ${weights}`;
      const reason = refuseReason({ activations, weights }, CHALLENGE_RULE);
      assert.equal(reason === null, seen.has(name), name);
      if (reason !== null) assert.ok(reason.startsWith(`${name}: `) && reason.includes("; use "), reason);
    }
  }
});

const constantName = (field: string): string => field.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();

test("every field of the records is where the kernels read it", () => {
  const file = new URL("../../src/kernels/wasm/assembly/format-record.ts", import.meta.url);
  const text = readFileSync(file, "utf8");
  const offsets = (from: string, to: string): Map<string, number> => {
    const part = text.slice(text.indexOf(from), text.indexOf(to));
    return new Map(
      Array.from(part.matchAll(/^export const (\w+): usize = (\d+);$/gm), ([, name, at]) => [name, Number(at)]),
    );
  };
  for (const [fields, bytes, from, to, size] of [
    [MATRIX_FIELD, MATRIX_RECORD_BYTES, "export const BY_ROWS", "export const INPUT", "MATRIX_BYTES"],
    [TASK_FIELD, TASK_RECORD_BYTES, "export const INPUT", "export const NONE", "TASK_BYTES"],
  ] as const) {
    const layout = offsets(from, to);
    for (const [field, number] of Object.entries(fields)) {
      assert.equal(layout.get(constantName(field)), number * 4, field);
      layout.delete(constantName(field));
    }
    assert.deepEqual([...layout], [[size, bytes]]);
  }
});
