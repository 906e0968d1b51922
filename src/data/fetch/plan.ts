// Works out, before a byte is fetched, what a fetch has to do: which files are here already, what must be downloaded,
// how much room that takes and how much there is. Writes nothing.

import { access, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import {
  ARCHIVE_LAYERS,
  archiveName,
  categoriesName,
  CHALLENGE_URL,
  checkBaseUrl,
  checkLayers,
  checkNeurons,
  imagesName,
  layerName,
  networkName,
  WEIGHTS_PER_NEURON,
} from "./challenge-files.ts";
import { freeBytesAt } from "../disk-space.ts";
import { readPart } from "./part-file.ts";
import { askRemoteFile, isOtherVersion, rangeValidator, type RemoteFile } from "./remote-file.ts";
import { DEFAULT_RETRY, type RetryPolicy } from "./retry.ts";

export interface FetchOptions {
  readonly neurons: number;
  readonly layers: number;
  /** Where the files go; made when missing. */
  readonly folder: string;
  /** Folder that holds mnist/ and dnn/; the official one when absent. */
  readonly baseUrl?: string;
  /** Keep the layers gzipped (n1024-l1.tsv.gz); true when absent: they then take an eighth of the room. */
  readonly compress?: boolean;
  /** Keep neuronN.tar.gz after unpacking; when absent it stays only while it holds layers that were not asked for. */
  readonly keepArchive?: boolean;
  readonly retry?: Partial<RetryPolicy>;
  readonly signal?: AbortSignal;
}

export interface FetchItem {
  readonly kind: "categories" | "images" | "archive";
  readonly url: string;
  readonly path: string;
  readonly remote: RemoteFile;
  /** Bytes that are here and can be kept; equal to the length for a complete file. */
  readonly haveBytes: number;
  readonly isComplete: boolean;
}

export interface FetchPlan {
  readonly neurons: number;
  readonly layers: number;
  readonly folder: string;
  readonly networkFolder: string;
  readonly compress: boolean;
  readonly keepArchive: boolean;
  readonly retry: RetryPolicy;
  /** The archive is left out when no layer is missing. */
  readonly items: readonly FetchItem[];
  /** 1-based numbers of the layers that are not in the folder yet. */
  readonly missingLayers: readonly number[];
  /** Bytes still to download; a length that the server does not say counts as 0 and makes `isExact` false. */
  readonly downloadBytes: number;
  readonly isExact: boolean;
  /** Room for the downloads and, estimated from above, the unpacked layers. */
  readonly diskBytes: number;
  /** Room that the folder's disk has now. */
  readonly freeBytes: number;
}

/** Bytes of one gzipped weight: 2.7 to 2.9 at 1024 neurons, 4.3 with random inputs of 65536 (level 4, measured). */
const GZIPPED_BYTES_PER_WEIGHT = 5;

/**
 * Asks the server for sizes and looks at the folder.
 * @throws UsageError (numbers or address), ResourceError (a file or the server is not there), InterruptedError.
 */
export async function planFetch(options: FetchOptions): Promise<FetchPlan> {
  const neurons = checkNeurons(options.neurons);
  const layers = checkLayers(options.layers);
  const baseUrl = checkBaseUrl(options.baseUrl ?? CHALLENGE_URL);
  const folder = resolve(options.folder);
  const networkFolder = join(folder, networkName(neurons));
  const compress = options.compress ?? true;
  const retry = { ...DEFAULT_RETRY, ...options.retry };
  const missingLayers = await findMissingLayers(networkFolder, neurons, layers);
  const wanted: [FetchItem["kind"], string, string][] = [
    ["categories", "dnn/", categoriesName(neurons, layers)],
    ["images", "mnist/", imagesName(neurons)],
  ];
  if (missingLayers.length > 0) wanted.push(["archive", "dnn/", archiveName(neurons)]);
  const items: FetchItem[] = [];
  for (const [kind, place, name] of wanted) {
    const url = `${baseUrl}${place}${name}`;
    const remote = await askRemoteFile(url, retry, options.signal);
    items.push(await lookAt(kind, url, join(folder, name), remote));
  }
  const downloadBytes = items.reduce(
    (sum, item) => sum + Math.max(0, (item.remote.lengthBytes ?? 0) - item.haveBytes),
    0,
  );
  return {
    neurons,
    layers,
    folder,
    networkFolder,
    compress,
    keepArchive: options.keepArchive ?? layers < ARCHIVE_LAYERS,
    retry,
    items,
    missingLayers,
    downloadBytes,
    isExact: items.every((item) => item.isComplete || item.remote.lengthBytes !== null),
    diskBytes: downloadBytes + missingLayers.length * layerBytes(neurons, compress),
    freeBytes: await freeBytesAt(folder),
  };
}

async function findMissingLayers(networkFolder: string, neurons: number, layers: number): Promise<number[]> {
  const missing: number[] = [];
  for (let layer = 1; layer <= layers; layer++) {
    const path = join(networkFolder, layerName(neurons, layer));
    if (!(await exists(path)) && !(await exists(`${path}.gz`))) missing.push(layer);
  }
  return missing;
}

/** A file under its final name is complete when it has the server's length: only wget and the like leave half a file there. */
async function lookAt(kind: FetchItem["kind"], url: string, path: string, remote: RemoteFile): Promise<FetchItem> {
  const found = await stat(path).catch(() => null);
  if (found !== null && found.isFile() && (remote.lengthBytes === null || found.size === remote.lengthBytes)) {
    return { kind, url, path, remote, haveBytes: found.size, isComplete: true };
  }
  const part = await readPart(path);
  const goesOn =
    part !== null &&
    rangeValidator(remote) !== null &&
    !isOtherVersion(part.remote, remote) &&
    part.remote.lengthBytes === remote.lengthBytes &&
    (remote.lengthBytes === null || part.haveBytes <= remote.lengthBytes);
  return { kind, url, path, remote, haveBytes: goesOn ? part.haveBytes : 0, isComplete: false };
}

/** From above: raw lines "row<tab>column<tab>6.250000e-02\n" with numbers as long as the largest. */
function layerBytes(neurons: number, compress: boolean): number {
  const rawBytesPerWeight = 2 * String(neurons).length + 15;
  return neurons * WEIGHTS_PER_NEURON * (compress ? GZIPPED_BYTES_PER_WEIGHT : rawBytesPerWeight);
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
