// Plan: sizes by name; the reference's verdicts against the oracle's, for rows that live, die and are equal; the command
// without time for a run, and what it refuses. Not covered: whole runs, of which the smallest takes half a minute.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { UsageError } from "../../core/errors.ts";
import { openGeneratedNetwork } from "../../data/generated-network.ts";
import { randomInputs } from "../../data/generate/random-inputs.ts";
import { sourceOfMatrix } from "../../data/input-source.ts";
import { readNetwork } from "../../data/read-network.ts";
import { categoriesOf } from "../../network/categories.ts";
import { inferOracle } from "../../network/oracle.ts";
import { copyDenseRows } from "../../sparse/convert.ts";
import { runGossamer } from "../../testing/command.ts";
import { makeTemporaryFolder } from "../../testing/temporary-folder.ts";
import { referenceVerdicts } from "./reference-verdicts.ts";
import { CHALLENGE_SIZES, parseSizes } from "./sizes.ts";

test("twelve sizes, the smallest first, and some of them by name", () => {
  assert.equal(CHALLENGE_SIZES.length, 12);
  assert.deepEqual(CHALLENGE_SIZES[0], { neurons: 1024, layers: 120 });
  assert.deepEqual(CHALLENGE_SIZES[11], { neurons: 65_536, layers: 1920 });
  assert.deepEqual(parseSizes("4096x480, 1024x120"), [
    { neurons: 4096, layers: 480 },
    { neurons: 1024, layers: 120 },
  ]);
  for (const text of ["", "1024", "1000x120", "1024x120,"]) assert.throws(() => parseSizes(text), UsageError);
});

test("the reference's verdicts are the oracle's", async () => {
  const name = "radixnet:256x10:seed=3";
  const inputs = randomInputs({ rows: 60, features: 256, density: 0.2, seed: 5 });
  const network = await readNetwork(name);
  const oracle = inferOracle(network, copyDenseRows(inputs, 0, inputs.nrows), inputs.nrows);
  const categories = new Set(categoriesOf(oracle, inputs.nrows, network.outputs));
  assert.ok(categories.size > 5 && categories.size < 55);
  const rows = [...Array.from({ length: 60 }, (_, row) => row), 7, 7];
  const found = await referenceVerdicts(openGeneratedNetwork(name), sourceOfMatrix("rows", inputs), rows, {
    signal: new AbortController().signal,
    onProgress: () => {},
  });
  assert.deepEqual(
    found,
    rows.map((row) => categories.has(row)),
  );
});

test("the command without time for a run, and what it refuses", async () => {
  using folder = makeTemporaryFolder("twelve");
  const out = join(folder.path, "out");
  const env = { GOSSAMER_DATA: join(folder.path, "data") };
  const args = ["study", "challenge", "--out", out, "--sizes", "1024x120"];
  // No time at all: everything is said to be left out.
  const none = await runGossamer([...args, "--minutes", "0", "--json"], { env });
  assert.equal(none.status, 0, none.stderr);
  assert.deepEqual(JSON.parse(none.stdout), []);
  assert.match(none.stderr, /1024x120 plain distinct: left out, the time is over/);
  assert.match(readFileSync(join(out, "twelve.md"), "utf8"), /Published by others/);
  for (const [wrong, expected] of [
    [["study", "challenge"], /needs --out/],
    [["study", "challenge", "--out", out, "--sizes", "7x7"], /size is 7x7, expected some of 1024x120/],
    [["study", "--out", out, "--minutes", "3"], /are of `study challenge`/],
  ] as const) {
    const run = await runGossamer(wrong, { env });
    assert.equal(run.status, 2);
    assert.match(run.stderr, expected);
  }
});
