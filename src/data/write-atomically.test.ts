// Plan: the target appears whole or not at all and keeps its old content on failure; the temporary is gone after a
// failure of the writer, an abort, a missing folder, a read-only file system and a full disk (both need a small tmpfs,
// which only root can mount: skipped otherwise). Every format's writer is run onto the full disk.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { InterruptedError, ResourceError, UsageError } from "../core/errors.ts";
import { makeRandom } from "../core/random.ts";
import { CHALLENGE_RULE } from "../network/layer-rule.ts";
import { makeNetwork } from "../network/network.ts";
import { csrToCsc, triplesToCsr } from "../sparse/convert.ts";
import { skipOrFail } from "../testing/challenge.ts";
import { makeTemporaryFolder } from "../testing/temporary-folder.ts";
import { writeAtomically } from "./write-atomically.ts";
import { writeInputs } from "./write-inputs.ts";
import { writeNetwork } from "./write-network.ts";
import { writeCategories } from "./truth.ts";

/** A tmpfs of `options` mounted on `path`, or null where that is not allowed. */
function mountTmpfs(path: string, options: string): Disposable | null {
  if (spawnSync("mount", ["-t", "tmpfs", "-o", options, "tmpfs", path]).status !== 0) return null;
  return { [Symbol.dispose]: () => void spawnSync("umount", ["-l", path]) };
}

/** Some 400 KB in the tightest of the formats. */
function makeInputs(): ReturnType<typeof triplesToCsr> {
  const random = makeRandom(3);
  const length = 60_000;
  const rows = Uint32Array.from({ length }, () => random.below(512));
  const cols = Uint32Array.from({ length }, () => random.below(512));
  const values = Float32Array.from({ length }, () => random.normal());
  return triplesToCsr({ nrows: 512, ncols: 512, rows, cols, values });
}

test("the target appears at the end, whole", async () => {
  using folder = makeTemporaryFolder("atomic");
  const path = join(folder.path, "x.txt");
  writeFileSync(path, "old");
  const result = await writeAtomically(path, async (temporary) => {
    assert.notEqual(temporary, path);
    await writeFile(temporary, "new");
    assert.equal(readFileSync(path, "utf8"), "old");
    return 7;
  });
  assert.equal(result, 7);
  assert.equal(readFileSync(path, "utf8"), "new");
  assert.deepEqual(readdirSync(folder.path), ["x.txt"]);
});

async function writeHalf(temporary: string): Promise<void> {
  await writeFile(temporary, "half");
  throw new TypeError("in the middle");
}

test("a failure or an abort leaves the old file and no temporary", async () => {
  using folder = makeTemporaryFolder("atomic");
  const path = join(folder.path, "x.txt");
  writeFileSync(path, "old");
  await assert.rejects(() => writeAtomically(path, writeHalf), /in the middle/);
  const controller = new AbortController();
  const aborted = async (temporary: string): Promise<void> => {
    await writeFile(temporary, "whole");
    controller.abort();
  };
  await assert.rejects(() => writeAtomically(path, aborted, controller.signal), InterruptedError);
  assert.deepEqual(readdirSync(folder.path), ["x.txt"]);
  assert.equal(readFileSync(path, "utf8"), "old");
});

test("an abort in the middle of inputs ends the writing", async () => {
  using folder = makeTemporaryFolder("atomic");
  for (const ending of ["tsv", "tsv.gz", "bin", "safetensors"]) {
    const signal = AbortSignal.abort();
    await assert.rejects(() => writeInputs(join(folder.path, `x.${ending}`), makeInputs(), signal), InterruptedError);
  }
  assert.deepEqual(readdirSync(folder.path), []);
});

test("a folder that does not exist is the caller's mistake", async () => {
  await assert.rejects(
    () => writeCategories("/nowhere/at/all/x.tsv", Uint32Array.of(1)),
    (error) => error instanceof UsageError && /the folder to write into does not exist/.test(error.message),
  );
});

test("a folder where a file should be is left alone", async () => {
  using folder = makeTemporaryFolder("atomic");
  const path = join(folder.path, "x.tsv");
  mkdirSync(path);
  await assert.rejects(() => writeCategories(path, Uint32Array.of(1)), /x\.tsv: is a folder, expected a file to write/);
  assert.deepEqual(readdirSync(folder.path), ["x.tsv"]);
});

test("a full disk ends every writer with one line, and nothing is left", { timeout: 60_000 }, async (t) => {
  using folder = makeTemporaryFolder("full");
  using disk = mountTmpfs(folder.path, "size=128k");
  if (disk === null) return skipOrFail(t, "tmpfs", "no tmpfs can be mounted here");
  const inputs = makeInputs();
  const layer = { weights: csrToCsc(inputs), bias: Float32Array.of(-0.5), rule: CHALLENGE_RULE };
  const network = makeNetwork([layer, layer]);
  const isFull = (error: unknown): boolean =>
    error instanceof ResourceError &&
    error.message.includes(folder.path) &&
    error.message.endsWith(": the disk is full");
  for (const ending of ["tsv", "tsv.gz", "bin", "mtx", "safetensors"]) {
    await assert.rejects(() => writeInputs(join(folder.path, `x.${ending}`), inputs), isFull, ending);
    assert.deepEqual(readdirSync(folder.path), [], ending);
  }
  await assert.rejects(() => writeNetwork(join(folder.path, "n.safetensors"), network), isFull);
  await assert.rejects(() => writeNetwork(join(folder.path, "net"), network), isFull);
  await assert.rejects(
    () => writeCategories(join(folder.path, "c.tsv"), new Uint32Array(100_000).fill(99_999)),
    isFull,
  );
  assert.deepEqual(readdirSync(folder.path), []);
});

test("a read-only folder is a ResourceError that names the path", async (t) => {
  using folder = makeTemporaryFolder("read-only");
  using disk = mountTmpfs(folder.path, "size=128k,ro");
  if (disk === null) return skipOrFail(t, "tmpfs", "no tmpfs can be mounted here");
  const path = join(folder.path, "x.tsv");
  for (const write of [
    () => writeCategories(path, Uint32Array.of(1)),
    () => writeInputs(path, makeInputs()),
    () => writeInputs(join(folder.path, "x.safetensors"), makeInputs()),
  ]) {
    await assert.rejects(
      write,
      (error) =>
        error instanceof ResourceError && error.message.startsWith(folder.path) && /read-only/.test(error.message),
    );
  }
});
