// Plan: one file against a server that behaves (fresh, resumed) and one that does not: a body cut in the middle, a file
// replaced between two runs and between question and download, ranges ignored or misplaced, 404, 403, 500 twice, a
// stalled body, false lengths both ways, weak marks, an unknown host, a refused connection, an interrupt, a full disk.
// Asserted each time: the bytes on disk, what was asked of the server, the one-line error, and what is left behind.

import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { spawnSync } from "node:child_process";
import { type TestContext, test } from "node:test";
import { FormatError, InterruptedError, ResourceError, UnsupportedError } from "../../core/errors.ts";
import { makeRandom } from "../../core/random.ts";
import { etagOf, type FileServer, openFileServer } from "../../testing/file-server.ts";
import { makeTemporaryFolder } from "../../testing/temporary-folder.ts";
import { type DownloadOptions, downloadFile } from "./download.ts";
import { askRemoteFile } from "./remote-file.ts";
import type { RetryPolicy } from "./retry.ts";

const POLICY: RetryPolicy = { attempts: 3, pauseMs: 1, stallMs: 200 };
const BODY = makeBytes(1, 300_000);
const OTHER = makeBytes(2, 300_000);

function makeBytes(seed: number, length: number): Buffer {
  const random = makeRandom(seed);
  return Buffer.from(Uint8Array.from({ length }, () => random.below(256)));
}

interface Fixture extends AsyncDisposable {
  readonly server: FileServer;
  readonly path: string;
  readonly folder: string;
  run(options?: Partial<DownloadOptions>): Promise<number>;
  /** Leaves what an ended run leaves: the first bytes of BODY and their sidecar. */
  leavePart(bytes: number, etag?: string): void;
  gets(): (string | null)[];
}

async function openFixture(): Promise<Fixture> {
  const folder = makeTemporaryFolder("download");
  const server = await openFileServer({ "dnn/file.bin": BODY });
  const path = join(folder.path, "file.bin");
  const url = `${server.url}dnn/file.bin`;
  return {
    server,
    path,
    folder: folder.path,
    run: async (options = {}) => {
      const remote = await askRemoteFile(url, POLICY, undefined);
      return downloadFile({ url, path, remote }, { policy: POLICY, signal: undefined, onBytes: () => {}, ...options });
    },
    leavePart: (bytes, etag = etagOf(BODY)) => {
      writeFileSync(`${path}.part`, BODY.subarray(0, bytes));
      const sidecar = { lengthBytes: BODY.length, etag, lastModified: null };
      writeFileSync(`${path}.part.json`, JSON.stringify(sidecar));
    },
    gets: () => server.requests.filter((request) => request.method === "GET").map((request) => request.range),
    [Symbol.asyncDispose]: async () => {
      await server[Symbol.asyncDispose]();
      folder[Symbol.dispose]();
    },
  };
}

function assertComplete(fixture: Fixture, body = BODY): void {
  assert.deepEqual(readdirSync(fixture.folder), ["file.bin"], "only the file itself is left");
  assert.ok(readFileSync(fixture.path).equals(body), "the file has the server's bytes");
}

test("a fresh download reports its bytes up to the length", async () => {
  await using fixture = await openFixture();
  const seen: number[] = [];
  assert.equal(await fixture.run({ onBytes: (have) => seen.push(have) }), BODY.length);
  assertComplete(fixture);
  assert.equal(seen[0], 0);
  assert.equal(seen.at(-1), BODY.length);
  assert.deepEqual(
    seen,
    seen.toSorted((a, b) => a - b),
  );
});

test("a part is continued with Range and only the rest is sent", async () => {
  await using fixture = await openFixture();
  fixture.leavePart(100_000);
  assert.equal(await fixture.run(), BODY.length - 100_000);
  assert.deepEqual(fixture.gets(), ["bytes=100000-"]);
  assertComplete(fixture);
});

test("a part that is complete is only renamed", async () => {
  await using fixture = await openFixture();
  fixture.leavePart(BODY.length);
  assert.equal(await fixture.run(), 0);
  assert.deepEqual(fixture.gets(), []);
  assertComplete(fixture);
});

test("a part without a usable sidecar starts again", async () => {
  for (const sidecar of [null, "", "{", "[]", "null", '{"lengthBytes":-1,"etag":null,"lastModified":null}', "{}"]) {
    await using fixture = await openFixture();
    writeFileSync(`${fixture.path}.part`, OTHER.subarray(0, 5000));
    if (sidecar !== null) writeFileSync(`${fixture.path}.part.json`, sidecar);
    assert.equal(await fixture.run(), BODY.length, String(sidecar));
    assert.deepEqual(fixture.gets(), [null]);
    assertComplete(fixture);
  }
});

test("a part longer than the file starts again", async () => {
  await using fixture = await openFixture();
  fixture.leavePart(BODY.length);
  writeFileSync(`${fixture.path}.part`, Buffer.concat([BODY, OTHER]));
  assert.equal(await fixture.run(), BODY.length);
  assertComplete(fixture);
});

test("a part of an older version starts again", async () => {
  await using fixture = await openFixture();
  fixture.leavePart(100_000);
  fixture.server.files.set("dnn/file.bin", OTHER);
  assert.equal(await fixture.run(), OTHER.length);
  assert.deepEqual(fixture.gets(), [null]);
  assertComplete(fixture, OTHER);
});

test("a file replaced between the question and the download is taken whole, in its new length", async () => {
  await using fixture = await openFixture();
  fixture.leavePart(100_000);
  const newer = OTHER.subarray(0, 200_000);
  fixture.server.misbehave = (request) => {
    if (request.method === "HEAD") setImmediate(() => fixture.server.files.set("dnn/file.bin", newer));
    return false;
  };
  await fixture.run();
  assertComplete(fixture, newer);
});

test("a server without ranges sends the whole file again", async () => {
  await using fixture = await openFixture();
  fixture.leavePart(100_000);
  fixture.server.misbehave = (request, response, file) => {
    response.writeHead(200, { "content-length": file.length, etag: etagOf(file) });
    response.end(request.method === "HEAD" ? undefined : file);
    return true;
  };
  assert.equal(await fixture.run(), BODY.length);
  assertComplete(fixture);
});

test("a part with a weak mark only is not continued", async () => {
  await using fixture = await openFixture();
  fixture.leavePart(100_000, 'W/"1"');
  fixture.server.misbehave = (request, response, file) => {
    response.writeHead(200, { "content-length": file.length, etag: 'W/"1"' });
    response.end(request.method === "HEAD" ? undefined : file);
    return true;
  };
  await fixture.run();
  assert.deepEqual(fixture.gets(), [null]);
  assertComplete(fixture);
});

test("a misplaced range is dropped and the file taken whole", async () => {
  await using fixture = await openFixture();
  fixture.leavePart(100_000);
  fixture.server.misbehave = (request, response, file) => {
    if (request.headers.range === undefined) return false;
    const place = `bytes 0-${file.length - 1}/${file.length}`;
    response.writeHead(206, { "content-range": place, "content-length": file.length }).end(file);
    return true;
  };
  await fixture.run();
  assert.deepEqual(fixture.gets(), ["bytes=100000-", null]);
  assertComplete(fixture);
});

/** Sends the head and `bytes` of what was asked for, then cuts the connection. */
function cutAfter(bytes: number): (fixture: Fixture) => void {
  return ({ server }) => {
    server.misbehave = (request, response, file) => {
      if (request.method === "HEAD") return false;
      const start = Number(/\d+/.exec(request.headers.range ?? "0")?.[0]);
      const headers = { "content-length": file.length - start, etag: etagOf(file) };
      const place = { "content-range": `bytes ${start}-${file.length - 1}/${file.length}` };
      response.writeHead(start > 0 ? 206 : 200, start > 0 ? { ...headers, ...place } : headers);
      const rest = file.subarray(start);
      if (rest.length <= bytes) response.end(rest);
      else response.write(rest.subarray(0, bytes), () => setTimeout(() => response.destroy(), 60));
      return true;
    };
  };
}

test("a connection cut again and again is continued each time, beyond the count of attempts", async () => {
  await using fixture = await openFixture();
  cutAfter(40_000)(fixture);
  assert.equal(await fixture.run(), BODY.length);
  assert.equal(fixture.gets().length, 8, "300000 bytes in pieces of 40000");
  assert.equal(fixture.gets()[1], "bytes=40000-");
  assertComplete(fixture);
});

test("a connection that is cut before any new byte gives up, keeps the part, and a later run goes on", async () => {
  await using fixture = await openFixture();
  fixture.leavePart(100_000);
  cutAfter(0)(fixture);
  await assert.rejects(fixture.run(), (error) => {
    assert.ok(error instanceof ResourceError, String(error));
    assert.match(
      error.message,
      /^http:\S+\/file\.bin: the connection was cut .*100000 of 300000 bytes; gave up after 3 /,
    );
    return true;
  });
  assert.equal(fixture.gets().length, 3);
  assert.equal(statSync(`${fixture.path}.part`).size, 100_000);
  fixture.server.misbehave = () => false;
  assert.equal(await fixture.run(), 200_000);
  assertComplete(fixture);
});

test("a missing or forbidden file names file and address, and is asked for once", async () => {
  for (const [status, words] of [
    [404, /^file\.bin: the server has no such file \(HTTP 404 for http:\S+file\.bin\)$/],
    [403, /^file\.bin: the server refuses it or has no such file \(HTTP 403 for http:\S+file\.bin\)$/],
    [418, /^file\.bin: unexpected answer HTTP 418 for http:\S+file\.bin, expected 200$/],
  ] as const) {
    await using fixture = await openFixture();
    fixture.server.misbehave = (_request, response) => {
      response.writeHead(status).end();
      return true;
    };
    await assert.rejects(fixture.run(), (error) => error instanceof ResourceError && words.test(error.message));
    assert.equal(fixture.server.requests.length, 1);
    assert.deepEqual(readdirSync(fixture.folder), []);
  }
});

test("HTTP 500 twice, then the file", async () => {
  await using fixture = await openFixture();
  let failures = 2;
  fixture.server.misbehave = (request, response) => {
    if (request.method === "HEAD" || failures-- <= 0) return false;
    response.writeHead(500, { "retry-after": "0" }).end();
    return true;
  };
  assert.equal(await fixture.run(), BODY.length);
  assert.equal(fixture.gets().length, 3);
  assertComplete(fixture);
});

test("HTTP 503 for ever gives up after the attempts", async () => {
  await using fixture = await openFixture();
  fixture.server.misbehave = (_request, response) => {
    response.writeHead(503).end();
    return true;
  };
  await assert.rejects(fixture.run(), {
    code: "resource",
    message: /^file\.bin: the server fails \(HTTP 503 for .*\); gave up after 3 attempts$/,
  });
  assert.equal(fixture.server.requests.length, 3);
});

test("a stalled body is ended by the time limit and continued", async () => {
  await using fixture = await openFixture();
  let stalls = 1;
  fixture.server.misbehave = (request, response, file) => {
    if (request.method === "HEAD" || stalls-- <= 0) return false;
    response.writeHead(200, { "content-length": file.length, etag: etagOf(file) });
    response.write(file.subarray(0, 50_000));
    return true;
  };
  assert.equal(await fixture.run(), BODY.length);
  assert.deepEqual(fixture.gets(), [null, "bytes=50000-"]);
  assertComplete(fixture);
});

test("a body that stalls for ever ends with an error that says so", async () => {
  await using fixture = await openFixture();
  fixture.server.misbehave = (request, response, file) => {
    if (request.method === "HEAD") return false;
    response.writeHead(200, { "content-length": file.length }).flushHeaders();
    return true;
  };
  const expected = { code: "resource", message: /no byte arrived for 0\.2 s.*gave up after 3 attempts$/ };
  await assert.rejects(fixture.run(), expected);
});

test("a length that contradicts the first answer is an error and leaves nothing", async () => {
  for (const lie of [100_000, 400_000]) {
    await using fixture = await openFixture();
    fixture.server.misbehave = (request, response, file) => {
      if (request.method === "HEAD") return false;
      response.writeHead(200, { "content-length": lie, etag: etagOf(file) });
      response.write(file.subarray(0, Math.min(lie, file.length)));
      return true;
    };
    await assert.rejects(fixture.run(), (error) => {
      assert.ok(error instanceof FormatError, String(error));
      assert.match(error.message, new RegExp(`the server sends ${lie} bytes or more, expected the 300000 announced$`));
      return true;
    });
    assert.deepEqual(readdirSync(fixture.folder), []);
  }
});

test("a body without a length is checked against the first answer, too short and too long", async () => {
  for (const [found, kind, words] of [
    [BODY.length - 1, ResourceError, /the body ended after 299999 of 300000 bytes; gave up after 3 attempts$/],
    [BODY.length + 1, FormatError, /the server sends 300001 bytes or more, expected the 300000 announced$/],
  ] as const) {
    await using fixture = await openFixture();
    fixture.server.misbehave = (request, response) => {
      if (request.method === "HEAD") return false;
      response.writeHead(200); // chunked
      response.end(Buffer.concat([BODY, OTHER]).subarray(0, found));
      return true;
    };
    await assert.rejects(fixture.run(), (error) => error instanceof kind && words.test(error.message));
    assert.equal(existsSync(fixture.path), false);
  }
});

test("a server that announces more than it has runs into the time limit, not into a short file", async () => {
  await using fixture = await openFixture();
  fixture.server.misbehave = (request, response, file) => {
    response.writeHead(200, { "content-length": file.length + 10 });
    if (request.method === "HEAD") response.end();
    else response.write(file);
    return true;
  };
  await assert.rejects(fixture.run(), { code: "resource", message: /no byte arrived/ });
  assert.equal(existsSync(fixture.path), false);
});

test("content that is compressed on the way is refused", async () => {
  await using fixture = await openFixture();
  fixture.server.misbehave = (_request, response) => {
    response.writeHead(200, { "content-encoding": "gzip" }).end();
    return true;
  };
  await assert.rejects(fixture.run(), UnsupportedError);
});

test("an empty file is a file", async () => {
  await using fixture = await openFixture();
  fixture.server.files.set("dnn/file.bin", Buffer.alloc(0));
  assert.equal(await fixture.run(), 0);
  assertComplete(fixture, Buffer.alloc(0));
});

test("a failed verification removes the part", async () => {
  await using fixture = await openFixture();
  await assert.rejects(
    fixture.run({ verify: () => Promise.reject(new FormatError("file.bin", null, "corrupt")) }),
    new FormatError("file.bin", null, "corrupt"),
  );
  assert.deepEqual(readdirSync(fixture.folder), []);
});

test("an interrupt ends at once, keeps the part, and a later run goes on", async () => {
  await using fixture = await openFixture();
  const controller = new AbortController();
  fixture.server.misbehave = (request, response, file) => {
    if (request.method === "HEAD") return false;
    response.writeHead(200, { "content-length": file.length, etag: etagOf(file) });
    response.write(file.subarray(0, 50_000));
    return true;
  };
  const started = performance.now();
  const interrupted = fixture.run({
    signal: controller.signal,
    onBytes: (have) => have === 50_000 && controller.abort(),
  });
  await assert.rejects(interrupted, InterruptedError);
  assert.ok(performance.now() - started < 2000);
  fixture.server.misbehave = () => false;
  assert.equal(await fixture.run(), BODY.length - 50_000);
  assertComplete(fixture);
});

test("an interrupt ends the pause between two attempts", async () => {
  await using fixture = await openFixture();
  fixture.server.misbehave = (request, response) => {
    if (request.method === "HEAD") return false;
    response.writeHead(500).end();
    return true;
  };
  const started = performance.now();
  const policy = { attempts: 5, pauseMs: 60_000, stallMs: 60_000 };
  await assert.rejects(fixture.run({ policy, signal: AbortSignal.timeout(100) }), InterruptedError);
  assert.ok(performance.now() - started < 2000);
});

test("an unknown host and a refused connection fail at once, in one line", async () => {
  const policy = { attempts: 5, pauseMs: 60_000, stallMs: 60_000 };
  const unknown = askRemoteFile("http://nothing.invalid/file", policy, undefined);
  await assert.rejects(unknown, {
    code: "resource",
    message: /^http:\/\/nothing\.invalid\/file: .*\(DNS\) \[E[A-Z_]+\]$/,
  });
  const free = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => free.once("listening", resolve));
  const { port } = free.address() as AddressInfo;
  await new Promise((resolve) => free.close(resolve));
  const refused = askRemoteFile(`http://127.0.0.1:${port}/file`, policy, undefined);
  await assert.rejects(refused, { code: "resource", message: /refuses the connection \[ECONNREFUSED\]$/ });
});

test("a full disk is a resource error in one line, and the part can go on", async (t: TestContext) => {
  await using fixture = await openFixture();
  const disk = await mkdtemp(join(fixture.folder, "disk-"));
  const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=128k", "none", disk]);
  if (mounted.status !== 0) {
    t.skip("a small tmpfs cannot be mounted here");
    return;
  }
  try {
    const url = `${fixture.server.url}dnn/file.bin`;
    const remote = await askRemoteFile(url, POLICY, undefined);
    const path = join(disk, "file.bin");
    const run = downloadFile({ url, path, remote }, { policy: POLICY, signal: undefined, onBytes: () => {} });
    await assert.rejects(run, { code: "resource", message: `${path}: the disk is full` });
    assert.equal(existsSync(path), false);
    assert.ok(existsSync(`${path}.part`));
  } finally {
    spawnSync("umount", [disk]);
  }
});
