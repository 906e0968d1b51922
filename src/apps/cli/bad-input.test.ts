// Plan: every kind of bad input gives status 3 and one line that names the file and, where lines or fields mean something,
// the place; nothing on stdout, nothing left behind. One table for inputs, one for networks, one for truths. The control
// case, the same files undamaged, is in commands/infer.test.ts.

import assert from "node:assert/strict";
import { cpSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { gzipSync } from "node:zlib";
import { runGossamer } from "../../testing/command.ts";
import { SMALL_BIAS, writeSmallModel } from "../../testing/small-model.ts";
import { makeTemporaryFolder } from "../../testing/temporary-folder.ts";

const folder = makeTemporaryFolder("bad-input");
after(() => folder[Symbol.dispose]());
const model = await writeSmallModel(join(folder.path, "model"));
const rows = readFileSync(model.inputsPath);
const file = readFileSync(model.networkPath);

async function assertBadInput(args: readonly string[], ...messages: readonly RegExp[]): Promise<void> {
  const before = readdirSync(folder.path);
  const { status, stdout, stderr } = await runGossamer([...args, "--quiet"], { cwd: folder.path });
  assert.match(stderr, /^gossamer: [^\n]+\n$/, "one line");
  for (const message of messages) assert.match(stderr, message);
  assert.deepEqual([status, stdout], [3, ""]);
  assert.deepEqual(readdirSync(folder.path), before, "nothing left behind");
}

const BAD_INPUTS: readonly [what: string, name: string, content: string | Buffer, message: RegExp][] = [
  ["an empty file", "empty.tsv", "", /empty\.tsv: .*empty/],
  ["row 0", "row0.tsv", "1\t1\t1\n0\t1\t1\n", /row0\.tsv:2: .*\b0\b/],
  ["column 0", "col0.tsv", "1\t0\t1\n", /col0\.tsv:1: /],
  ["column N + 1", "wide.tsv", "1\t256\t1\n2\t257\t1\n", /wide\.tsv:2: .*257.*256/],
  ["a letter in a number", "letter.tsv", "1\t1\t1\n1\t2x\t1\n", /letter\.tsv:2: /],
  ["NaN", "nan.tsv", "1\t1\tNaN\n", /nan\.tsv:1: .*NaN/],
  ["infinity", "inf.tsv", "1\t1\t1\n1\t2\tInfinity\n", /inf\.tsv:2: .*Infinity/],
  ["a number beyond float32", "huge.tsv", "1\t1\t1e99\n", /huge\.tsv:1: /],
  ["a line cut in the middle", "cut.tsv", "1\t1\t1\n2\t5", /cut\.tsv:2: /],
  ["gzip cut in the middle", "cut.tsv.gz", gzipSync(rows).subarray(0, 5000), /cut\.tsv\.gz: .*(cut|ends)/],
  ["a name that promises gzip", "plain.tsv.gz", rows, /plain\.tsv\.gz: .*gzip/],
  ["triples of the wrong size", "odd.bin", Buffer.alloc(25), /odd\.bin: .*25/],
  ["a triple out of range", "zero.bin", Buffer.alloc(12), /zero\.bin/],
  ["an unknown kind", "what.xyz", "hello", /what\.xyz: unknown kind/],
];

for (const [what, name, content, message] of BAD_INPUTS) {
  test(`inputs: ${what}`, async () => {
    writeFileSync(join(folder.path, name), content);
    await assertBadInput(["infer", model.networkPath, "--input", name, "--output", "out.tsv"], message);
  });
}

test("inputs: a device, a circle of links, a name that no file can have", async () => {
  symlinkSync("circle.tsv", join(folder.path, "circle.tsv"));
  for (const [name, message] of [
    ["/dev/null", /\/dev\/null: is a pipe or a device/],
    ["circle.tsv", /circle\.tsv: its symbolic links go round/],
    ["n".repeat(300), /n: the name is too long/],
  ] as const) {
    await assertBadInput(["infer", model.networkPath, "--input", name], message);
    await assertBadInput(["infer", model.networkPath, "--input", model.inputsPath, "--truth", name], message);
    await assertBadInput(["inspect", name], message);
  }
});

test("inputs: a missing file, a folder", async () => {
  await assertBadInput(["infer", model.networkPath, "--input", "gone.tsv"], /gone\.tsv: no such file/);
  await assertBadInput(["infer", model.networkPath, "--input", model.folderPath], /neuron256: is a folder/);
});

/** Replaces text of the same length in the safetensors header, or gives the header another length. */
function changeHeader(change: (header: string) => string): Buffer {
  const length = Number(file.readBigUInt64LE(0));
  const header = Buffer.from(change(file.subarray(8, 8 + length).toString("utf8")));
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(BigInt(header.length));
  return Buffer.concat([size, header, file.subarray(8 + length)]);
}

/** Where a tensor's bytes begin in the file. */
function placeOf(tensor: string): number {
  const length = Number(file.readBigUInt64LE(0));
  const header = JSON.parse(file.subarray(8, 8 + length).toString("utf8")) as Record<
    string,
    { data_offsets: [number, number] }
  >;
  return 8 + length + (header[tensor]?.data_offsets[0] ?? Number.NaN);
}

function changeTensor(tensor: string, element: number, bytes: readonly number[]): Buffer {
  const copy = Buffer.from(file);
  copy.set(bytes, placeOf(tensor) + element * bytes.length);
  return copy;
}

function lengthened(length: bigint): Buffer {
  const copy = Buffer.from(file);
  copy.writeBigUInt64LE(length, 0);
  return copy;
}

const BAD_FILES: readonly [what: string, content: Buffer, message: RegExp][] = [
  ["an empty file", Buffer.alloc(0), /bad\.safetensors/],
  ["a header longer than the file", lengthened(BigInt(file.length)), /header/],
  ["a header of 2^60 bytes", lengthened(2n ** 60n), /header/],
  ["a header that is not JSON", changeHeader((header) => `[${header.slice(1)}`), /JSON/],
  ["a file that ends too early", file.subarray(0, file.length - 100), /bad\.safetensors/],
  [
    "overlapping tensors",
    changeHeader((header) => header.replace(/("layers\.0\.indices"[^}]*"data_offsets":\[)(\d+)/, "$10")),
    /layers\.0\.|overlap|offset/,
  ],
  [
    "a huge shape",
    changeHeader((header) => header.replace(/("layers\.0\.indices"[^}]*"shape":\[)(\d+)/, "$19007199254740991")),
    /layers\.0\.indices/,
  ],
  ["pointers that do not rise", changeTensor("layers.0.indptr", 2, [0, 0, 0, 0]), /layers\.0\.indptr|layer 1/],
  ["an index out of range", changeTensor("layers.0.indices", 3, [255, 255]), /layers\.0\.indices|layer 1/],
  ["a value that is NaN", changeTensor("layers.0.values", 0, [0, 0, 192, 127]), /layers\.0\.values|layer 1/],
  ["no metadata", changeHeader((header) => header.replace("gossamer.network/1", "gossamer.network/9")), /format/],
];

for (const [what, content, message] of BAD_FILES) {
  test(`a safetensors network: ${what}`, async () => {
    const path = join(folder.path, "bad.safetensors");
    writeFileSync(path, content);
    await assertBadInput(["infer", path, "--input", model.inputsPath], /bad\.safetensors/, message);
  });
}

const BAD_FOLDERS: readonly [what: string, damage: (path: string) => void, message: RegExp][] = [
  ["a layer missing", (path) => rmSync(join(path, "n256-l7.tsv.gz")), /layer 7 is missing/],
  [
    "a layer cut in the middle",
    (path) => {
      const layer = join(path, "n256-l3.tsv.gz");
      writeFileSync(layer, readFileSync(layer).subarray(0, 2000));
    },
    /n256-l3\.tsv\.gz: .*(cut|ends)/,
  ],
  ["an empty layer", (path) => writeFileSync(join(path, "n256-l5.tsv.gz"), ""), /n256-l5\.tsv\.gz: .*empty/],
  [
    "a neuron N + 1",
    (path) => writeFileSync(join(path, "n256-l2.tsv.gz"), gzipSync("1\t1\t0.5\n1\t257\t0.5\n")),
    /n256-l2\.tsv\.gz:2: .*257/,
  ],
];

for (const [what, damage, message] of BAD_FOLDERS) {
  test(`a folder of layers: ${what}`, async () => {
    const path = join(folder.path, "layers");
    rmSync(path, { recursive: true, force: true });
    cpSync(model.folderPath, path, { recursive: true });
    damage(path);
    await assertBadInput(["infer", path, "--input", model.inputsPath, "--bias", `${SMALL_BIAS}`], message);
  });
}

test("more layers wanted than there are, and no bias known: wrong usage", async () => {
  const input = ["--input", model.inputsPath];
  const many = await runGossamer(["infer", model.networkPath, ...input, "--layers", "13"]);
  assert.match(many.stderr, /layers is 13, expected an integer from 1 to 12/);
  const unknown = await runGossamer(["infer", model.folderPath, ...input]);
  assert.match(unknown.stderr, /256 neurons, which the challenge gives no bias for/);
  assert.deepEqual([many.status, unknown.status], [2, 2]);
});

const BAD_TRUTHS: readonly [what: string, content: string, message: RegExp][] = [
  ["an empty file", "", /truth\.tsv: .*empty/],
  ["a letter", "1\nx\n", /truth\.tsv:2: /],
  ["row 0", "0\n", /truth\.tsv:1: /],
  ["a row that the inputs do not have", "5\n1001\n", /truth\.tsv: .*1001.*1000/],
  ["a row twice", "5\n7\n5\n", /truth\.tsv:3: /],
];

for (const [what, content, message] of BAD_TRUTHS) {
  test(`a truth file: ${what}`, async () => {
    writeFileSync(join(folder.path, "truth.tsv"), content);
    await assertBadInput(["infer", model.networkPath, "--input", model.inputsPath, "--truth", "truth.tsv"], message);
  });
}
