// A safetensors file opened for reading by byte range: the header at once, each tensor when it is asked for. Tensors
// land on shared memory unless asked otherwise. Elements are little-endian, as in every typed array of the machines that Node runs on.

import { type FileHandle, open } from "node:fs/promises";
import { FormatError } from "../core/errors.ts";
import { toFileError } from "./file-errors.ts";
import {
  LENGTH_BYTES,
  parseHeader,
  parseHeaderLength,
  type SafetensorsHeader,
  type TensorInfo,
  wrong,
} from "./safetensors-header.ts";

/** One read call is at most this long, so that an abort is not kept waiting by gigabytes. */
const MAX_READ_BYTES = 64 << 20;

/** Bytes `begin` .. `end` - 1 of the file; every TensorInfo is one. */
export type BytePlace = Pick<TensorInfo, "begin" | "end">;

/** Where some bytes of the file go. */
export interface FilePart {
  readonly place: BytePlace;
  readonly bytes: Uint8Array;
}

export interface SafetensorsFile extends AsyncDisposable {
  readonly path: string;
  readonly bytes: number;
  readonly header: SafetensorsHeader;
  /** Reads the bytes of a tensor, or of a part of one, as they are, onto shared memory unless the file was opened otherwise. */
  read(place: BytePlace): Promise<ArrayBufferLike>;
  /** The same into arrays, each as long as its place; places that follow each other in the file are read by one call. */
  readInto(parts: readonly FilePart[]): Promise<void>;
  close(): Promise<void>;
}

export interface SafetensorsOptions {
  /**
   * False: tensors land on memory of this thread, which the runtime counts and collects in time when many are read one
   * after the other; shared memory it does not count. Default: true.
   */
  readonly shared?: boolean | undefined;
}

/** Opens `path` and checks its header. @throws FormatError for a missing file or a header that lies. */
export async function openSafetensors(path: string, options: SafetensorsOptions = {}): Promise<SafetensorsFile> {
  const allocate = (bytes: number): ArrayBufferLike =>
    options.shared === false ? new ArrayBuffer(bytes) : new SharedArrayBuffer(bytes);
  let file: FileHandle | null = null;
  try {
    file = await open(path, "r");
    const handle = file;
    const { size: bytes } = await handle.stat();
    const head = await readBytes(handle, path, 0, Math.min(LENGTH_BYTES, bytes), (n) => new ArrayBuffer(n));
    const length = parseHeaderLength(path, new Uint8Array(head), bytes);
    const json = await readBytes(handle, path, LENGTH_BYTES, length, (n) => new ArrayBuffer(n));
    const header = parseHeader(path, new Uint8Array(json), bytes);
    const close = (): Promise<void> => handle.close();
    return {
      path,
      bytes,
      header,
      read: ({ begin, end }) => readBytes(handle, path, begin, end - begin, allocate),
      readInto: (parts) => fillParts(handle, path, parts),
      close,
      [Symbol.asyncDispose]: close,
    };
  } catch (error) {
    await file?.close();
    throw toFileError(error, path, "read");
  }
}

async function readBytes<B extends ArrayBufferLike>(
  file: FileHandle,
  path: string,
  position: number,
  length: number,
  allocate: (bytes: number) => B,
): Promise<B> {
  try {
    const buffer = allocate(length);
    await fillBytes(file, path, position, new Uint8Array(buffer));
    return buffer;
  } catch (error) {
    throw toFileError(error, path, "read");
  }
}

/** Fills the parts, runs of them that follow each other in the file by one read each. */
async function fillParts(file: FileHandle, path: string, parts: readonly FilePart[]): Promise<void> {
  for (const { place, bytes } of parts) {
    const length = place.end - place.begin;
    if (bytes.length !== length) throw new RangeError(`${bytes.length} bytes for a place of ${length}`);
  }
  const sorted = parts.toSorted((a, b) => a.place.begin - b.place.begin);
  const runs: { readonly begin: number; end: number; readonly buffers: Uint8Array[] }[] = [];
  for (const { place, bytes } of sorted) {
    const run = runs.at(-1);
    if (run?.end === place.begin && place.end - run.begin <= MAX_READ_BYTES) {
      run.buffers.push(bytes);
      run.end = place.end;
    } else runs.push({ begin: place.begin, end: place.end, buffers: [bytes] });
  }
  // Nobody may still be writing into the arrays when this fails.
  const reads = await Promise.allSettled(
    runs.map(async ({ begin, end, buffers }) => {
      const [first] = buffers;
      if (first === undefined) return;
      const read = buffers.length === 1 ? 0 : await readBuffers(file, path, begin, buffers);
      if (read === end - begin) return;
      // A read may be short: what is missing is read part by part.
      let at = begin;
      for (const bytes of buffers) {
        const done = Math.min(bytes.length, Math.max(0, begin + read - at));
        await fillBytes(file, path, at + done, bytes.subarray(done));
        at += bytes.length;
      }
    }),
  );
  for (const read of reads) if (read.status === "rejected") throw read.reason;
}

async function readBuffers(file: FileHandle, path: string, position: number, buffers: Uint8Array[]): Promise<number> {
  try {
    return (await file.readv(buffers, position)).bytesRead;
  } catch (error) {
    throw toFileError(error, path, "read");
  }
}

/** Fills `bytes` from `position` on. */
async function fillBytes(file: FileHandle, path: string, position: number, bytes: Uint8Array): Promise<void> {
  const { length } = bytes;
  try {
    for (let done = 0; done < length; ) {
      const { bytesRead } = await file.read(bytes, done, Math.min(MAX_READ_BYTES, length - done), position + done);
      if (bytesRead === 0) throw new FormatError(path, null, `ends at byte ${position + done} while it is being read`);
      done += bytesRead;
    }
  } catch (error) {
    throw toFileError(error, path, "read");
  }
}

/** A one-dimensional tensor that must be there with one of `dtypes`. @throws FormatError */
export function expectTensor(file: SafetensorsFile, name: string, dtypes: readonly string[]): TensorInfo {
  const tensor = file.header.tensors.get(name);
  if (tensor === undefined) throw new FormatError(file.path, null, `tensor ${name} is missing`);
  if (!dtypes.includes(tensor.dtype)) {
    throw wrong(file.path, `tensor ${name}: dtype`, tensor.dtype, dtypes.join(" or "));
  }
  if (tensor.shape.length !== 1) throw wrong(file.path, `tensor ${name}: shape`, tensor.shape, "one dimension");
  return tensor;
}
