// Triples as text or as 12-byte records, in chunks: what the readers of triples read back exactly. Numbers are the
// shortest decimals that give the same float32.

import { type CscMatrix, type CsrMatrix, entryValue } from "../sparse/matrix.ts";
import { ENTRY_BYTES } from "./triples-binary.ts";

const CHUNK_BYTES = 1 << 18;
/** Two numbers of ten digits, a value of at most 15 characters, two separators and a line end. */
const MAX_LINE_BYTES = 40;
const ZERO = 48;

/** Significant digits from which a decimal may already give back its float32, and from which it always does. */
const MIN_DIGITS = 6;
const MAX_DIGITS = 9;

/**
 * Lines "row SEPARATOR column SEPARATOR value", 1-based, in stored order (by columns for CSC, by rows for CSR).
 * @param firstRow number (0-based) of the matrix's first row
 */
export function* formatText(matrix: CscMatrix | CsrMatrix, separator: "\t" | " ", firstRow = 0): Generator<Uint8Array> {
  const gap = separator.charCodeAt(0);
  let bytes = new Uint8Array(CHUNK_BYTES);
  let at = 0;
  let lastValue = Number.NaN;
  let lastText: Uint8Array = new Uint8Array(0);
  for (const { row, col, value } of eachEntry(matrix)) {
    if (at + MAX_LINE_BYTES > CHUNK_BYTES) {
      yield bytes.subarray(0, at);
      bytes = new Uint8Array(CHUNK_BYTES);
      at = 0;
    }
    at = putInteger(bytes, at, firstRow + row + 1);
    bytes[at++] = gap;
    at = putInteger(bytes, at, col + 1);
    bytes[at++] = gap;
    if (!Object.is(value, lastValue)) {
      lastText = new TextEncoder().encode(`${formatFloat32(value)}\n`);
      lastValue = value;
    }
    bytes.set(lastText, at);
    at += lastText.length;
  }
  yield bytes.subarray(0, at);
}

/** Records of u32 row, u32 column, f32 value, little-endian, 1-based. @param firstRow as in formatText */
export function* formatBinary(matrix: CscMatrix | CsrMatrix, firstRow = 0): Generator<Uint8Array> {
  const perChunk = Math.floor(CHUNK_BYTES / ENTRY_BYTES);
  let view = new DataView(new ArrayBuffer(perChunk * ENTRY_BYTES));
  let at = 0;
  for (const { row, col, value } of eachEntry(matrix)) {
    if (at === view.byteLength) {
      yield new Uint8Array(view.buffer);
      view = new DataView(new ArrayBuffer(perChunk * ENTRY_BYTES));
      at = 0;
    }
    view.setUint32(at, firstRow + row + 1, true);
    view.setUint32(at + 4, col + 1, true);
    view.setFloat32(at + 8, value, true);
    at += ENTRY_BYTES;
  }
  yield new Uint8Array(view.buffer, 0, at);
}

/** The shortest decimal whose nearest float32 is `value`. */
export function formatFloat32(value: number): string {
  if (Object.is(value, -0)) return "-0";
  for (let digits = MIN_DIGITS; digits < MAX_DIGITS; digits++) {
    const decimal = Number(value.toPrecision(digits));
    if (Math.fround(decimal) === value) return String(decimal);
  }
  return String(Number(value.toPrecision(MAX_DIGITS)));
}

interface Entry {
  row: number;
  col: number;
  value: number;
}

/** Every stored entry, in ONE record that changes from step to step. */
function* eachEntry(matrix: CscMatrix | CsrMatrix): Generator<Readonly<Entry>> {
  const byColumns = matrix.format === "csc";
  const ptr = byColumns ? matrix.colPtr : matrix.rowPtr;
  const idx = byColumns ? matrix.rowIdx : matrix.colIdx;
  const entry: Entry = { row: 0, col: 0, value: 0 };
  for (let k = 0; k + 1 < ptr.length; k++) {
    for (let p = ptr[k]!; p < ptr[k + 1]!; p++) {
      entry.row = byColumns ? idx[p]! : k;
      entry.col = byColumns ? k : idx[p]!;
      entry.value = entryValue(matrix, p);
      yield entry;
    }
  }
}

function putInteger(bytes: Uint8Array, begin: number, value: number): number {
  let digits = 1;
  for (let limit = 10; value >= limit; limit *= 10) digits++;
  let left = value;
  for (let at = begin + digits - 1; at >= begin; at--) {
    const tens = Math.floor(left / 10);
    bytes[at] = ZERO + left - tens * 10;
    left = tens;
  }
  return begin + digits;
}
