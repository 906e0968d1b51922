// Plan: the official network (sizes, weights, order, both ways of reading, the first layers only); folders in every
// ending written and read back; one table of bad folders, each with its reason; bias and layers options; a network that
// a folder cannot hold is refused before anything is left on disk.

import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { gunzipSync, gzipSync } from "node:zlib";
import { FormatError, InterruptedError, UnsupportedError, UsageError } from "../core/errors.ts";
import { makeRandom } from "../core/random.ts";
import { CHALLENGE_RULE } from "../network/layer-rule.ts";
import { edgeCount, type Layer, makeNetwork, type Network } from "../network/network.ts";
import { triplesToCsc } from "../sparse/convert.ts";
import type { CscMatrix } from "../sparse/matrix.ts";
import { challengeFolder, NO_CHALLENGE, skipOrFail } from "../testing/challenge.ts";
import { makeTemporaryFolder } from "../testing/temporary-folder.ts";
import { LAYER_ENDINGS } from "./challenge-folder.ts";
import { describeSource } from "./network-source.ts";
import { openNetwork, readNetwork } from "./read-network.ts";
import type { ReadProgress } from "./read-options.ts";
import { liveReaders } from "./reader-pool.ts";
import { writeNetwork } from "./write-network.ts";

function plain(weights: CscMatrix): object {
  const { nrows, ncols, colPtr, rowIdx, values } = weights;
  return {
    nrows,
    ncols,
    colPtr: [...colPtr],
    wide: rowIdx.BYTES_PER_ELEMENT,
    rowIdx: [...rowIdx],
    values: [...values],
  };
}

function plainNetwork(network: Network): object {
  return network.layers.map(({ weights, bias, rule }) => ({ ...plain(weights), bias: [...bias], rule }));
}

function makeRandomNetwork(neurons: number, layerCount: number, bias: number, seed: number): Network {
  const random = makeRandom(seed);
  const layers = Array.from({ length: layerCount }, (): Layer => {
    const length = 3 * neurons;
    const rows = Uint32Array.from({ length }, () => random.below(neurons));
    const cols = Uint32Array.from({ length }, () => random.below(neurons));
    const values = Float32Array.from({ length }, () => random.next() - 0.5);
    const weights = triplesToCsc({ nrows: neurons, ncols: neurons, rows, cols, values });
    return { weights, bias: Float32Array.of(bias), rule: CHALLENGE_RULE };
  });
  return makeNetwork(layers);
}

test("the official network: 120 layers of 32 weights a neuron, all 1/16", { timeout: 60_000 }, async (t) => {
  const folder = challengeFolder();
  if (folder === null) return skipOrFail(t, "challenge", NO_CHALLENGE);
  const steps: ReadProgress[] = [];
  const network = await readNetwork(folder, { onProgress: (step) => steps.push(step) });
  assert.deepEqual([network.layers.length, network.inputs, network.outputs], [120, 1024, 1024]);
  assert.equal(edgeCount(network), 3_932_160);
  for (const { weights, bias, rule } of network.layers) {
    assert.deepEqual([...weights.values], [1 / 16]);
    assert.deepEqual([...bias], [Math.fround(-0.3)]);
    assert.deepEqual(rule, CHALLENGE_RULE);
    for (let j = 0; j < 1024; j++) assert.equal(weights.colPtr[j + 1] - weights.colPtr[j], 32);
  }
  assert.deepEqual([steps.at(-1)?.filesDone, steps.at(-1)?.bytesDone], [120, steps.at(-1)?.bytesTotal]);
  // An independent reading of one layer, by strings.
  const text = gunzipSync(readFileSync(join(folder, "neuron1024/n1024-l50.tsv.gz"))).toString();
  const fields = text
    .trim()
    .split("\n")
    .map((line) => line.split("\t").map(Number));
  const rowIdx = fields.toSorted((a, b) => a[1] - b[1] || a[0] - b[0]).map((line) => line[0] - 1);
  assert.deepEqual([...network.layers[49].weights.rowIdx], rowIdx);
  assert.equal(liveReaders.count, 0);
});

test("the official network layer by layer, and its first three layers only", async (t) => {
  const folder = challengeFolder();
  if (folder === null) return skipOrFail(t, "challenge", NO_CHALLENGE);
  const first = await readNetwork(join(folder, "neuron1024"), { layers: 3 });
  assert.equal(first.layers.length, 3);
  await using source = await openNetwork(folder, { layers: 3 });
  assert.equal(describeSource(source), "network of 3 layers, 1024 inputs, 1024 outputs (challenge)");
  const third = await source.readLayer(2);
  assert.deepEqual(plain(third.weights), plain(first.layers[2].weights));
  await assert.rejects(() => source.readLayer(3), RangeError);
});

for (const ending of LAYER_ENDINGS) {
  test(`a network written as a folder of .${ending} reads back the same, whole and layer by layer`, async () => {
    using folder = makeTemporaryFolder("folder");
    const network = makeRandomNetwork(24, 4, -0.25, 5);
    const path = join(folder.path, "net");
    await writeNetwork(path, network, { ending });
    assert.deepEqual(readdirSync(folder.path), ["net"]);
    assert.deepEqual(readdirSync(path).toSorted()[0], `n24-l1.${ending}`);
    for (const workers of [undefined, 2]) {
      assert.deepEqual(plainNetwork(await readNetwork(path, { bias: -0.25, workers })), plainNetwork(network));
    }
    await using source = await openNetwork(path, { bias: -0.25 });
    assert.equal(source.edges, ending === "bin" ? edgeCount(network) : null);
    assert.deepEqual(plain((await source.readLayer(3)).weights), plain(network.layers[3].weights));
    const copy = join(folder.path, "copy");
    await writeNetwork(copy, source, { ending: "tsv" });
    assert.deepEqual(plainNetwork(await readNetwork(copy, { bias: -0.25 })), plainNetwork(network));
  });
}

test("rows listed in any order make the same layer", async () => {
  using folder = makeTemporaryFolder("folder");
  writeFileSync(join(folder.path, "n8-l1.tsv"), "8\t3\t2\n1\t1\t1\n2\t3\t1\n1\t3\t0.5\n");
  const { weights } = (await readNetwork(folder.path, { bias: 0 })).layers[0];
  assert.deepEqual(plain(weights), {
    nrows: 8,
    ncols: 8,
    colPtr: [0, 1, 1, 4, 4, 4, 4, 4, 4],
    wide: 2,
    rowIdx: [0, 0, 1, 7],
    values: [1, 0.5, 1, 2],
  });
  assert.ok(weights.rowIdx.buffer instanceof SharedArrayBuffer);
});

test("the parent folder is taken, and of a layer there twice the one that is fastest to read", async () => {
  using folder = makeTemporaryFolder("folder");
  const inside = join(folder.path, "neuron16");
  mkdirSync(inside);
  writeFileSync(join(folder.path, "neuron16-l2-categories.tsv"), "1\n");
  writeFileSync(join(inside, "n16-l1.tsv.gz"), gzipSync("1\t1\t1\n"));
  writeFileSync(join(inside, "n16-l2.tsv.gz"), gzipSync("1\t1\t1\n"));
  writeFileSync(join(inside, "n16-l2.tsv"), "1\t1\t7\n");
  writeFileSync(join(inside, "README"), "not a layer");
  const network = await readNetwork(folder.path, { bias: 0 });
  assert.deepEqual(
    network.layers.map((layer) => layer.weights.values[0]),
    [1, 7],
  );
});

const GOOD = "1\t1\t1\n";

type Files = Readonly<Record<string, string | Buffer>>;

const BAD_FOLDERS: readonly (readonly [
  name: string,
  files: Files,
  where: string,
  line: number | null,
  problem: RegExp,
])[] = [
  ["nothing", {}, "", null, /the folder holds no layers/],
  ["other files", { "a.txt": "x" }, "", null, /the folder holds no layers \(n<N>-l<k>\.tsv/],
  [
    "a missing layer",
    { "n16-l1.tsv": GOOD, "n16-l3.tsv": GOOD },
    "",
    null,
    /layer 2 is missing \(n16-l2\.tsv.*the folder holds 2 layers, the last is 3/,
  ],
  ["the first missing", { "n16-l2.tsv": GOOD }, "", null, /layer 1 is missing/],
  [
    "layer 0",
    { "n16-l0.tsv": GOOD, "n16-l1.tsv": GOOD },
    "",
    null,
    /holds layer 0 \(n16-l0\.tsv\), layers count from 1/,
  ],
  ["two networks", { "n16-l1.tsv": GOOD, "n32-l1.tsv": GOOD }, "", null, /holds layers of 16 and of 32 neurons/],
  ["no neurons", { "n0-l1.tsv": GOOD }, "", null, /layers of 0 neurons, expected 1 to/],
  [
    "two folders",
    { "neuron16/n16-l1.tsv": GOOD, "neuron32/n32-l1.tsv": GOOD },
    "",
    null,
    /holds neuron16 and neuron32, expected one/,
  ],
  ["an empty folder within", { "neuron16/README": "" }, "neuron16", null, /holds no layer/],
  ["an empty file", { "n16-l1.tsv": GOOD, "n16-l2.tsv": "" }, "n16-l2.tsv", null, /the file is empty/],
  [
    "a row beyond",
    { "n16-l1.tsv": `${GOOD}17\t1\t1\n` },
    "n16-l1.tsv",
    2,
    /row is 17, expected a whole number from 1 to 16/,
  ],
  ["a cut line", { "n16-l1.tsv": GOOD, "n16-l2.tsv": `${GOOD}1\t2\n` }, "n16-l2.tsv", 2, /found 2 fields/],
  [
    "a cut gzip",
    { "n16-l1.tsv.gz": gzipSync(GOOD.repeat(99)).subarray(0, 20) },
    "n16-l1.tsv.gz",
    null,
    /the file is cut/,
  ],
  [
    "a wrong size",
    { "n16-l1.bin": Buffer.alloc(13) },
    "n16-l1.bin",
    null,
    /size is 13 bytes, expected a multiple of 12/,
  ],
  ["a folder as a layer", { "n16-l1.tsv/x": "" }, "n16-l1.tsv", null, /is a folder, expected a file/],
];

test("each bad folder is refused with the path, the line and the reason, also by workers", async () => {
  for (const [name, files, where, line, problem] of BAD_FOLDERS) {
    using folder = makeTemporaryFolder("folder");
    for (const [file, content] of Object.entries(files)) {
      mkdirSync(join(folder.path, file, ".."), { recursive: true });
      writeFileSync(join(folder.path, file), content);
    }
    for (const workers of [undefined, 2]) {
      await assert.rejects(
        () => readNetwork(folder.path, { bias: 0, workers }),
        (error) => {
          assert.ok(error instanceof FormatError, `${name}: ${String(error)}`);
          assert.equal(error.path, join(folder.path, where), name);
          assert.equal(error.line, line, name);
          assert.match(error.message, problem);
          return true;
        },
      );
    }
  }
  assert.equal(liveReaders.count, 0);
  await assert.rejects(() => readNetwork("/nowhere/at/all"), /\/nowhere\/at\/all: no such file or folder/);
});

test("bias and layers: what is missing, wrong or too much is said", async () => {
  using folder = makeTemporaryFolder("folder");
  writeFileSync(join(folder.path, "n16-l1.tsv"), GOOD);
  await assert.rejects(() => readNetwork(folder.path), /has 16 neurons, which the challenge gives no bias for/);
  await assert.rejects(() => readNetwork(folder.path, { bias: Number.NaN }), UsageError);
  for (const layers of [0, 2, -1, 1.5]) {
    await assert.rejects(() => readNetwork(folder.path, { bias: 0, layers }), UsageError);
    await assert.rejects(() => openNetwork(folder.path, { bias: 0, layers }), /expected an integer from 1 to 1/);
  }
  const signal = AbortSignal.abort();
  await assert.rejects(() => readNetwork(folder.path, { bias: 0, signal }), InterruptedError);
  const network = await readNetwork(folder.path, { bias: 0.5 });
  assert.equal(network.layers[0].bias[0], 0.5);
});

test("a network that a folder cannot hold is refused, and nothing is left behind", async () => {
  using folder = makeTemporaryFolder("folder");
  const good = makeRandomNetwork(16, 2, -0.5, 1);
  const [first, second] = good.layers as [Layer, Layer];
  const oblong = triplesToCsc({
    nrows: 16,
    ncols: 4,
    rows: Uint32Array.of(1),
    cols: Uint32Array.of(1),
    values: Float32Array.of(1),
  });
  const bad: readonly (readonly [Layer, RegExp])[] = [
    [{ ...second, weights: oblong }, /layer 2 is 16 x 4, a challenge folder holds square layers/],
    [{ ...second, bias: Float32Array.of(-0.25) }, /layer 2 has bias -0\.25, a challenge folder assumes -0\.5/],
    [{ ...second, bias: new Float32Array(16) }, /layer 2 has bias 0, a challenge folder assumes/],
    [{ ...second, rule: { activation: { kind: "relu" }, biasRule: "stored" } }, /layer 2 has another rule/],
    [{ ...second, rule: { ...second.rule, biasRule: "all" } }, /layer 2 has another rule/],
  ];
  for (const [layer, problem] of bad) {
    const network = makeNetwork([first, layer]);
    const path = join(folder.path, "net");
    await assert.rejects(
      () => writeNetwork(path, network, { ending: "tsv" }),
      (error) => error instanceof UnsupportedError && problem.test(error.message),
    );
    assert.deepEqual(readdirSync(folder.path), []);
  }
  const official = makeRandomNetwork(1024, 1, -0.5, 1);
  await assert.rejects(
    () => writeNetwork(join(folder.path, "net"), official),
    /has bias -0\.5, a challenge folder assumes/,
  );
  await assert.rejects(() => writeNetwork(join(folder.path, "net.tsv"), good), UsageError);
});

test("a folder that holds something is not written into; an empty one is", async () => {
  using folder = makeTemporaryFolder("folder");
  const network = makeRandomNetwork(16, 2, -0.5, 1);
  const path = join(folder.path, "net");
  mkdirSync(path);
  await writeNetwork(`${path}/`, network);
  assert.equal(readdirSync(path).length, 2);
  await assert.rejects(() => writeNetwork(path, network), /the folder holds 2 files already, expected a new or empty/);
  rmSync(path, { recursive: true });
  writeFileSync(path, "");
  await assert.rejects(() => writeNetwork(path, network), /net: is a file, expected a new or empty folder/);
  assert.deepEqual(readdirSync(folder.path), ["net"]);
});
