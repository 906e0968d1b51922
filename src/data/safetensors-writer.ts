// Writes a safetensors file tensor by tensor in bounded memory. The header comes first in the file but is known last:
// room for it is left free, and what it does not need is filled with spaces, as the format allows.

import { type FileHandle, open } from "node:fs/promises";
import { InvariantError } from "../core/errors.ts";
import type { IndexArray } from "../sparse/matrix.ts";
import { LENGTH_BYTES } from "./safetensors-header.ts";

export type WrittenDtype = "U16" | "U32" | "F32";

export interface SafetensorsWriter extends AsyncDisposable {
  /** Appends a one-dimensional tensor. */
  write(name: string, dtype: WrittenDtype, elements: IndexArray | Float32Array): Promise<void>;
  /** Writes the header; nothing may follow. */
  finish(metadata: Readonly<Record<string, string>>): Promise<void>;
}

const ALIGNMENT_BYTES = 8;

/** Creates `path`, leaving `headerBytes` for the header. Disposing closes the file, finished or not. */
export async function openSafetensorsWriter(path: string, headerBytes: number): Promise<SafetensorsWriter> {
  const file = await open(path, "wx");
  const header = Math.ceil(headerBytes / ALIGNMENT_BYTES) * ALIGNMENT_BYTES;
  const dataBegin = LENGTH_BYTES + header;
  const tensors: Record<string, object> = {};
  let end = 0;
  return {
    async write(name, dtype, elements) {
      const bytes = new Uint8Array(elements.buffer, elements.byteOffset, elements.byteLength);
      await writeFully(file, bytes, dataBegin + end);
      tensors[name] = { dtype, shape: [elements.length], data_offsets: [end, end + bytes.length] };
      end += bytes.length;
    },
    async finish(metadata) {
      const json = new TextEncoder().encode(JSON.stringify({ __metadata__: metadata, ...tensors }));
      if (json.length > header) {
        throw new InvariantError(`a header of ${json.length} bytes does not fit the ${header} left for it`);
      }
      const bytes = new Uint8Array(dataBegin).fill(0x20);
      new DataView(bytes.buffer).setBigUint64(0, BigInt(header), true);
      bytes.set(json, LENGTH_BYTES);
      await writeFully(file, bytes, 0);
    },
    [Symbol.asyncDispose]: () => file.close(),
  };
}

/** A write call may take fewer bytes than it is given. */
async function writeFully(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, position + done);
    done += bytesWritten;
  }
}
