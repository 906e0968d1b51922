// Plan: the cells are the whole product, each once, in an order whose beginning meets every strategy, hashing and number of
// workers of a pair; cells run on a small network, are compared with the truth and recorded once; a wrong truth is seen; a
// half line is dropped; the page says what ran and what did not. The committed page is that of the committed records.

import assert from "node:assert/strict";
import { appendFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { FormatError } from "../../core/errors.ts";
import { STRATEGIES } from "../../engine/options.ts";
import { categoriesOf } from "../../network/categories.ts";
import { HASH_MODES } from "../../partition/hashing.ts";
import { CASE_ROWS, makeChallengeCase } from "../../testing/engine-cases.ts";
import { makeTemporaryFolder } from "../../testing/temporary-folder.ts";
import { readCellRecords } from "./cell-records.ts";
import { cellName, CELLS_PER_PAIR, listCells, PRODUCT_PAIRS, PRODUCT_WORKERS, pairName } from "./cells.ts";
import { isWrong, makeProductPage } from "./product-page.ts";
import { type ProductOptions, runCells } from "./run-cells.ts";

const REPOSITORY = fileURLToPath(new URL("../../..", import.meta.url));
const folder = makeTemporaryFolder("product");
after(() => folder[Symbol.dispose]());
const cells = listCells();

test("the cells are the product, and few of a pair meet every value", () => {
  assert.equal(cells.length, PRODUCT_PAIRS.length * CELLS_PER_PAIR);
  assert.equal(new Set(cells.map(cellName)).size, cells.length);
  for (const pair of PRODUCT_PAIRS) {
    const mine = cells.filter((cell) => pairName(cell) === pairName(pair)).slice(0, STRATEGIES.length);
    assert.equal(new Set(mine.map(({ strategy }) => strategy)).size, STRATEGIES.length, pairName(pair));
    assert.equal(new Set(mine.map(({ hash }) => hash)).size, HASH_MODES.length, pairName(pair));
    assert.equal(new Set(mine.map(({ workers }) => workers)).size, PRODUCT_WORKERS.length, pairName(pair));
  }
});

const given = makeChallengeCase(10);
const answer = given.oracle.at(-1) ?? new Float64Array(0);
const options: ProductOptions = {
  path: join(folder.path, "cells.jsonl"),
  networkName: "small",
  network: given.network,
  inputs: given.inputs,
  truth: categoriesOf(answer, CASE_ROWS, given.network.outputs),
  runtime: { node: "26.0.0", cpu: "some processor", cores: 2 },
  limitMs: 60_000,
  onCell: () => {},
};
/** One of every pair. */
const some = PRODUCT_PAIRS.flatMap((pair) => cells.filter((cell) => pairName(cell) === pairName(pair)).slice(0, 1));

test("cells run once, over as many nights as it takes", async () => {
  const first = await runCells(some.slice(0, 2), [], options);
  assert.deepEqual(first.map(isWrong), [false, false]);
  appendFileSync(options.path, '{"schema":"gossamer.prod');
  const kept = await readCellRecords(options.path);
  assert.deepEqual(kept, first);
  const rest = await runCells(some, kept, options);
  assert.deepEqual(rest.map(cellName), some.slice(2).map(cellName));
  const all = await readCellRecords(options.path);
  assert.equal(all.length, some.length);
  assert.deepEqual(await runCells(some, all, options), []);
  assert.deepEqual(await runCells(cells, all, { ...options, limitMs: 0 }), []);
});

test("a wrong cell is seen, recorded, and does not end the night", async () => {
  const path = join(folder.path, "wrong.jsonl");
  const wrong = await runCells(some.slice(0, 2), [], { ...options, path, truth: Uint32Array.of(0) });
  assert.deepEqual(wrong.map(isWrong), [true, true]);
  assert.equal((await readCellRecords(path)).length, 2);
  assert.match(makeProductPage(wrong), /0 named the official categories, none missing and none extra; 2 did not/);
});

test("a line that is no record of a cell is refused with its number", async () => {
  const path = join(folder.path, "bad.jsonl");
  for (const line of ["no JSON", "null", '{"schema":"gossamer.run/1"}']) {
    writeFileSync(path, `${line}\n`);
    await assert.rejects(readCellRecords(path), (error) => error instanceof FormatError && error.line === 1);
  }
});

test("the page names what ran and what did not", async () => {
  const records = await readCellRecords(options.path);
  const page = makeProductPage(records);
  assert.match(
    page,
    new RegExp(`${some.length} of ${cells.length} cells ran in full \\(small, 10 layers, 500 rows\\)`),
  );
  assert.equal(page.includes("NaN"), false);
  assert.match(makeProductPage(records.slice(1)), /Nothing ran in full of: /);
  assert.match(makeProductPage([]), /Nothing has run yet/);
});

test("docs/product.md is the page of records/product (else: node scripts/nightly.mjs --page)", async () => {
  const path = join(REPOSITORY, "records/product/cells.jsonl");
  assert.ok(existsSync(path));
  assert.equal(readFileSync(join(REPOSITORY, "docs/product.md"), "utf8"), makeProductPage(await readCellRecords(path)));
});
