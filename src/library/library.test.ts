// Plan: the public interface as a program uses it: networks and inputs from files and from arrays give the oracle's
// answers; disposing leaves no thread; what is wrong throws the error that the documentation says.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { makeTemporaryFolder } from "../testing/temporary-folder.ts";
import { writeSmallModel } from "../testing/small-model.ts";
import { ORACLE_TOLERANCE, assertWithin } from "../testing/tolerance.ts";
import { countOpenThreads } from "../threads/team.ts";
import { copyDenseRows } from "../sparse/convert.ts";
import {
  FormatError,
  inferOracle,
  makeNetwork,
  openEngine,
  openInputs,
  openNetwork,
  ShapeError,
  UsageError,
} from "./index.ts";

const folder = makeTemporaryFolder("library");
after(() => folder[Symbol.dispose]());
const model = await writeSmallModel(folder.path);

test("from files: the oracle's activations, and no thread left", async () => {
  const inputs = await openInputs(model.inputsPath, { features: 256, rows: 1000 });
  {
    await using engine = await openNetwork(model.networkPath, { workers: 2, keepActivations: true });
    const result = await engine.infer(inputs);
    const expected = inferOracle(model.network, copyDenseRows(inputs, 0, inputs.nrows), inputs.nrows);
    const found = Float32Array.from({ length: expected.length }, (_, p) => {
      return result.activations(Math.floor(p / 256))[p % 256] ?? Number.NaN;
    });
    assertWithin(found, expected, ORACLE_TOLERANCE, "activations", 256);
    assert.equal(countOpenThreads(), 2);
  }
  assert.equal(countOpenThreads(), 0);
});

test("only the first layers", async () => {
  await using engine = await openNetwork(model.networkPath, { layers: 3, workers: 1 });
  assert.equal(engine.network.layers.length, 3);
});

test("inputs from numbers are inputs from a file", async () => {
  const fromFile = await openInputs(model.inputsPath, { features: 256 });
  const dense = copyDenseRows(fromFile, 0, fromFile.nrows);
  for (const values of [dense, Float32Array.from(dense), Uint8Array.from(dense), Array.from(dense)]) {
    const { rowPtr, colIdx, values: stored } = await openInputs(values, { rows: fromFile.nrows, features: 256 });
    assert.deepEqual(
      [Array.from(rowPtr), Array.from(colIdx)],
      [Array.from(fromFile.rowPtr), Array.from(fromFile.colIdx)],
    );
    assert.deepEqual(Array.from(stored), [1]);
  }
});

test("what is wrong throws what the documentation says", async () => {
  await assert.rejects(openInputs([1, 2, 3], { rows: 2, features: 2 }), ShapeError);
  await assert.rejects(openInputs([1, Number.NaN], { rows: 1, features: 2 }), ShapeError);
  await assert.rejects(openInputs([1, 2], { rows: 1.5, features: 2 }), UsageError);
  await assert.rejects(openInputs(model.inputsPath), UsageError);
  await assert.rejects(openInputs("no-such-file.tsv", { features: 2 }), FormatError);
  await assert.rejects(openNetwork("no-such-network"), FormatError);
  await assert.rejects(openNetwork(model.networkPath, { workers: 0 }), UsageError);
  await assert.rejects(openNetwork(model.networkPath, { bias: 1 }), UsageError);
  assert.throws(() => makeNetwork([]), ShapeError);
  await using engine = await openEngine(model.network, { workers: 1 });
  const inputs = await openInputs(new Float32Array(4), { rows: 2, features: 2 });
  await assert.rejects(engine.infer(inputs), ShapeError);
  assert.equal(countOpenThreads(), 1);
});
