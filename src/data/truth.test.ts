// Plan: what is written reads back; order does not matter; the official categories; one table of bad files.

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { FormatError } from "../core/errors.ts";
import { challengeFolder, skipOrFail } from "../testing/challenge.ts";
import { makeTemporaryFolder } from "../testing/temporary-folder.ts";
import { readTruth, writeCategories } from "./truth.ts";

test("categories written are read back, more than one chunk of them too", async () => {
  using folder = makeTemporaryFolder("truth");
  const path = join(folder.path, "categories.tsv");
  const rows = Uint32Array.from({ length: 20_000 }, (_, k) => 3 * k);
  await writeCategories(path, rows);
  assert.deepEqual(await readTruth(path), rows);
});

test("order, blank lines, CR LF and gzip do not matter", async () => {
  using folder = makeTemporaryFolder("truth");
  const path = join(folder.path, "categories.tsv.gz");
  writeFileSync(path, gzipSync("30\r\n2\n\n 10\n"));
  assert.deepEqual(await readTruth(path, 30), Uint32Array.of(1, 9, 29));
});

test("the official categories of 1024 x 120", async (t) => {
  const challenge = challengeFolder();
  if (challenge === null) return skipOrFail(t, "challenge", "the official network is not there");
  const rows = await readTruth(join(challenge, "neuron1024-l120-categories.tsv"), 60_000);
  assert.equal(rows.length, 1812);
  assert.equal(rows[0], 286);
});

const BAD: readonly (readonly [text: string, line: number | null, problem: RegExp])[] = [
  ["", null, /the file is empty, expected one row number a line/],
  ["\n\n", null, /the file is empty/],
  ["1\nx\n", 2, /row is "x", expected one whole number from 1 to 100/],
  ["1\n2\t1\n", 2, /row is "2\\t1", expected one whole number/],
  ["0\n", 1, /row is 0, expected one whole number from 1 to 100/],
  ["101\n", 1, /row is 101, expected one whole number from 1 to 100/],
  ["1.5\n", 1, /row is "1\.5"/],
  ["NaN\n", 1, /row is "NaN"/],
  ["7\n8\n7\n", 3, /row 7 is there already, in line 1/],
  ["1\n12", 2, /the last line "12" has no line end/],
];

test("each bad truth file is refused with its line", async () => {
  using folder = makeTemporaryFolder("truth");
  const path = join(folder.path, "bad.tsv");
  for (const [text, line, problem] of BAD) {
    writeFileSync(path, text);
    await assert.rejects(
      () => readTruth(path, 100),
      (error) =>
        error instanceof FormatError && error.path === path && error.line === line && problem.test(error.message),
      JSON.stringify(text),
    );
  }
  await assert.rejects(() => readTruth(join(folder.path, "none.tsv")), /none\.tsv: no such file or folder/);
});
