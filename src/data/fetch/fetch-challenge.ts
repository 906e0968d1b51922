// The engine of `gossamer fetch challenge`: plan first (what, how much, is there room), then download, check and unpack.
// It can be ended at any point and run again; what is complete stays, what is partial goes on. The result is a folder
// laid out as the challenge's readers expect it: sparse-images-N.tsv.gz, neuronN-lL-categories.tsv and neuronN/.

import { rm } from "node:fs/promises";
import { FormatError, InvariantError, ResourceError } from "../../core/errors.ts";
import { formatBytes } from "../../core/units.ts";
import { freeBytesAt } from "../disk-space.ts";
import { makeFolder } from "../make-folder.ts";
import { downloadFile } from "./download.ts";
import { checkGzip } from "./gzip-check.ts";
import type { FetchItem, FetchPlan } from "./plan.ts";
import { throwIfInterrupted } from "./transfer-errors.ts";
import { unpackLayers } from "./unpack.ts";

export { CHALLENGE_LAYERS, CHALLENGE_NEURONS, CHALLENGE_URL } from "./challenge-files.ts";
export { type FetchItem, type FetchOptions, type FetchPlan, planFetch } from "./plan.ts";
export { DEFAULT_RETRY, type RetryPolicy } from "./retry.ts";

export interface FetchProgress {
  readonly step: "download" | "check" | "unpack";
  readonly file: FetchItem["kind"];
  /** Bytes of the file so far, those of an earlier run included. */
  readonly doneBytes: number;
  /** Bytes of the file, or null where the server does not say. */
  readonly totalBytes: number | null;
}

export interface RunFetchOptions {
  readonly onProgress?: (progress: FetchProgress) => void;
  readonly signal?: AbortSignal;
}

export interface FetchedFiles {
  readonly folder: string;
  /** Holds the layers nN-lK.tsv or nN-lK.tsv.gz. */
  readonly networkFolder: string;
  readonly imagesPath: string;
  readonly categoriesPath: string;
  /** Where the archive is kept after this run unpacked it; null where it was removed or not needed. */
  readonly archivePath: string | null;
  /** Bytes received now, repeated ones included. */
  readonly downloadedBytes: number;
  /** Layers written now; those that were there before are not counted. */
  readonly unpackedLayers: number;
}

/**
 * Does what the plan says. Memory: a few chunks of 256 KiB, whatever the size of the files.
 * @throws ResourceError (disk too small or full, server or network trouble), FormatError (wrong length, corrupt file;
 * the file is removed, so that the next run fetches it anew), InterruptedError.
 */
export async function runFetch(plan: FetchPlan, options: RunFetchOptions = {}): Promise<FetchedFiles> {
  const { signal } = options;
  throwIfInterrupted(signal);
  await checkRoom(plan);
  makeFolder(plan.networkFolder);
  let downloadedBytes = 0;
  for (const item of plan.items) {
    if (!item.isComplete) downloadedBytes += await downloadItem(item, plan, options);
  }
  const archive = plan.items.find((item) => item.kind === "archive");
  const unpackedLayers = archive === undefined ? 0 : await unpackArchive(archive, plan, options);
  if (archive !== undefined && !plan.keepArchive) await rm(archive.path, { force: true });
  return {
    folder: plan.folder,
    networkFolder: plan.networkFolder,
    imagesPath: pathOf(plan, "images"),
    categoriesPath: pathOf(plan, "categories"),
    archivePath: archive !== undefined && plan.keepArchive ? archive.path : null,
    downloadedBytes,
    unpackedLayers,
  };
}

async function downloadItem(item: FetchItem, plan: FetchPlan, options: RunFetchOptions): Promise<number> {
  const { onProgress, signal } = options;
  const file = item.kind;
  let totalBytes: number | null = null;
  return downloadFile(item, {
    policy: plan.retry,
    signal,
    onBytes: (doneBytes, lengthBytes) => {
      totalBytes = lengthBytes;
      onProgress?.({ step: "download", file, doneBytes, totalBytes });
    },
    verify: async (partPath) => {
      // The archive is checked while it is unpacked; the categories are plain text with nothing to check it by.
      if (file !== "images") return;
      await checkGzip(partPath, item.path, signal, (doneBytes) =>
        onProgress?.({ step: "check", file, doneBytes, totalBytes }),
      );
    },
  });
}

async function unpackArchive(archive: FetchItem, plan: FetchPlan, options: RunFetchOptions): Promise<number> {
  const { onProgress, signal } = options;
  try {
    return await unpackLayers({
      archivePath: archive.path,
      networkFolder: plan.networkFolder,
      neurons: plan.neurons,
      wanted: plan.missingLayers,
      compress: plan.compress,
      signal,
      onBytes: (doneBytes) =>
        onProgress?.({ step: "unpack", file: "archive", doneBytes, totalBytes: archive.remote.lengthBytes }),
    });
  } catch (error) {
    if (error instanceof FormatError) await rm(archive.path, { force: true });
    throw error;
  }
}

/** Asked anew, because hours may lie between the plan and this. @throws ResourceError when the disk is too small. */
async function checkRoom(plan: FetchPlan): Promise<void> {
  const freeBytes = await freeBytesAt(plan.folder);
  if (plan.diskBytes <= freeBytes) return;
  const need = `${formatBytes(plan.diskBytes)} (${formatBytes(plan.downloadBytes)} to download)`;
  throw new ResourceError(`${plan.folder}: the fetch needs ${need}, the disk has ${formatBytes(freeBytes)} free`);
}

function pathOf(plan: FetchPlan, kind: FetchItem["kind"]): string {
  const item = plan.items.find((one) => one.kind === kind);
  if (item === undefined) throw new InvariantError(`the plan has no ${kind}`);
  return item.path;
}
