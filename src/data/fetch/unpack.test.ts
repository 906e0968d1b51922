// Plan: layers come out whole (gzipped and plain), only the wanted ones, and reading stops after the last of them;
// hostile and broken archives (names that climb out, links, empty and absurd entries, other networks, a cut or damaged
// gzip, a cut or damaged tar, no archive at all) give one clear FormatError and leave no file behind.

import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { gunzipSync, gzipSync } from "node:zlib";
import { FormatError, InterruptedError } from "../../core/errors.ts";
import { makeRandom } from "../../core/random.ts";
import { makeTemporaryFolder } from "../../testing/temporary-folder.ts";
import { type ArchiveEntry, makeTar, makeTarGz, tinyLayer, tinyLayers } from "../../testing/tiny-archive.ts";
import { type UnpackOptions, unpackLayers } from "./unpack.ts";

interface Fixture extends Disposable {
  readonly archivePath: string;
  readonly networkFolder: string;
  run(options?: Partial<UnpackOptions>): Promise<number>;
  written(): string[];
}

function openFixture(archive: Buffer): Fixture {
  const folder = makeTemporaryFolder("unpack");
  const archivePath = join(folder.path, "neuron1024.tar.gz");
  const networkFolder = join(folder.path, "neuron1024");
  mkdirSync(networkFolder);
  writeFileSync(archivePath, archive);
  return {
    archivePath,
    networkFolder,
    run: (options = {}) =>
      unpackLayers({
        archivePath,
        networkFolder,
        neurons: 1024,
        wanted: [1, 2, 3],
        compress: true,
        signal: undefined,
        onBytes: () => {},
        ...options,
      }),
    written: () => readdirSync(networkFolder).toSorted(),
    [Symbol.dispose]: folder[Symbol.dispose],
  };
}

test("wanted layers come out gzipped or plain, with the archive's bytes", async () => {
  const archive = await makeTarGz([{ name: "neuron1024/", type: "directory" }, ...tinyLayers(1024, 12)]);
  for (const compress of [true, false]) {
    using fixture = openFixture(archive);
    assert.equal(await fixture.run({ compress, wanted: [1, 2, 10] }), 3);
    const end = compress ? ".tsv.gz" : ".tsv";
    assert.deepEqual(fixture.written(), [`n1024-l1${end}`, `n1024-l10${end}`, `n1024-l2${end}`]);
    for (const layer of [1, 2, 10]) {
      const bytes = readFileSync(join(fixture.networkFolder, `n1024-l${layer}${end}`));
      assert.equal((compress ? gunzipSync(bytes) : bytes).toString(), tinyLayer(layer));
    }
  }
});

test("a large layer passes through whole", async () => {
  const random = makeRandom(3);
  const content = Array.from({ length: 20_000 }, () => `${random.below(1024) + 1}\t7\t6.250000e-02\n`).join("");
  using fixture = openFixture(await makeTarGz([{ name: "neuron1024/n1024-l1.tsv", content }]));
  await fixture.run({ wanted: [1] });
  assert.equal(gunzipSync(readFileSync(join(fixture.networkFolder, "n1024-l1.tsv.gz"))).toString(), content);
});

test("what a killed run left of a layer does not stay", async () => {
  using fixture = openFixture(await makeTarGz(tinyLayers(1024, 3)));
  writeFileSync(
    join(fixture.networkFolder, "n1024-l2.tsv.gz.tmp"),
    "half a layer, and longer than the whole one".repeat(99),
  );
  assert.equal(await fixture.run(), 3);
  assert.deepEqual(fixture.written(), ["n1024-l1.tsv.gz", "n1024-l2.tsv.gz", "n1024-l3.tsv.gz"]);
  assert.equal(gunzipSync(readFileSync(join(fixture.networkFolder, "n1024-l2.tsv.gz"))).toString(), tinyLayer(2));
});

test("nothing wanted, nothing read", async () => {
  using fixture = openFixture(Buffer.from("not an archive"));
  assert.equal(await fixture.run({ wanted: [] }), 0);
});

test("reading stops when the last wanted layer is there", async () => {
  const random = makeRandom(4);
  const bulk = Array.from({ length: 6_000_000 }, () => String.fromCharCode(32 + random.below(90))).join("");
  using fixture = openFixture(await makeTarGz([...tinyLayers(1024, 3), { name: "neuron1024/bulk", content: bulk }]));
  let readBytes = 0;
  await fixture.run({
    onBytes: (bytes) => {
      readBytes = bytes;
    },
  });
  assert.ok(
    readBytes < readFileSync(fixture.archivePath).length / 2,
    `read ${readBytes} of ${readFileSync(fixture.archivePath).length} bytes`,
  );
});

test("entries before and between the layers are passed over", async () => {
  const entries: ArchiveEntry[] = [
    { name: "neuron1024/", type: "directory" },
    { name: "neuron1024/._n1024-l1.tsv", content: "junk" },
    { name: "neuron1024/n1024-l0.tsv", content: "no such layer" },
    { name: "neuron1024/n1024-l01.tsv", content: "another spelling" },
    { name: "other/n1024-l1.tsv", content: "another folder" },
    { name: "neuron1024/n4096-l1.tsv", content: "another network" },
    { name: "neuron1024/notes", type: "symlink", linkname: "/etc/passwd" },
    ...tinyLayers(1024, 2).map((entry) => ({ ...entry, name: `./${entry.name}` })),
  ];
  using fixture = openFixture(await makeTarGz(entries));
  await fixture.run({ wanted: [1, 2], compress: false });
  assert.deepEqual(fixture.written(), ["n1024-l1.tsv", "n1024-l2.tsv"]);
  assert.equal(readFileSync(join(fixture.networkFolder, "n1024-l1.tsv"), "utf8"), tinyLayer(1));
});

test("names that leave the folder are refused, whatever the rest of the archive", async () => {
  for (const name of ["../evil", "neuron1024/../../evil", "/evil", "neuron1024\\..\\evil", "C:\\evil", ".."]) {
    using fixture = openFixture(await makeTarGz([{ name, content: "evil" }, ...tinyLayers(1024, 3)]));
    await assert.rejects(fixture.run(), (error) => {
      assert.ok(error instanceof FormatError, `${name}: ${String(error)}`);
      assert.equal(error.path, fixture.archivePath);
      assert.ok(error.message.endsWith(`entry ${JSON.stringify(name)} leaves the folder, expected a plain name`));
      return true;
    });
    assert.deepEqual(fixture.written(), []);
    assert.equal(existsSync(join(fixture.networkFolder, "../evil")), false);
  }
});

test("a layer that is no plain file of a sane size is refused", async () => {
  const name = "neuron1024/n1024-l1.tsv";
  const cases: [ArchiveEntry, RegExp][] = [
    [
      { name, type: "symlink", linkname: "/etc/passwd" },
      /entry neuron1024\/n1024-l1\.tsv is a symlink, expected a file$/,
    ],
    [{ name, type: "directory" }, /is a directory, expected a file$/],
    [{ name, content: "" }, /is empty, expected a layer$/],
    [{ name, content: "1".repeat(32 * 1024 * 64 + 1) }, /has 2097153 bytes, expected at most 2097152$/],
  ];
  for (const [entry, words] of cases) {
    using fixture = openFixture(await makeTarGz([entry]));
    await assert.rejects(fixture.run(), (error) => error instanceof FormatError && words.test(error.message));
    assert.deepEqual(fixture.written(), []);
  }
});

test("missing layers are counted, the first is named", async () => {
  using fixture = openFixture(await makeTarGz([{ name: "readme", content: "x" }, ...tinyLayers(1024, 2)]));
  const words = '2 of 4 layers are missing, the first is neuron1024/n1024-l3.tsv (it holds "readme")';
  await assert.rejects(fixture.run({ wanted: [1, 2, 3, 4] }), new FormatError(fixture.archivePath, null, words));
  assert.deepEqual(fixture.written(), []);
});

test("an archive of another network says what it holds", async () => {
  using fixture = openFixture(await makeTarGz(tinyLayers(4096, 4)));
  await assert.rejects(fixture.run(), {
    message: /: 3 of 3 layers are missing, .*\(it holds "neuron4096\/n4096-l1\.tsv", ".*l2\.tsv", ".*l3\.tsv"\)$/,
  });
});

test("a cut or damaged archive is a format error and leaves no layer", async () => {
  const random = makeRandom(5);
  const noise = (lines: number): string =>
    Array.from({ length: lines }, () => `${random.below(1024) + 1}\t${random.below(1024) + 1}\t6.25e-02\n`).join("");
  const entries = [1, 2, 3].map((k) => ({ name: `neuron1024/n1024-l${k}.tsv`, content: noise(30_000) }));
  const tar = await makeTar(entries);
  const whole = gzipSync(tar);
  const flipped = Buffer.from(whole);
  flipped.fill(0xff, whole.length >> 1, (whole.length >> 1) + 64);
  const badHeader = Buffer.from(tar);
  badHeader.fill(0x41, 148, 156); // the checksum of the first header
  const cases: [string, Buffer, RegExp][] = [
    ["gzip cut in the middle", whole.subarray(0, whole.length >> 1), /the gzip data ends too early: the file is cut$/],
    ["gzip damaged in the middle", flipped, /corrupt \(.+\)$|corrupt tar archive \(.+\)$/],
    [
      "no gzip",
      Buffer.from("<html>Sign in to the network</html>"),
      /the gzip data is corrupt \(incorrect header check\)$/,
    ],
    ["empty", Buffer.alloc(0), /3 of 3 layers are missing|the gzip data ends too early/],
    [
      "tar cut in a layer",
      gzipSync(tar.subarray(0, tar.length >> 1)),
      /corrupt tar archive|has \d+ bytes, expected \d+/,
    ],
    ["tar with a false checksum", gzipSync(badHeader), /corrupt tar archive \(.+\)$/],
    ["gzip of something else", gzipSync("a".repeat(5000)), /corrupt tar archive \(.+\)$/],
  ];
  for (const [what, archive, words] of cases) {
    using fixture = openFixture(archive);
    await assert.rejects(fixture.run(), (error) => {
      assert.ok(error instanceof FormatError, `${what}: ${String(error)}`);
      assert.match(error.message, words, what);
      assert.equal(error.message.includes("\n"), false, what);
      return true;
    });
    assert.deepEqual(fixture.written(), [], what);
  }
});

test("a folder that cannot be written to ends with an error about the layer", async () => {
  using fixture = openFixture(await makeTarGz(tinyLayers(1024, 3)));
  const networkFolder = join(fixture.networkFolder, "missing");
  await assert.rejects(fixture.run({ networkFolder }), { code: "usage", message: /missing\/n1024-l1\.tsv\.gz: / });
});

test("an interrupt between two layers leaves whole layers only", async () => {
  using fixture = openFixture(await makeTarGz(tinyLayers(1024, 3)));
  const controller = new AbortController();
  let entries = 0;
  const run = fixture.run({ signal: controller.signal, onBytes: () => ++entries === 2 && controller.abort() });
  await assert.rejects(run, InterruptedError);
  for (const name of fixture.written()) assert.match(name, /^n1024-l[12]\.tsv\.gz$/);
  assert.equal(await fixture.run(), 3);
});
