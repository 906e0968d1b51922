// Plan: `generate`, `convert` and `inspect` together: what is generated has the sizes asked for and the same bytes for
// the same seed; a conversion there and back gives the same categories; `inspect` says what each file holds, as JSON and
// for people; `generate mnist` makes the inputs that the record of the challenge gives (6373995 nonzeros at 1024).

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import type { FileDescription } from "../../../data/describe.ts";
import type { RunRecord } from "../../../report/run-record.ts";
import { runGossamer } from "../../../testing/command.ts";
import { SMALL_BIAS, writeSmallModel } from "../../../testing/small-model.ts";
import { makeTemporaryFolder } from "../../../testing/temporary-folder.ts";

const folder = makeTemporaryFolder("convert");
after(() => folder[Symbol.dispose]());
const model = await writeSmallModel(folder.path);

/** Runs a command in the folder that must go well. @returns its stdout */
async function run(...args: readonly string[]): Promise<string> {
  const { status, stdout, stderr } = await runGossamer([...args, "--quiet"], { cwd: folder.path });
  assert.deepEqual([status, stderr], [0, ""], args.join(" "));
  return stdout;
}

function bytes(name: string): Buffer {
  return readFileSync(join(folder.path, name));
}

async function inspect(path: string): Promise<FileDescription> {
  return JSON.parse(await run("inspect", path, "--json")) as FileDescription;
}

async function categoriesOf(network: string, inputs: string, ...more: string[]): Promise<string> {
  const record = JSON.parse(await run("infer", network, "--input", inputs, "--json", ...more)) as RunRecord;
  return record.categories.sha256;
}

test("networks and inputs go into every format and back without a change of the categories", async () => {
  const expected = await categoriesOf(model.networkPath, model.inputsPath);
  await run("convert", model.networkPath, "as-text", "--layer-files", "tsv");
  await run("convert", "as-text", "as-binary", "--layer-files", "bin", "--bias", `${SMALL_BIAS}`);
  await run("convert", "as-binary", "back.safetensors", "--bias", `${SMALL_BIAS}`);
  await run("convert", model.inputsPath, "rows.bin.gz", "--features", "256");
  await run("convert", "rows.bin.gz", "rows.mtx", "--features", "256");
  await run("convert", "rows.mtx", "rows.safetensors");
  await run("convert", "rows.safetensors", "rows.tsv.gz");
  for (const rows of ["rows.bin.gz", "rows.mtx", "rows.safetensors", "rows.tsv.gz"]) {
    assert.equal(await categoriesOf("back.safetensors", rows), expected, rows);
  }
  for (const network of ["as-text", "as-binary"]) {
    assert.equal(await categoriesOf(network, "rows.mtx", "--bias", `${SMALL_BIAS}`), expected, network);
  }
  await run("convert", model.networkPath, "three.safetensors", "--layers", "3");
  const three = await inspect("three.safetensors");
  assert.equal(three.kind === "network" && three.layers.length, 3);
});

test("what cannot be converted is refused with status 2", async () => {
  for (const [args, message] of [
    [["convert", model.inputsPath, "x.bin"], /does not say how many features.*--features/],
    [["convert", model.networkPath, "x.tsv"], /\.safetensors or as a folder/],
    [["convert", model.networkPath, "x", "--features", "4"], /--features is for inputs/],
    [["convert", model.inputsPath, "x.bin", "--layers", "4"], /--layers and --bias are for networks/],
    [["convert", model.networkPath, model.networkPath], /read and written/],
  ] as const) {
    const { status, stderr } = await runGossamer(args, { cwd: folder.path });
    assert.match(stderr, message);
    assert.equal(status, 2);
  }
});

test("the same seed gives the same bytes, another seed others", async () => {
  const radixNet = ["generate", "radixnet", "--neurons", "128", "--layers", "9"];
  await run(...radixNet, "--seed", "5", "--output", "five.safetensors");
  await run(...radixNet, "--seed", "5", "--output", "again.safetensors");
  await run(...radixNet, "--seed", "6", "--output", "six.safetensors");
  assert.ok(bytes("five.safetensors").equals(bytes("again.safetensors")));
  assert.ok(!bytes("five.safetensors").equals(bytes("six.safetensors")));
});

test("a network by name, without a file, is the one that generate writes", async () => {
  const name = "radixnet:256x12:seed=5";
  await run(
    "generate",
    "radixnet",
    "--neurons",
    "256",
    "--layers",
    "12",
    "--seed",
    "5",
    "--output",
    "kept.safetensors",
  );
  await run("convert", name, "converted.safetensors");
  assert.ok(bytes("converted.safetensors").equals(bytes("kept.safetensors")));
  assert.equal(await categoriesOf(name, model.inputsPath), await categoriesOf("kept.safetensors", model.inputsPath));
  await run("compile", name, "--output", "small.safetensors");
  await run("compile", "kept.safetensors", "--output", "kept-small.safetensors");
  assert.ok(bytes("small.safetensors").equals(bytes("kept-small.safetensors")));
  assert.match(await run("inspect", name), /network \(generated\), .* if kept/);
  const wrong = await runGossamer(["infer", "radixnet:256", "--input", model.inputsPath], { cwd: folder.path });
  assert.match(wrong.stderr, /^gossamer: radixnet:256: size is "256", expected radixnet:NEURONSxLAYERS[^\n]*\n$/);
  assert.equal(wrong.status, 2);
});

test("what the disk has no room for is refused before it is begun, with status 4", async () => {
  const network = ["generate", "radixnet", "--neurons", "16777216", "--layers", "1000000"];
  const sizes = ["--inputs", "16777216", "--neurons", "16777216", "--layers", "1000000", "--weights-per-neuron", "200"];
  const before = readdirSync(folder.path);
  for (const args of [
    [...network, "--output", "large.safetensors"],
    [...network, "--output", "large", "--layer-files", "bin"],
    ["convert", "radixnet:16777216x1000000", "large.safetensors"],
    ["generate", "random", ...sizes, "--output", "large.safetensors"],
  ]) {
    const { status, stdout, stderr } = await runGossamer(args, { cwd: folder.path });
    assert.match(stderr, /^gossamer: large[a-z.]*: [\d.]+ TiB to write, the disk has [\d.]+ [KMGT]iB free\n$/);
    assert.deepEqual([status, stdout], [4, ""]);
  }
  assert.deepEqual(readdirSync(folder.path), before);
});

test("a random network with every option, and inputs for it", async () => {
  const random = ["generate", "random", "--inputs", "60", "--neurons", "40", "--layers", "3", "--density", "0.2"];
  const kinds = ["--weights", "few", "--column-lengths", "power-law", "--sorted", "--bias", "single"];
  const rule = ["--activation", "leaky-relu", "--slope", "0.1", "--bias-rule", "stored"];
  await run(...random, ...kinds, ...rule, "--output", "random.safetensors");
  const described = await inspect("random.safetensors");
  assert.ok(described.kind === "network");
  assert.deepEqual([described.inputs, described.outputs, described.layers.length], [60, 40, 3]);
  assert.deepEqual(described.layers[2]?.rule, { activation: { kind: "leaky-relu", slope: 0.1 }, biasRule: "stored" });
  await run("generate", "random-inputs", "--rows", "50", "--features", "60", "--density", "0.3", "--output", "in.tsv");
  assert.match(await categoriesOf("random.safetensors", "in.tsv"), /^[0-9a-f]{64}$/);
  const wrong = await runGossamer([...random, "--slope", "1", "--output", "x.safetensors"], { cwd: folder.path });
  assert.match(wrong.stderr, /--slope is of leaky-relu, the activation is relu/);
  assert.equal(wrong.status, 2);
});

test("inspect says what each file holds", async () => {
  const network = await inspect(model.folderPath);
  assert.deepEqual([network.kind, network.format], ["network", "challenge"]);
  const inputs = await inspect(model.inputsPath);
  assert.ok(inputs.kind === "triples");
  assert.equal(inputs.matrix.nrows, 1000);
  const text = await run("inspect", model.networkPath);
  assert.match(text, /holds +network \(safetensors\)/);
  assert.match(
    text,
    /1 to 12 .*256 x 256 .*8 192 .*all 0\.0625 .*all -0\.25 .*clipped-relu 0 to 32, bias on nonzero sums/,
  );
});

test("inspect refuses a damaged file with status 3", async () => {
  const { status, stdout, stderr } = await runGossamer(["inspect", "no-such-file.tsv"]);
  assert.deepEqual([status, stdout], [3, ""]);
  assert.match(stderr, /^gossamer: no-such-file\.tsv: no such file or folder\n$/);
});

test("the challenge's inputs from MNIST", async () => {
  await run("generate", "mnist", "--neurons", "1024", "--output", "mnist.safetensors");
  const mnist = await inspect("mnist.safetensors");
  assert.ok(mnist.kind === "inputs");
  assert.deepEqual([mnist.matrix.nrows, mnist.matrix.ncols, mnist.matrix.nnz], [60_000, 1024, 6_373_995]);
});
