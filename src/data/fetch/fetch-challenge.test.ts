// Plan: the whole way of `fetch challenge` against a local server with a made network of 120 and of 1920 tiny layers:
// what a plan says (sizes, room, what is here), what a run leaves, that a second run fetches nothing, that a partial run
// goes on, that a damaged file is not kept, that a disk too small is refused before the first byte.

import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { gunzipSync, gzipSync } from "node:zlib";
import { FormatError, InterruptedError, ResourceError, UsageError } from "../../core/errors.ts";
import { etagOf, type FileServer, openFileServer } from "../../testing/file-server.ts";
import { makeTemporaryFolder } from "../../testing/temporary-folder.ts";
import { makeTarGz, tinyLayer, tinyLayers } from "../../testing/tiny-archive.ts";
import { type FetchOptions, type FetchPlan, type FetchProgress, planFetch, runFetch } from "./fetch-challenge.ts";

const IMAGES = gzipSync("1\t1\t1\n2\t5\t1\n".repeat(5000));
const CATEGORIES = Buffer.from("1\n2\n");
const ARCHIVE = await makeTarGz([{ name: "neuron1024/", type: "directory" }, ...tinyLayers(1024, 120)]);

interface Fixture extends AsyncDisposable {
  readonly server: FileServer;
  readonly folder: string;
  plan(options?: Partial<FetchOptions>): Promise<FetchPlan>;
}

async function openFixture(): Promise<Fixture> {
  const temporary = makeTemporaryFolder("fetch");
  const folder = join(temporary.path, "challenge");
  const server = await openFileServer({
    "dnn/neuron1024.tar.gz": ARCHIVE,
    "dnn/neuron1024-l120-categories.tsv": CATEGORIES,
    "mnist/sparse-images-1024.tsv.gz": IMAGES,
  });
  return {
    server,
    folder,
    plan: (options = {}) =>
      planFetch({
        neurons: 1024,
        layers: 120,
        folder,
        baseUrl: server.url,
        retry: { attempts: 2, pauseMs: 1, stallMs: 500 },
        ...options,
      }),
    [Symbol.asyncDispose]: async () => {
      await server[Symbol.asyncDispose]();
      temporary[Symbol.dispose]();
    },
  };
}

function assertLayers(folder: string, end: ".tsv" | ".tsv.gz"): void {
  const names = readdirSync(join(folder, "neuron1024")).toSorted();
  const expected = Array.from({ length: 120 }, (_, k) => `n1024-l${k + 1}${end}`).toSorted();
  assert.deepEqual(names, expected);
  for (const layer of [1, 77, 120]) {
    const bytes = readFileSync(join(folder, "neuron1024", `n1024-l${layer}${end}`));
    assert.equal((end === ".tsv" ? bytes : gunzipSync(bytes)).toString(), tinyLayer(layer));
  }
}

test("a plan says sizes and room and writes nothing", async () => {
  await using fixture = await openFixture();
  const plan = await fixture.plan();
  assert.deepEqual(
    plan.items.map((item) => [item.kind, item.remote.lengthBytes, item.haveBytes, item.isComplete]),
    [
      ["categories", CATEGORIES.length, 0, false],
      ["images", IMAGES.length, 0, false],
      ["archive", ARCHIVE.length, 0, false],
    ],
  );
  assert.equal(plan.downloadBytes, CATEGORIES.length + IMAGES.length + ARCHIVE.length);
  assert.equal(plan.missingLayers.length, 120);
  assert.equal(plan.diskBytes, plan.downloadBytes + 120 * 32 * 1024 * 5);
  assert.equal((await fixture.plan({ compress: false })).diskBytes, plan.downloadBytes + 120 * 32 * 1024 * 23);
  assert.ok(plan.isExact && plan.freeBytes > 0);
  assert.throws(() => statSync(fixture.folder), { code: "ENOENT" });
  assert.ok(fixture.server.requests.every((request) => request.method === "HEAD"));
});

test("a run leaves images, categories and layers; the second run fetches nothing", async () => {
  await using fixture = await openFixture();
  const steps: FetchProgress[] = [];
  const fetched = await runFetch(await fixture.plan(), { onProgress: (progress) => steps.push(progress) });
  assert.equal(fetched.unpackedLayers, 120);
  assert.equal(fetched.downloadedBytes, CATEGORIES.length + IMAGES.length + ARCHIVE.length);
  assert.ok(readFileSync(fetched.imagesPath).equals(IMAGES));
  assert.ok(readFileSync(fetched.categoriesPath).equals(CATEGORIES));
  assert.equal(fetched.archivePath, join(fixture.folder, "neuron1024.tar.gz"), "it holds layers not asked for");
  assertLayers(fixture.folder, ".tsv.gz");
  for (const step of ["download", "check", "unpack"] as const) assert.ok(steps.some((seen) => seen.step === step));
  for (const { doneBytes, totalBytes } of steps) assert.ok(totalBytes !== null && doneBytes <= totalBytes);
  const last = steps.findLast((seen) => seen.step === "download" && seen.file === "archive");
  assert.deepEqual(last?.doneBytes, ARCHIVE.length);

  fixture.server.requests.length = 0;
  const again = await fixture.plan();
  assert.deepEqual([again.items.length, again.downloadBytes, again.diskBytes], [2, 0, 0]);
  const nothing = await runFetch(again);
  assert.deepEqual([nothing.downloadedBytes, nothing.unpackedLayers], [0, 0]);
  assert.deepEqual(
    fixture.server.requests.map((request) => request.method),
    ["HEAD", "HEAD"],
  );
});

test("layers that are gone are taken from the archive that was kept", async () => {
  await using fixture = await openFixture();
  await runFetch(await fixture.plan());
  rmSync(join(fixture.folder, "neuron1024/n1024-l7.tsv.gz"));
  const plan = await fixture.plan();
  assert.deepEqual([plan.missingLayers, plan.downloadBytes], [[7], 0]);
  assert.equal((await runFetch(plan)).unpackedLayers, 1);
  assertLayers(fixture.folder, ".tsv.gz");
});

test("plain layers, and the archive removed when asked", async () => {
  await using fixture = await openFixture();
  const fetched = await runFetch(await fixture.plan({ compress: false, keepArchive: false }));
  assert.equal(fetched.archivePath, null);
  assertLayers(fixture.folder, ".tsv");
  assert.deepEqual(readdirSync(fixture.folder).toSorted(), [
    "neuron1024",
    "neuron1024-l120-categories.tsv",
    "sparse-images-1024.tsv.gz",
  ]);
});

test("the archive goes by itself when every layer that it holds is unpacked", async () => {
  await using fixture = await openFixture();
  fixture.server.files.set("dnn/neuron1024.tar.gz", await makeTarGz(tinyLayers(1024, 1920)));
  fixture.server.files.set("dnn/neuron1024-l1920-categories.tsv", CATEGORIES);
  const fetched = await runFetch(await fixture.plan({ layers: 1920, compress: false }));
  assert.deepEqual([fetched.unpackedLayers, fetched.archivePath], [1920, null]);
  assert.equal(readdirSync(fetched.networkFolder).length, 1920);
});

test("an interrupted run goes on where it stopped, also in its plan", async () => {
  await using fixture = await openFixture();
  const controller = new AbortController();
  const half = ARCHIVE.length >> 1;
  fixture.server.misbehave = (request, response, file) => {
    if (request.method === "HEAD" || request.url !== "/dnn/neuron1024.tar.gz") return false;
    response.writeHead(200, { "content-length": file.length, etag: etagOf(file) });
    response.write(file.subarray(0, half));
    return true;
  };
  const run = runFetch(await fixture.plan(), {
    signal: controller.signal,
    onProgress: ({ file, doneBytes }) => file === "archive" && doneBytes === half && controller.abort(),
  });
  await assert.rejects(run, InterruptedError);
  fixture.server.misbehave = () => false;
  const plan = await fixture.plan();
  assert.equal(plan.downloadBytes, ARCHIVE.length - half);
  assert.equal((await runFetch(plan)).downloadedBytes, ARCHIVE.length - half);
  assertLayers(fixture.folder, ".tsv.gz");
});

test("half a file under the final name, as other tools leave it, is fetched anew", async () => {
  await using fixture = await openFixture();
  mkdirSync(fixture.folder);
  writeFileSync(join(fixture.folder, "sparse-images-1024.tsv.gz"), IMAGES.subarray(0, 20));
  const fetched = await runFetch(await fixture.plan());
  assert.ok(readFileSync(fetched.imagesPath).equals(IMAGES));
});

test("damaged images never get the file's name", async () => {
  await using fixture = await openFixture();
  const damaged = Buffer.from(IMAGES);
  damaged.fill(0xff, 30, 60);
  fixture.server.files.set("mnist/sparse-images-1024.tsv.gz", damaged);
  const path = join(fixture.folder, "sparse-images-1024.tsv.gz");
  await assert.rejects(runFetch(await fixture.plan()), (error) => {
    assert.ok(error instanceof FormatError, String(error));
    assert.match(error.message, /^\S+sparse-images-1024\.tsv\.gz: the gzip data is corrupt/);
    return true;
  });
  assert.throws(() => statSync(path), { code: "ENOENT" });
  assert.throws(() => statSync(`${path}.part`), { code: "ENOENT" });
});

test("a damaged archive is removed, so that the next run can succeed", async () => {
  for (const bad of [ARCHIVE.subarray(0, 500), Buffer.from("no gzip"), await makeTarGz([{ name: "../evil" }])]) {
    await using fixture = await openFixture();
    fixture.server.files.set("dnn/neuron1024.tar.gz", bad);
    await assert.rejects(runFetch(await fixture.plan()), FormatError);
    assert.throws(() => statSync(join(fixture.folder, "neuron1024.tar.gz")), { code: "ENOENT" });
    fixture.server.files.set("dnn/neuron1024.tar.gz", ARCHIVE);
    await runFetch(await fixture.plan());
    assertLayers(fixture.folder, ".tsv.gz");
  }
});

test("a file that the server lacks is named before anything is downloaded", async () => {
  await using fixture = await openFixture();
  fixture.server.files.delete("dnn/neuron1024.tar.gz");
  await assert.rejects(fixture.plan(), (error) => {
    assert.ok(error instanceof ResourceError, String(error));
    assert.match(error.message, /^neuron1024\.tar\.gz: the server has no such file \(HTTP 404 for http.*tar\.gz\)$/);
    return true;
  });
});

test("a disk that is too small is refused before the first byte", async () => {
  await using fixture = await openFixture();
  fixture.server.misbehave = (request, response) => {
    response.writeHead(200, { "content-length": 2 ** 52 }).end();
    return request.method === "HEAD";
  };
  const plan = await fixture.plan();
  assert.ok(plan.diskBytes > plan.freeBytes);
  const words = /challenge: the fetch needs 12\d{3}\.\d TiB \(12\d{3}\.\d TiB to download\), the disk has .* free$/;
  await assert.rejects(runFetch(plan), (error) => error instanceof ResourceError && words.test(error.message));
  assert.ok(fixture.server.requests.every((request) => request.method === "HEAD"));
  assert.throws(() => statSync(fixture.folder), { code: "ENOENT" });
});

test("a server that hides lengths is served too, and the plan says that it is not exact", async () => {
  await using fixture = await openFixture();
  fixture.server.misbehave = (request, response, file) => {
    response.writeHead(200, { "transfer-encoding": "chunked" });
    response.end(request.method === "HEAD" ? undefined : file);
    return true;
  };
  const plan = await fixture.plan();
  assert.deepEqual([plan.isExact, plan.downloadBytes], [false, 0]);
  await runFetch(plan);
  assertLayers(fixture.folder, ".tsv.gz");
});

test("wrong numbers, a wrong address and a file in the folder's place are usage errors", async () => {
  await using fixture = await openFixture();
  await assert.rejects(fixture.plan({ neurons: 1000 }), UsageError);
  await assert.rejects(fixture.plan({ layers: 121 }), UsageError);
  await assert.rejects(fixture.plan({ baseUrl: "data/" }), UsageError);
  assert.deepEqual(fixture.server.requests, []);
  writeFileSync(fixture.folder, "a file");
  await assert.rejects(runFetch(await fixture.plan()), {
    code: "usage",
    message: /neuron1024: a file stands where a folder is needed$/,
  });
});

test("a signal that has fired already ends plan and run at once", async () => {
  await using fixture = await openFixture();
  const plan = await fixture.plan();
  await assert.rejects(fixture.plan({ signal: AbortSignal.abort() }), InterruptedError);
  await assert.rejects(runFetch(plan, { signal: AbortSignal.abort() }), InterruptedError);
});

test("a progress function that throws ends the run with its own error, at every step", async () => {
  for (const bad of ["download", "check", "unpack"] as const) {
    await using fixture = await openFixture();
    const run = runFetch(await fixture.plan(), {
      onProgress: ({ step }) => {
        if (step === bad) throw new TypeError(`fails while it shows ${bad}`);
      },
    });
    await assert.rejects(run, new TypeError(`fails while it shows ${bad}`));
  }
});
