// Plan: the full side 32 has the known number of ones, which tells that transform, interpolation, threshold and the
// known largest value are right on the real images; an abort on the way; idx files that are not what they promise.

import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { FormatError, InterruptedError, ResourceError } from "../../core/errors.ts";
import { checkCsr } from "../../sparse/check.ts";
import { mnistInputs, mnistTrainingFile, readIdxImages } from "./mnist.ts";

test("side 32 has 6373995 ones, found in one pass", { timeout: 60_000 }, async () => {
  let last = "";
  const inputs = await mnistInputs({ side: 32, onProgress: (done, total) => (last = `${done} of ${total}`) });
  checkCsr(inputs, "inputs");
  assert.deepEqual([inputs.nrows, inputs.ncols, inputs.colIdx.length], [60_000, 1024, 6_373_995]);
  assert.equal(last, "16 of 16");
});

test("an abort ends the run on its way", { timeout: 20_000 }, async () => {
  const stop = new AbortController();
  const run = mnistInputs({ side: 256, signal: stop.signal, images: 100 });
  setTimeout(() => stop.abort(), 300);
  await assert.rejects(run, InterruptedError);
});

test("the training images are read whole", async () => {
  const { count, pixels } = await readIdxImages(mnistTrainingFile());
  assert.deepEqual([count, pixels.length], [60_000, 60_000 * 784]);
});

function idxHeader(...numbers: number[]): Uint8Array {
  const bytes = new DataView(new ArrayBuffer(4 * numbers.length));
  numbers.forEach((value, k) => bytes.setUint32(4 * k, value));
  return new Uint8Array(bytes.buffer);
}

const BAD_FILES = [
  { name: "empty", bytes: new Uint8Array(0), expected: /0 bytes, expected an idx header of 16/ },
  { name: "labels", bytes: idxHeader(0x801, 4, 0, 0), expected: /magic number 2049, expected 2051/ },
  { name: "another size", bytes: idxHeader(0x803, 1, 32, 32), expected: /images of 32 x 32, expected 28 x 28/ },
  { name: "cut", bytes: idxHeader(0x803, 2, 28, 28, 0), expected: /20 bytes, expected 1584 for 2 images/ },
];
for (const { name, bytes, expected } of BAD_FILES) {
  test(`an idx file that is wrong (${name}) is refused`, async () => {
    const folder = await mkdtemp(join(tmpdir(), "gossamer-idx-"));
    try {
      const path = join(folder, "images");
      await writeFile(path, bytes);
      await assert.rejects(readIdxImages(path), (error) => {
        assert.ok(error instanceof FormatError && error.path === path);
        assert.match(error.message, expected);
        return true;
      });
    } finally {
      await rm(folder, { recursive: true });
    }
  });
}

test("a missing idx file is a clear error", async () => {
  await assert.rejects(readIdxImages("/no/such/file"), ResourceError);
});
