// The header of a safetensors file, parsed and checked before anything in it is believed: u64 header length
// (little-endian), JSON of that length, then the tensors' bytes. Source: huggingface.co/docs/safetensors (format).
// Gaps between tensors are allowed here, overlaps are not.

import { FormatError } from "../core/errors.ts";

/** The limit of the reference implementation. */
export const MAX_HEADER_BYTES = 100_000_000;
export const LENGTH_BYTES = 8;

/** Bytes an element of each data type of the format. */
const DTYPE_BYTES: Readonly<Record<string, number>> = {
  BOOL: 1,
  U8: 1,
  I8: 1,
  F8_E4M3: 1,
  F8_E5M2: 1,
  F8_E8M0: 1,
  U16: 2,
  I16: 2,
  F16: 2,
  BF16: 2,
  U32: 4,
  I32: 4,
  F32: 4,
  U64: 8,
  I64: 8,
  F64: 8,
  C64: 8,
};

export interface TensorInfo {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  /** Product of the shape. */
  readonly count: number;
  /** Place in the file, in bytes from its start. */
  readonly begin: number;
  readonly end: number;
}

export interface SafetensorsHeader {
  readonly metadata: ReadonlyMap<string, string>;
  readonly tensors: ReadonlyMap<string, TensorInfo>;
}

/** Length of the JSON, from the file's first bytes. @throws FormatError when it cannot be true. */
export function parseHeaderLength(path: string, head: Uint8Array, fileBytes: number): number {
  if (head.length < LENGTH_BYTES) {
    throw new FormatError(path, null, `size is ${fileBytes} bytes, expected at least 8 (the header length)`);
  }
  const length = new DataView(head.buffer, head.byteOffset).getBigUint64(0, true);
  const most = Math.min(MAX_HEADER_BYTES, fileBytes - LENGTH_BYTES);
  if (length > most) {
    const reason = most === MAX_HEADER_BYTES ? "the format's limit" : `the file has ${fileBytes} bytes`;
    throw new FormatError(path, null, `header length is ${length}, expected at most ${most} (${reason})`);
  }
  return Number(length);
}

/** Parses and checks the JSON header of a file of `fileBytes` bytes. @throws FormatError naming the field. */
export function parseHeader(path: string, json: Uint8Array, fileBytes: number): SafetensorsHeader {
  const fields = parseObject(path, json);
  const dataBegin = LENGTH_BYTES + json.length;
  const metadata = new Map<string, string>();
  const tensors = new Map<string, TensorInfo>();
  for (const [name, value] of Object.entries(fields)) {
    if (name === "__metadata__") {
      for (const [key, text] of Object.entries(expectObject(path, "__metadata__", value))) {
        if (typeof text !== "string") throw wrong(path, `__metadata__.${key}`, text, "a string");
        metadata.set(key, text);
      }
    } else tensors.set(name, parseTensor(path, name, value, dataBegin, fileBytes));
  }
  checkOverlaps(path, tensors);
  return { metadata, tensors };
}

function parseObject(path: string, json: Uint8Array): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(json));
  } catch (error) {
    throw new FormatError(path, null, "the header is not JSON", { cause: error });
  }
  return expectObject(path, "the header", value);
}

function parseTensor(path: string, name: string, value: unknown, dataBegin: number, fileBytes: number): TensorInfo {
  const field = `tensor ${name}`;
  const { dtype, shape, data_offsets: offsets } = expectObject(path, field, value);
  const bytesEach = typeof dtype === "string" && Object.hasOwn(DTYPE_BYTES, dtype) ? DTYPE_BYTES[dtype] : undefined;
  if (typeof dtype !== "string" || bytesEach === undefined) {
    throw wrong(path, `${field}: dtype`, dtype, `one of ${Object.keys(DTYPE_BYTES).join(", ")}`);
  }
  if (!isCounts(shape)) throw wrong(path, `${field}: shape`, shape, "a list of whole numbers");
  if (!isCounts(offsets) || offsets.length !== 2) {
    throw wrong(path, `${field}: data_offsets`, offsets, "two whole numbers");
  }
  const count = shape.reduce((product, length) => product * length, 1);
  const [begin = 0, end = 0] = offsets;
  if (begin > end || end > fileBytes - dataBegin) {
    const wanted = `a rising range within the ${fileBytes - dataBegin} bytes of data`;
    throw wrong(path, `${field}: data_offsets`, offsets, wanted);
  }
  if (count * bytesEach !== end - begin) {
    const wanted = `the ${end - begin} bytes that its data_offsets give`;
    throw wrong(path, `${field}: shape`, shape, `${wanted} (${dtype}, ${bytesEach} bytes each)`);
  }
  return { name, dtype, shape, count, begin: dataBegin + begin, end: dataBegin + end };
}

function checkOverlaps(path: string, tensors: ReadonlyMap<string, TensorInfo>): void {
  const filled = Array.from(tensors.values()).filter((tensor) => tensor.end > tensor.begin);
  filled.sort((a, b) => a.begin - b.begin);
  for (let t = 1; t < filled.length; t++) {
    const before = filled[t - 1]!;
    const tensor = filled[t]!;
    if (tensor.begin < before.end) {
      throw new FormatError(path, null, `tensor ${tensor.name}: its bytes overlap those of tensor ${before.name}`);
    }
  }
}

/** @throws FormatError unless `value` is a JSON object. */
export function expectObject(path: string, field: string, value: unknown): Record<string, unknown> {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw wrong(path, field, value, "a JSON object");
}

function isCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((item) => Number.isSafeInteger(item) && item >= 0);
}

/** The error for a field that holds something else than expected. */
export function wrong(path: string, field: string, found: unknown, expected: string): FormatError {
  const text = found === undefined ? "missing" : JSON.stringify(found);
  const short = text.length > 60 ? `${text.slice(0, 60)}...` : text;
  return new FormatError(path, null, `${field} is ${short}, expected ${expected}`);
}
