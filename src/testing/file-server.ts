// A small HTTP server on 127.0.0.1 for tests of downloads: HEAD, GET, Range with If-Range, ETag, and a log of what was
// asked. A test makes it misbehave by a handler that answers some requests itself.

import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface LoggedRequest {
  readonly method: string;
  readonly path: string;
  readonly range: string | null;
}

/** Answers the request and returns true, or returns false to leave it to the server. */
export type Misbehaviour = (request: IncomingMessage, response: ServerResponse, file: Buffer) => boolean;

export interface FileServer extends AsyncDisposable {
  /** Address of the root folder, with a slash at its end. */
  readonly url: string;
  /** Contents by path without a leading slash; may be changed at any time. */
  readonly files: Map<string, Buffer>;
  readonly requests: LoggedRequest[];
  misbehave: Misbehaviour;
}

export async function openFileServer(files: Record<string, Buffer>): Promise<FileServer> {
  const http = createServer((request, response) => {
    const path = (request.url ?? "/").slice(1);
    server.requests.push({ method: request.method ?? "", path, range: request.headers.range ?? null });
    const file = server.files.get(path);
    if (file === undefined) response.writeHead(404).end("no such file");
    else if (!server.misbehave(request, response, file)) answer(request, response, file);
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  const server: FileServer = {
    url: `http://127.0.0.1:${(http.address() as AddressInfo).port}/`,
    files: new Map(Object.entries(files)),
    requests: [],
    misbehave: () => false,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        http.close(() => resolve());
        http.closeAllConnections();
      }),
  };
  return server;
}

export function etagOf(file: Buffer): string {
  return `"${createHash("sha1").update(file).digest("hex")}"`;
}

function answer(request: IncomingMessage, response: ServerResponse, file: Buffer): void {
  const etag = etagOf(file);
  const headers = { etag, "accept-ranges": "bytes", "content-type": "application/octet-stream" };
  const range = /^bytes=(\d+)-$/.exec(request.headers.range ?? "");
  const mayContinue = range !== null && [undefined, etag].includes(request.headers["if-range"]?.toString());
  if (range === null || !mayContinue || request.method === "HEAD") {
    response.writeHead(200, { ...headers, "content-length": file.length });
    response.end(request.method === "HEAD" ? undefined : file);
    return;
  }
  const start = Number(range[1]);
  if (start >= file.length) {
    response.writeHead(416, { "content-range": `bytes */${file.length}` }).end();
    return;
  }
  const length = file.length - start;
  const place = `bytes ${start}-${file.length - 1}/${file.length}`;
  response.writeHead(206, { ...headers, "content-length": length, "content-range": place });
  response.end(file.subarray(start));
}
