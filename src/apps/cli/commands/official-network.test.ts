// Plan: the official network of 1024 x 120 with the remade inputs gives the official categories, 1812, with every rows
// mode and 1, 2 and 3 workers. `all` computes 30 times the edges of `distinct`, so through all layers it runs once; with
// the other numbers of workers its categories after 12 layers are compared with those of `distinct`. Skips, visibly, where
// the official network is not.

import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import type { RunRecord } from "../../../report/run-record.ts";
import { challengeFolder, NO_CHALLENGE, skipOrFail } from "../../../testing/challenge.ts";
import { runGossamer } from "../../../testing/command.ts";
import { makeTemporaryFolder } from "../../../testing/temporary-folder.ts";

test("the official categories, whatever the rows and workers", async (t) => {
  const official = challengeFolder();
  if (official === null) {
    skipOrFail(t, "challenge", NO_CHALLENGE);
    return;
  }
  using folder = makeTemporaryFolder("official");
  const images = join(folder.path, "images.tsv");
  const made = await runGossamer(["generate", "mnist", "--neurons", "1024", "--output", images, "--quiet"]);
  assert.equal(made.status, 0, made.stderr);
  const infer = async (...args: string[]): Promise<RunRecord> => {
    const run = await runGossamer(["infer", official, "--input", images, "--json", "--quiet", ...args]);
    assert.deepEqual([run.status, run.stderr], [0, ""], args.join(" "));
    return JSON.parse(run.stdout) as RunRecord;
  };
  const truth = ["--truth", join(official, "neuron1024-l120-categories.tsv")];

  const full = [
    ["distinct", "1"],
    ["distinct", "2"],
    ["distinct", "3"],
    ["nonzero", "1"],
    ["nonzero", "2"],
    ["nonzero", "3"],
    ["all", "2"],
  ] as const;
  for (const [rows, workers] of full) {
    const { categories, edges, seconds } = await infer("--rows", rows, "--workers", workers, ...truth);
    const { count, truth: verdict, missing, extra } = categories;
    assert.deepEqual([count, verdict, missing, extra], [1812, "match", 0, 0], `${rows}, ${workers} workers`);
    t.diagnostic(`${rows}, ${workers} workers: infer ${seconds.infer.toFixed(3)} s, read ${seconds.read.toFixed(2)} s`);
    assert.equal(edges.nominal, 60_000 * 3_932_160);
    if (rows === "all") assert.equal(edges.computed, edges.nominal);
    if (rows === "distinct") assert.ok(edges.computed <= 12e9, `${edges.computed} edges computed`);
  }

  const expected = (await infer("--layers", "12", "--rows", "distinct")).categories;
  for (const workers of ["1", "3"]) {
    const { categories } = await infer("--layers", "12", "--rows", "all", "--workers", workers);
    assert.deepEqual(categories, expected, `all, ${workers} workers`);
  }
});
