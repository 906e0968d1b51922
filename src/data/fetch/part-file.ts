// A download that is not complete: NAME.part holds the bytes so far, NAME.part.json says which version of the server's
// file they belong to. Without a readable sidecar the bytes mean nothing and the download starts again.

import { readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import type { RemoteFile } from "./remote-file.ts";

export interface PartFile {
  readonly haveBytes: number;
  readonly remote: RemoteFile;
}

export function partPath(path: string): string {
  return `${path}.part`;
}

/** The partial download of `path`, or null where there is none that can be used. */
export async function readPart(path: string): Promise<PartFile | null> {
  try {
    const { size } = await stat(partPath(path));
    const remote = parseSidecar(await readFile(sidecarPath(path), "utf8"));
    return remote === null ? null : { haveBytes: size, remote };
  } catch {
    return null; // absent or unreadable: nothing to go on from, and writing will say what is wrong with the folder
  }
}

export async function writeSidecar(path: string, remote: RemoteFile): Promise<void> {
  const temporary = `${sidecarPath(path)}.tmp`;
  await writeFile(temporary, JSON.stringify(remote));
  await rename(temporary, sidecarPath(path));
}

/** Makes the complete part the file itself. */
export async function finishPart(path: string): Promise<void> {
  await rename(partPath(path), path);
  await rm(sidecarPath(path), { force: true });
}

export async function removePart(path: string): Promise<void> {
  await rm(sidecarPath(path), { force: true });
  await rm(partPath(path), { force: true });
}

function sidecarPath(path: string): string {
  return `${path}.part.json`;
}

function parseSidecar(text: string): RemoteFile | null {
  const found: unknown = JSON.parse(text);
  if (typeof found !== "object" || found === null) return null;
  const { lengthBytes, etag, lastModified } = found as Record<string, unknown>;
  if (lengthBytes !== null && !(Number.isSafeInteger(lengthBytes) && Number(lengthBytes) >= 0)) return null;
  if (!isText(etag) || !isText(lastModified)) return null;
  return { lengthBytes: lengthBytes === null ? null : Number(lengthBytes), etag, lastModified };
}

function isText(value: unknown): value is string | null {
  return value === null || typeof value === "string";
}
