// Plan: whatever can be refused from the command line alone is refused with status 2 and one line, before any file is
// read: every path in these commands names nothing, which would be status 3. Help and version are no mistakes.

import assert from "node:assert/strict";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { runGossamer } from "../../testing/command.ts";
import { makeTemporaryFolder } from "../../testing/temporary-folder.ts";

const INFER = ["infer", "no-model", "--input", "no-input"];

const REFUSED: readonly [what: string, args: readonly string[], message: RegExp][] = [
  ["an unknown command", ["infre"], /unknown command 'infre'.*infer/],
  ["an unknown option", [...INFER, "--row", "all"], /unknown option '--row'/],
  ["no input", ["infer", "no-model"], /--input <file>' not specified/],
  ["no model", ["infer", "--input", "x"], /missing required argument 'model'/],
  ["one model too many", [...INFER, "other"], /too many arguments/],
  ["--layers 0", [...INFER, "--layers", "0"], /--layers.*'0'.*at least 1/],
  ["--layers -1", [...INFER, "--layers", "-1"], /--layers/],
  ["--layers 1e3", [...INFER, "--layers", "1e3"], /--layers.*'1e3'/],
  ["--workers 0", [...INFER, "--workers", "0"], /--workers.*'0'.*1 to 256/],
  ["--workers 10000", [...INFER, "--workers", "10000"], /--workers.*'10000'.*1 to 256/],
  ["--workers 2.5", [...INFER, "--workers", "2.5"], /--workers.*'2\.5'/],
  ["unknown rows", [...INFER, "--rows", "some"], /--rows.*'some'.*all, nonzero, distinct/],
  ["an unknown strategy", [...INFER, "--strategy", "magic"], /--strategy.*'magic'.*auto/],
  ["an unknown kernel", [...INFER, "--kernel", "gpu"], /--kernel.*'gpu'.*wasm-simd/],
  ["an unknown hash", [...INFER, "--hash", "all"], /--hash.*'all'/],
  ["a bias that is no number", [...INFER, "--bias", "much"], /--bias.*'much'/],
  ["an infinite bias", [...INFER, "--bias", "Infinity"], /--bias.*'Infinity'/],
  ["a bias beyond float32", [...INFER, "--bias", "1e39"], /--bias.*'1e39'.*float32/],
  ["a weight beyond float32", [...radixNet("64", "2", "o"), "--weight", "-1e300"], /--weight.*'-1e300'.*float32/],
  ["a name too long to write", [...INFER, "--categories", "c".repeat(300)], /the name is too long/],
  ["a negative seed", [...INFER, "--seed", "-1"], /--seed/],
  ["memory that is no size", [...INFER, "--memory", "lots"], /--memory.*'lots'/],
  ["too little memory", [...INFER, "--memory", "1KiB"], /memory limit is 1024 bytes/],
  ["output of an unknown kind", [...INFER, "--output", "out.xyz"], /out\.xyz/],
  ["output in no folder", [...INFER, "--output", "nowhere/out.tsv"], /nowhere.* does not exist/],
  ["categories in no folder", [...INFER, "--categories", "nowhere/c.tsv"], /nowhere.* does not exist/],
  ["output over the input", ["infer", "m", "--input", "in.tsv", "--output", "./in.tsv"], /read and written/],
  ["both outputs in one file", [...INFER, "--output", "o.tsv", "--categories", "o.tsv"], /read and written/],
  ["neurons that are no power of two", radixNet("48", "2", "o.safetensors"), /neurons is 48, expected a power of two/],
  ["no layers to generate", radixNet("64", "0", "o.safetensors"), /--layers.*'0'/],
  ["a network as text", radixNet("64", "2", "o.tsv"), /\.safetensors or as a folder/],
  ["challenge sizes that are none", ["challenge", "--neurons", "1000"], /--neurons.*'1000'.*1024/],
  ["fetch of no published network", ["fetch", "challenge", "--neurons", "1024", "--layers", "7"], /--layers.*'7'.*120/],
];

function radixNet(neurons: string, layers: string, output: string): string[] {
  return ["generate", "radixnet", "--neurons", neurons, "--layers", layers, "--output", output];
}

for (const [what, args, message] of REFUSED) {
  test(`refused: ${what}`, async () => {
    using folder = makeTemporaryFolder("usage");
    const { status, stdout, stderr } = await runGossamer(args, { cwd: folder.path });
    assert.equal(status, 2, stderr);
    assert.equal(stdout, "");
    assert.match(stderr, message);
    assert.match(stderr, /^gossamer: [^\n]+\n$/);
  });
}

test("a folder that may not be written to is out of resources", async (t) => {
  using folder = makeTemporaryFolder("usage");
  const closed = join(folder.path, "closed");
  mkdirSync(closed);
  // The superuser may write into any folder; what even it may not write to is a file system without files of its own.
  const isRoot = process.getuid?.() === 0;
  if (isRoot && process.platform !== "linux") {
    t.skip("the superuser may write everywhere here");
    return;
  }
  const place = isRoot ? "/sys" : closed;
  chmodSync(closed, 0o555);
  const { status, stderr } = await runGossamer([...INFER, "--output", join(place, "out.tsv")]);
  assert.match(stderr, /^gossamer: .*out\.tsv: .*(permission|read-only)[^\n]*\n$/);
  assert.equal(status, 4);
});

test("a folder to make that holds files already", async () => {
  using folder = makeTemporaryFolder("usage");
  mkdirSync(join(folder.path, "net"));
  writeFileSync(join(folder.path, "net", "n64-l9.tsv"), "1\t1\t1\n");
  const { status, stderr } = await runGossamer(radixNet("64", "2", "net"), { cwd: folder.path });
  assert.match(stderr, /net: the folder holds 1 files already/);
  assert.equal(status, 2);
});

test("help and version go to stdout with status 0", async () => {
  const commands = ["infer", "challenge", "generate", "convert", "inspect", "fetch"];
  for (const args of [[], ...commands.map((name) => [name]), ["fetch", "challenge"], ["generate", "radixnet"]]) {
    const { status, stdout, stderr } = await runGossamer([...args, "--help"]);
    assert.deepEqual([status, stderr], [0, ""], args.join(" "));
    assert.match(stdout, /^Usage: gossamer/);
    assert.match(stdout, /Examples:\n {2}gossamer /);
  }
  const { status, stdout } = await runGossamer(["--version"]);
  assert.equal(status, 0);
  assert.match(stdout, /^\d+\.\d+\.\d+\n$/);
});

test("no command at all: the help, on stderr", async () => {
  const { status, stdout, stderr } = await runGossamer([]);
  assert.deepEqual([status, stdout], [2, ""]);
  assert.match(stderr, /^Usage: gossamer/);
});
