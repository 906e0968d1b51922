// Plan: which rows count (one nonzero anywhere, negative, tiny, NaN, infinity, not -0); comparisons that differ both
// ways, also where the counts agree; the digest against digests written down and against another implementation.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { challengeFolder, NO_CHALLENGE, skipOrFail } from "../testing/challenge.ts";
import { categoriesOf, compareCategories, hashCategories } from "./categories.ts";

test("a row counts when any activation is not zero; NaN counts, -0 does not", () => {
  const rows = [
    [0, 0, 0],
    [1, 0, 0],
    [0, 0, 32],
    [0, -0, 0],
    [0, Number.NaN, 0],
    [0, 0, 1.4e-45],
    [-1, 0, 0],
    [Number.POSITIVE_INFINITY, 0, 0],
    [0, 0, 0],
  ];
  const expected = Uint32Array.of(1, 2, 4, 5, 6, 7);
  assert.deepEqual(categoriesOf(Float32Array.from(rows.flat()), rows.length, 3), expected);
  assert.deepEqual(categoriesOf(Float64Array.from(rows.flat()), rows.length, 3), expected);
});

test("no rows and no columns have no categories", () => {
  assert.deepEqual(categoriesOf(new Float32Array(0), 0, 5), new Uint32Array(0));
  assert.deepEqual(categoriesOf(new Float32Array(0), 5, 0), new Uint32Array(0));
});

test("comparison counts missing and extra rows", () => {
  const table: [found: number[], truth: number[], "match" | "differ", missing: number, extra: number][] = [
    [[], [], "match", 0, 0],
    [[0, 5, 9], [0, 5, 9], "match", 0, 0],
    [[0, 5], [0, 5, 9], "differ", 1, 0],
    [[0, 5, 9], [0, 5], "differ", 0, 1],
    [[0, 5, 9], [0, 5, 8], "differ", 1, 1],
    [[], [1, 2, 3], "differ", 3, 0],
    [[1, 2, 3], [], "differ", 0, 3],
    [[4, 5, 6], [1, 2, 3], "differ", 3, 3],
    [[5, 5], [5], "differ", 0, 1],
  ];
  for (const [found, truth, verdict, missing, extra] of table) {
    const comparison = compareCategories(Uint32Array.from(found), Uint32Array.from(truth));
    assert.deepEqual(comparison, { verdict, missing, extra }, `${found.join(" ")} against ${truth.join(" ")}`);
  }
});

test("the digest is SHA-256 of the 1-based numbers, each with a newline", async () => {
  // printf '' | sha256sum, and printf '1\n2\n60000\n' | sha256sum.
  assert.equal(
    await hashCategories(new Uint32Array(0)),
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
  );
  assert.equal(
    await hashCategories(Uint32Array.of(0, 1, 59999)),
    "2e3269852bfbd2e434f8f4ce5ff251584356a4b2ac9c1d299dde4060c233d9db",
  );
  const many = Uint32Array.from({ length: 20_000 }, (_, k) => 3 * k);
  const text = Array.from(many, (row) => `${row + 1}\n`).join("");
  assert.equal(await hashCategories(many), createHash("sha256").update(text).digest("hex"));
  assert.notEqual(await hashCategories(Uint32Array.of(1, 23)), await hashCategories(Uint32Array.of(12, 3)));
});

test("the digest of the official categories is the digest of their file", async (t) => {
  const folder = challengeFolder();
  if (folder === null) {
    skipOrFail(t, "challenge", NO_CHALLENGE);
    return;
  }
  const file = readFileSync(`${folder}/neuron1024-l120-categories.tsv`);
  const categories = Uint32Array.from(file.toString().trim().split("\n"), (line) => Number(line) - 1);
  assert.equal(categories.length, 1812);
  assert.equal(await hashCategories(categories), createHash("sha256").update(file).digest("hex"));
});
