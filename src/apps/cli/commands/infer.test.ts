// Plan: one small model through `infer` as a user runs it: the JSON record (one object, nothing else on stdout), the same
// categories from every rows mode, strategy, kernel and number of workers as from the float64 oracle; truth that matches
// and truth that differs; the files it writes; a reader that goes away; nothing on stderr when quiet.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { readInputs } from "../../../data/read-inputs.ts";
import { ROW_MODES } from "../../../engine/options.ts";
import { categoriesOf } from "../../../network/categories.ts";
import { inferOracle } from "../../../network/oracle.ts";
import type { RunRecord } from "../../../report/run-record.ts";
import { copyDenseRows } from "../../../sparse/convert.ts";
import { runGossamer } from "../../../testing/command.ts";
import { SMALL_BIAS, writeSmallModel } from "../../../testing/small-model.ts";
import { makeTemporaryFolder } from "../../../testing/temporary-folder.ts";
import { ORACLE_TOLERANCE, assertWithin } from "../../../testing/tolerance.ts";

const folder = makeTemporaryFolder("infer");
after(() => folder[Symbol.dispose]());
const model = await writeSmallModel(folder.path);
const { network, inputs } = model;
const activations = inferOracle(network, copyDenseRows(inputs, 0, inputs.nrows), inputs.nrows);
const categories = categoriesOf(activations, inputs.nrows, network.outputs);
const truthText = Array.from(categories, (row) => `${row + 1}\n`).join("");
const truthPath = join(folder.path, "truth.tsv");
writeFileSync(truthPath, truthText);
const INFER = ["infer", model.networkPath, "--input", model.inputsPath];

test("the record: one JSON object on stdout", async () => {
  const { status, stdout, stderr } = await runGossamer([...INFER, "--truth", truthPath, "--json", "--quiet"]);
  assert.deepEqual([status, stderr], [0, ""]);
  const record = JSON.parse(stdout) as RunRecord;
  assert.equal(record.schema, "gossamer.run/1");
  assert.deepEqual(record.network, { layers: 12, inputs: 256, outputs: 256, edges: 12 * 256 * 32 });
  assert.equal(record.rows, 1000);
  assert.equal(record.categories.count, categories.length);
  assert.equal(record.categories.sha256, createHash("sha256").update(truthText).digest("hex"));
  assert.deepEqual([record.categories.truth, record.categories.missing, record.categories.extra], ["match", 0, 0]);
  assert.equal(record.edges.nominal, 1000 * 12 * 256 * 32);
  assert.ok(record.edges.computed > 0 && record.edges.computed <= record.edges.nominal);
  const { read, prepare, infer, total } = record.seconds;
  assert.ok(read > 0 && prepare > 0 && infer > 0 && total >= read + prepare + infer);
  assert.equal(record.layers.computedRows.length, 12);
  assert.equal(record.balance.workers.length, record.settings.workers);
  assert.ok(record.memory.peakBytes > 0 && record.memory.arenaBytes > 0);
});

const VARIANTS: readonly (readonly string[])[] = [
  ...ROW_MODES.flatMap((rows) => ["1", "2", "3"].map((workers) => ["--rows", rows, "--workers", workers])),
  ["--strategy", "data"],
  ["--strategy", "model"],
  ["--kernel", "js"],
  ["--kernel", "wasm-simd"],
  ["--memory", "64MiB"],
  ["--stream", "always"],
  ["--stream", "always", "--memory", "256MiB", "--rows", "nonzero", "--strategy", "data"],
  ["--stream", "never"],
];

for (const variant of VARIANTS) {
  test(`the oracle's categories with ${variant.join(" ")}`, async () => {
    const { status, stdout, stderr } = await runGossamer([...INFER, "--truth", truthPath, "--json", ...variant]);
    assert.equal(status, 0, stderr);
    const { categories: found, edges, settings } = JSON.parse(stdout) as RunRecord;
    assert.equal(found.truth, "match");
    if (settings.rows === "all") assert.equal(edges.computed, edges.nominal);
  });
}

test("a folder of layers, and only the first of them", async () => {
  const args = ["infer", model.folderPath, "--input", model.inputsPath, "--bias", `${SMALL_BIAS}`, "--json"];
  const whole = await runGossamer([...args, "--truth", truthPath]);
  assert.equal(whole.status, 0, whole.stderr);
  const part = await runGossamer([...args, "--layers", "2"]);
  const record = JSON.parse(part.stdout) as RunRecord;
  assert.equal(record.network.layers, 2);
  assert.ok(record.categories.count > categories.length);
});

test("a truth that differs: what is missing and extra, status 1", async () => {
  const others = join(folder.path, "others.tsv");
  const notThere = [...Array(inputs.nrows).keys()].find((row) => !categories.includes(row)) ?? 0;
  writeFileSync(others, `${truthText.split("\n").slice(2).join("\n")}${notThere + 1}\n`);
  const { status, stdout, stderr } = await runGossamer([...INFER, "--truth", others, "--json", "--quiet"]);
  assert.equal(status, 1);
  const { truth, missing, extra } = (JSON.parse(stdout) as RunRecord).categories;
  assert.deepEqual([truth, missing, extra], ["differ", 1, 2]);
  assert.match(stderr, /^gossamer: the categories differ from .*others\.tsv: 1 missing, 2 extra\n$/);
});

test("the output files: categories, and their rows' activations within the tolerance", async () => {
  for (const name of ["out.tsv", "out.tsv.gz", "out.bin", "out.safetensors"]) {
    const output = join(folder.path, name);
    const found = join(folder.path, "found.tsv");
    const { status, stderr } = await runGossamer([...INFER, "--output", output, "--categories", found]);
    assert.equal(status, 0, stderr);
    assert.equal(readFileSync(found, "utf8"), truthText);
    const written = await readInputs(output, { ncols: network.outputs, nrows: inputs.nrows });
    const dense = copyDenseRows(written, 0, inputs.nrows);
    assertWithin(dense, activations, ORACLE_TOLERANCE, name, network.outputs);
  }
  assert.deepEqual(
    readdirSync(folder.path).filter((name) => name.includes("part")),
    [],
  );
});

test("for people: figures and the chart, plain where there is no terminal", async () => {
  const { status, stdout } = await runGossamer([...INFER, "--truth", truthPath]);
  assert.equal(status, 0);
  assert.match(stdout, /categories +162, truth: match/);
  assert.match(stdout, /nominal edges +98 304 000, .*edges\/s/);
  assert.match(stdout, /rows computed in each layer/);
  assert.match(stdout, /^[\n\x20-\x7e]*$/, "ASCII only");
});

test("a reader that goes away ends the command quietly", async () => {
  const { stderr } = await runGossamer([...INFER, "--json", "--quiet"], {
    onStart: (child) => child.stdout?.destroy(),
  });
  assert.equal(stderr, "");
});

test("a streamed run says so in its record, and writes the same files", async () => {
  const output = join(folder.path, "streamed.tsv");
  const args = [...INFER, "--stream", "always", "--json", "--output", output];
  const { status, stdout, stderr } = await runGossamer(args);
  assert.equal(status, 0, stderr);
  const { stream, memory, network: shape } = JSON.parse(stdout) as RunRecord;
  assert.ok(stream !== null && stream.headLayers >= 1 && stream.inputBlocks === 1 && stream.waitSeconds >= 0);
  assert.deepEqual(shape, { layers: 12, inputs: 256, outputs: 256, edges: 12 * 256 * 32 });
  assert.equal(memory.limitBytes, null);
  const written = await readInputs(output, { ncols: network.outputs, nrows: inputs.nrows });
  assertWithin(copyDenseRows(written, 0, inputs.nrows), activations, ORACLE_TOLERANCE, "streamed", network.outputs);
});

test("a network by name is streamed, and what cannot be streamed is refused", async () => {
  const made = ["infer", "radixnet:256x12:seed=2", "--input", model.inputsPath, "--json"];
  const [whole, streamed] = [await runGossamer(made), await runGossamer([...made, "--stream", "always"])];
  assert.deepEqual(
    (JSON.parse(streamed.stdout) as RunRecord).categories,
    (JSON.parse(whole.stdout) as RunRecord).categories,
  );
  for (const [args, expected] of [
    [["infer", model.folderPath, "--bias", `${SMALL_BIAS}`], /cannot be streamed.*gossamer convert/],
    [["infer", model.networkPath, "--hash", "both"], /hash is both, expected none or input/],
  ] as const) {
    const run = await runGossamer([...args, "--input", model.inputsPath, "--stream", "always"]);
    assert.deepEqual([run.status, run.stdout], [2, ""]);
    assert.match(run.stderr, expected);
  }
});
