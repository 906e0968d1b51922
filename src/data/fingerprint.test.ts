// Plan: the same content gives the same fingerprint under other names and in other folders; another size, and another
// byte where a sample lies (first, last, any byte of a small file), give another; sizes around a sample and around all
// samples; a folder of layers changes with any of its layers; networks made on the fly; what cannot be read.

import assert from "node:assert/strict";
import { cpSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { writeSmallModel } from "../testing/small-model.ts";
import { makeTemporaryFolder } from "../testing/temporary-folder.ts";
import { fingerprintPath } from "./fingerprint.ts";

const folder = makeTemporaryFolder("fingerprint");
after(() => folder[Symbol.dispose]());
const ALL_SAMPLES = 64 * 4096;

function write(name: string, bytes: Uint8Array): string {
  const path = join(folder.path, name);
  writeFileSync(path, bytes);
  return path;
}

for (const size of [0, 1, 4095, 4096, 4097, ALL_SAMPLES, ALL_SAMPLES + 1, 3 * ALL_SAMPLES + 7]) {
  test(`a file of ${size} bytes`, () => {
    const bytes = Uint8Array.from({ length: size }, (_, i) => (i * 7 + (i >> 8)) & 255);
    const found = fingerprintPath(write("a.tsv", bytes));
    assert.match(found, new RegExp(`^${size} bytes \\([0-9a-f]{12}\\)$`));
    assert.equal(fingerprintPath(write("b.tsv", bytes)), found);
    assert.notEqual(fingerprintPath(write("longer.tsv", Uint8Array.of(...bytes.subarray(0, 9), 1))), found);
    const places = size <= ALL_SAMPLES ? [0, size >> 1, size - 1] : [0, size - 1];
    for (const place of size === 0 ? [] : places) {
      const other = bytes.slice();
      other[place] ^= 1;
      assert.notEqual(fingerprintPath(write("other.tsv", other)), found, `byte ${place}`);
    }
  });
}

test("a folder of layers", async () => {
  const { folderPath } = await writeSmallModel(join(folder.path, "model"));
  const found = fingerprintPath(folderPath);
  assert.match(found, /^12 files, \d+ bytes \([0-9a-f]{12}\)$/);
  const copy = join(folder.path, "copy", "neuron256");
  cpSync(folderPath, copy, { recursive: true });
  assert.equal(fingerprintPath(copy), found);
  cpSync(join(copy, "n256-l3.tsv.gz"), join(copy, "n256-l7.tsv.gz"));
  assert.notEqual(fingerprintPath(copy), found);
});

test("a network that is made on the fly is its name", () => {
  assert.equal(fingerprintPath("radixnet:1024x120:seed=2"), "radixnet:1024x120:seed=2");
});

test("what cannot be read", () => {
  const missing = join(folder.path, "none.tsv");
  assert.throws(() => fingerprintPath(missing), { name: "FormatError", message: `${missing}: no such file or folder` });
  assert.throws(() => fingerprintPath(folder.path), { name: "FormatError", message: /the folder holds no layers/ });
});
