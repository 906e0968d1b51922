// The official network on ranks: ranks and grids x hashings x MPI libraries give the official categories. By default a cut
// (2000 rows) and a few of the product; GOSSAMER_RANKS_PRODUCT=full takes all rows and all of it, which
// scripts/nightly.mjs does.

import assert from "node:assert/strict";
import { join } from "node:path";
import { before, test } from "node:test";
import { mnistInputs } from "../data/generate/mnist.ts";
import { readTruth, writeCategories } from "../data/truth.ts";
import { writeInputs } from "../data/write-inputs.ts";
import { MPI_FAMILIES } from "../mpi/abi/abi.ts";
import { HASH_MODES } from "../partition/hashing.ts";
import type { RunRecord } from "../report/run-record.ts";
import { sliceCsrRows } from "../sparse/convert.ts";
import { challengeFolder, NO_CHALLENGE, skipOrFail } from "../testing/challenge.ts";
import { requireMpi, runGossamerRanks } from "../testing/mpi-run.ts";
import { makeTemporaryFolder } from "../testing/temporary-folder.ts";

const IS_FULL = process.env["GOSSAMER_RANKS_PRODUCT"] === "full";
const ROWS = IS_FULL ? 60_000 : 2000;
const SHAPES = ["1", "2", "3", "4", "1x2", "2x1", "2x2", "4x1"];

const CASES = MPI_FAMILIES.flatMap((family) =>
  SHAPES.flatMap((shape) => HASH_MODES.map((hash) => ({ family, shape, hash }))),
).filter((_, k) => IS_FULL || k % 7 === 0);

const FOLDER = makeTemporaryFolder("official-ranks");
process.on("exit", () => FOLDER[Symbol.dispose]());
const INPUTS = join(FOLDER.path, "images.safetensors");
const TRUTH = join(FOLDER.path, "truth.tsv");
const official = challengeFolder();

before(async () => {
  if (official === null) return;
  await writeInputs(INPUTS, sliceCsrRows(await mnistInputs({ side: 32 }), 0, ROWS));
  const truth = await readTruth(`${official}/neuron1024-l120-categories.tsv`);
  await writeCategories(
    TRUTH,
    truth.filter((row) => row < ROWS),
  );
});

for (const { family, shape, hash } of CASES) {
  test(`${family}, ${shape}, hash ${hash}: the official categories`, async (t) => {
    if (official === null) {
      skipOrFail(t, "challenge", NO_CHALLENGE);
      return;
    }
    const runtime = requireMpi(t, family);
    if (runtime === null) return;
    const [rows, columns] = shape.split("x").map(Number);
    const grid = columns === undefined ? [] : ["--grid", shape];
    const ranks = (rows ?? 1) * (columns ?? 1);
    const files = [`${official}/neuron1024`, "--input", INPUTS, "--truth", TRUTH];
    const run = await runGossamerRanks(runtime, ranks, [
      "infer",
      ...files,
      ...grid,
      "--hash",
      hash,
      "--workers",
      "1",
      "--json",
      "--quiet",
    ]);
    assert.equal(run.status, 0, run.stderr);
    const { categories } = JSON.parse(run.stdout) as RunRecord;
    assert.equal(categories.truth, "match");
    if (IS_FULL) assert.equal(categories.count, 1812);
  });
}
