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
  /** Leaves room for a tensor of `count` elements, which come piece by piece; several may be filled in turn. */
  reserve(name: string, dtype: WrittenDtype, count: number): TensorSlot;
  /** Writes the header; nothing may follow. */
  finish(metadata: Readonly<Record<string, string>>): Promise<void>;
}

/** A tensor that is being filled. */
export interface TensorSlot {
  /** Where in the file it begins, in bytes. */
  readonly begin: number;
  /** Leaves it to somebody else, who writes it from `begin` on. */
  leave(): void;
  /** The next elements. */
  append(elements: IndexArray | Float32Array): Promise<void>;
}

const ALIGNMENT_BYTES = 8;
const ELEMENT_BYTES: Readonly<Record<WrittenDtype, number>> = { U16: 2, U32: 4, F32: 4 };

/** Creates `path`, leaving `headerBytes` for the header. Disposing closes the file, finished or not. */
export async function openSafetensorsWriter(path: string, headerBytes: number): Promise<SafetensorsWriter> {
  const file = await open(path, "wx");
  const header = Math.ceil(headerBytes / ALIGNMENT_BYTES) * ALIGNMENT_BYTES;
  const dataBegin = LENGTH_BYTES + header;
  const tensors: Record<string, object> = {};
  let end = 0;
  let missingBytes = 0;
  const reserve = (name: string, dtype: WrittenDtype, count: number): TensorSlot => {
    const bytes = count * ELEMENT_BYTES[dtype];
    let position = dataBegin + end;
    tensors[name] = { dtype, shape: [count], data_offsets: [end, end + bytes] };
    end += bytes;
    missingBytes += bytes;
    return {
      begin: position,
      leave() {
        missingBytes -= bytes;
      },
      async append({ buffer, byteOffset, byteLength }) {
        const from = position;
        position += byteLength;
        missingBytes -= byteLength;
        await writeFully(file, new Uint8Array(buffer, byteOffset, byteLength), from);
      },
    };
  };
  return {
    write: (name, dtype, elements) => reserve(name, dtype, elements.length).append(elements),
    reserve,
    async finish(metadata) {
      if (missingBytes !== 0) throw new InvariantError(`${missingBytes} bytes of tensors are missing`);
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
