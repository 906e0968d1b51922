// Plan: `compile` from files to a file: the official network's weights and categories, a network with nothing to merge,
// a network that needs a second round, what the record says, and that the outputs of the compiled file are those of the
// original through every reader (engine, infer --output, convert, inspect); refusals leave nothing behind.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { readInputs } from "../../../data/read-inputs.ts";
import { readNetwork } from "../../../data/read-network.ts";
import { randomLayers } from "../../../data/generate/random-layers.ts";
import { mnistInputs } from "../../../data/generate/mnist.ts";
import { writeNetwork } from "../../../data/write-network.ts";
import { compileNetwork } from "../../../compile/compile-network.ts";
import { makeRandom } from "../../../core/random.ts";
import { openEngine } from "../../../engine/engine.ts";
import { makeNetwork, type Network } from "../../../network/network.ts";
import type { CsrMatrix } from "../../../sparse/matrix.ts";
import { challengeFolder, NO_CHALLENGE, skipOrFail } from "../../../testing/challenge.ts";
import { runGossamer } from "../../../testing/command.ts";
import { makePlantedNetwork } from "../../../testing/planted-network.ts";
import { writeSmallModel } from "../../../testing/small-model.ts";
import { makeTemporaryFolder } from "../../../testing/temporary-folder.ts";
import { assertWithin } from "../../../testing/tolerance.ts";

const folder = makeTemporaryFolder("compile");
after(() => folder[Symbol.dispose]());
const model = await writeSmallModel(folder.path);

interface CompileRecord {
  readonly before: { readonly weights: number };
  readonly after: { readonly weights: number; readonly neurons: number };
  readonly passes: readonly { readonly pass: string; readonly neurons: number; readonly weights: number }[];
  readonly rounds: number;
  readonly outputMap: { readonly outputs: number; readonly neurons: number } | null;
}

async function run(...args: readonly string[]): Promise<string> {
  const { status, stdout, stderr } = await runGossamer([...args, "--quiet"], { cwd: folder.path });
  assert.deepEqual([status, stderr], [0, ""], args.join(" "));
  return stdout;
}

async function compile(from: string, to: string, ...more: readonly string[]): Promise<CompileRecord> {
  return JSON.parse(await run("compile", from, "--output", to, "--json", ...more)) as CompileRecord;
}

function read(name: string): string {
  return readFileSync(join(folder.path, name), "utf8");
}

function readActivations(name: string): Promise<CsrMatrix> {
  return readInputs(join(folder.path, name), { ncols: 256 });
}

function plain(network: Network): unknown {
  return network.layers.map(({ weights, bias, rule }) => [
    weights.nrows,
    [...weights.colPtr],
    [...weights.rowIdx],
    [...weights.values],
    [...bias],
    rule,
  ]);
}

test("a compiled file gives the categories and the activations of the original, and compiles to itself", async () => {
  const record = await compile(model.networkPath, "small.safetensors");
  assert.equal(record.before.weights, 12 * 256 * 32);
  assert.ok(record.after.weights < record.before.weights / 5, `${record.after.weights} weights left`);
  assert.deepEqual(record.outputMap?.outputs, 256);
  for (const [network, name] of [
    [model.networkPath, "original"],
    ["small.safetensors", "compiled"],
  ] as const) {
    await run("infer", network, "--input", model.inputsPath, "--output", `${name}.tsv`, "--categories", `${name}.txt`);
  }
  const [found, expected] = await Promise.all(["compiled.tsv", "original.tsv"].map(readActivations));
  assert.deepEqual([found?.rowPtr, found?.colIdx], [expected?.rowPtr, expected?.colIdx]);
  assertWithin(found?.values ?? [], expected?.values ?? [], { relative: 1e-5, absolute: 0 }, "activations");
  assert.equal(read("compiled.txt"), read("original.txt"));
  const again = await compile("small.safetensors", "again.safetensors");
  assert.deepEqual([again.after.weights, again.rounds], [record.after.weights, 1]);
  assert.equal(read("again.safetensors"), read("small.safetensors"));
});

test("the file is what compiling in memory gives, from a folder of layers too, and convert keeps the map", async () => {
  const expected = compileNetwork(model.network).network;
  await compile(model.folderPath, "from-folder.safetensors", "--bias", "-0.25");
  await run("convert", "from-folder.safetensors", "converted.safetensors");
  for (const name of ["from-folder.safetensors", "converted.safetensors"]) {
    const found = await readNetwork(join(folder.path, name));
    assert.deepEqual(plain(found), plain(expected), name);
    assert.deepEqual([...(found.outputMap ?? [])], [...(expected.outputMap ?? [])], name);
  }
  const { status, stderr } = await runGossamer(["convert", "converted.safetensors", "folder"], { cwd: folder.path });
  assert.equal(status, 2, stderr);
  assert.match(stderr, /outputs are mapped/);
});

test("planted networks compile from file to file as in memory, in as many rounds", async () => {
  let most = 0;
  for (let seed = 1; seed <= 12; seed++) {
    const network = makePlantedNetwork(
      { layers: 6, inputs: 6, values: "dyadic", biasRule: "stored", activation: { kind: "relu" }, bias: "mixed" },
      makeRandom(seed),
    );
    await writeNetwork(join(folder.path, "planted.safetensors"), network);
    const { rounds } = await compile("planted.safetensors", "planted-small.safetensors");
    const expected = compileNetwork(network);
    assert.equal(rounds, expected.report.rounds, `seed ${seed}`);
    assert.deepEqual(plain(await readNetwork(join(folder.path, "planted-small.safetensors"))), plain(expected.network));
    most = Math.max(most, rounds);
  }
  assert.ok(most > 1, "some network needs a second round");
});

test("a network of general weights loses nothing, and the summary says so", async () => {
  const layers = Array.from(
    randomLayers({
      inputs: 64,
      neurons: 128,
      layers: 3,
      density: 0.3,
      weights: "general",
      columnLengths: "equal",
      biasRule: "all",
      activation: { kind: "relu" },
      seed: 1,
    }),
  );
  await writeNetwork(join(folder.path, "general.safetensors"), makeNetwork(layers));
  assert.match(await run("compile", "general.safetensors", "--output", "out.safetensors"), /nothing to remove/);
  assert.equal(read("out.safetensors"), read("general.safetensors"));
});

test("only the passes asked for run", async () => {
  const record = await compile(model.networkPath, "unread.safetensors", "--passes", "unread,zeros");
  assert.deepEqual(
    record.passes.map(({ pass, neurons, weights }) => [pass, neurons, weights]),
    [
      ["unread", 0, 0],
      ["zeros", 0, 0],
    ],
  );
  const kept = await compile(model.networkPath, "kept.safetensors", "--keep-outputs");
  assert.equal(kept.outputMap, null);
});

test("what cannot be compiled is refused, and nothing is left behind", async () => {
  const before = readdirSync(folder.path).toSorted();
  for (const [args, status, message] of [
    [[model.networkPath], 2, /--output <file>' not specified/],
    [[model.networkPath, "--output", "x.tsv"], 2, /written as a \.safetensors file/],
    [[model.networkPath, "--output", model.networkPath], 2, /read and written/],
    [[model.networkPath, "--output", "x.safetensors", "--passes", "equal,all"], 2, /"all", expected some of unread/],
    [[model.networkPath, "--output", "x.safetensors", "--layers", "13"], 2, /layers is 13, expected .* 1 to 12/],
    [[model.inputsPath, "--output", "x.safetensors"], 3, /holds no network/],
    [["nothing.safetensors", "--output", "x.safetensors"], 3, /nothing\.safetensors/],
  ] as const) {
    const refused = await runGossamer(["compile", ...args], { cwd: folder.path });
    assert.equal(refused.status, status, refused.stderr);
    assert.match(refused.stderr, message);
    assert.equal(refused.stdout, "");
  }
  assert.deepEqual(readdirSync(folder.path).toSorted(), before);
});

test("the engine runs layers without neurons", async () => {
  const network = makePlantedNetwork(
    { layers: 3, inputs: 0, values: "dyadic", biasRule: "all", activation: { kind: "relu" }, bias: "positive" },
    makeRandom(3),
  );
  const compiled = compileNetwork(network).network;
  assert.equal(compiled.layers[0]?.weights.ncols, 0);
  const rows = { format: "csr", nrows: 2, ncols: 0, values: Float32Array.of(1) } as const;
  const inputs = { ...rows, rowPtr: new Uint32Array(3), colIdx: new Uint16Array(0) };
  await using original = await openEngine(network, { workers: 1, keepActivations: true });
  await using small = await openEngine(compiled, { workers: 1, keepActivations: true });
  const expected = await original.infer(inputs);
  const found = await small.infer(inputs);
  assert.deepEqual([...found.activations(1)], [...expected.activations(1)]);
  assert.deepEqual(found.categories, expected.categories);
});

test("the official 1024 x 120 network keeps 167988 weights and its 1812 categories", async (t) => {
  const challenge = challengeFolder();
  if (challenge === null) {
    skipOrFail(t, "challenge", NO_CHALLENGE);
    return;
  }
  const record = await compile(join(challenge, "neuron1024"), "official.safetensors");
  assert.ok(record.after.weights <= 167_988, `${record.after.weights} weights`);
  const [original, compiled] = await Promise.all([
    readNetwork(join(challenge, "neuron1024")),
    readNetwork(join(folder.path, "official.safetensors")),
  ]);
  const inputs = await mnistInputs({ side: 32 });
  await using slow = await openEngine(original);
  await using fast = await openEngine(compiled);
  const expected = await slow.infer(inputs);
  const found = await fast.infer(inputs);
  assert.equal(expected.categories.length, 1812);
  assert.deepEqual(found.categories, expected.categories);
  const ratio = expected.figures.computedEdges / found.figures.computedEdges;
  assert.ok(ratio > 20, `edges computed fell by ${ratio}`);
  t.diagnostic(`infer: ${expected.figures.inferSeconds} s, compiled ${found.figures.inferSeconds} s`);
});
