// Plan: `fetch challenge` from a local server: a dry run only says what it would take; a run leaves the files and prints
// the command that runs them; the next run downloads nothing; a server without the files is status 4. How downloads are
// cut, resumed and checked is tested in data/fetch.

import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { runGossamer } from "../../../testing/command.ts";
import { openFileServer } from "../../../testing/file-server.ts";
import { makeTemporaryFolder } from "../../../testing/temporary-folder.ts";
import { makeTarGz, tinyLayers } from "../../../testing/tiny-archive.ts";

const SIZES = ["--neurons", "1024", "--layers", "120"];

test("a dry run, a run, and a run with everything there", async () => {
  await using server = await openFileServer({
    "dnn/neuron1024.tar.gz": await makeTarGz(tinyLayers(1024, 120)),
    "dnn/neuron1024-l120-categories.tsv": Buffer.from("1\n2\n"),
    "mnist/sparse-images-1024.tsv.gz": gzipSync("1\t1\t1\n2\t5\t1\n"),
  });
  using folder = makeTemporaryFolder("fetch-command");
  const place = join(folder.path, "challenge");
  const args = ["fetch", "challenge", ...SIZES, "--folder", place, "--url", server.url];

  const dry = await runGossamer([...args, "--dry-run"]);
  assert.deepEqual([dry.status, dry.stdout], [0, ""]);
  assert.match(dry.stderr, /^to download: [\d.]+ KiB; 120 layers to unpack; needs /);
  assert.ok(!existsSync(place));

  const run = await runGossamer([...args, "--quiet"]);
  assert.deepEqual([run.status, run.stderr], [0, ""]);
  assert.equal(readdirSync(join(place, "neuron1024")).length, 120);
  // What it prints runs as it is.
  const words = run.stdout.trim().split(" ");
  assert.deepEqual(words.slice(0, 3), ["gossamer", "infer", join(place, "neuron1024")]);
  const infer = await runGossamer([...words.slice(1), "--json", "--quiet"]);
  assert.equal(infer.status, 1, "the made truth is of another network");
  assert.equal(JSON.parse(infer.stdout).network.layers, 120);

  const again = await runGossamer(args);
  assert.equal(again.status, 0);
  assert.match(again.stderr, /to download: 0 B; 0 layers to unpack/);
});

test("a server without the files", async () => {
  await using server = await openFileServer({});
  using folder = makeTemporaryFolder("fetch-command");
  const args = ["fetch", "challenge", ...SIZES, "--folder", join(folder.path, "c"), "--url", server.url];
  const { status, stdout, stderr } = await runGossamer(args);
  assert.deepEqual([status, stdout], [4, ""]);
  assert.match(stderr, /^gossamer: neuron1024-l120-categories\.tsv: [^\n]*404[^\n]*\n$/);
});
