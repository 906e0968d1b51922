// The head of a Matrix Market coordinate file: banner, comments, size line. Its entries are text triples and are read
// as such. Only `general` matrices: the others leave out entries that would have to be mirrored, and inputs are not
// symmetric. Source: math.nist.gov/MatrixMarket/formats.html.

import { FormatError } from "../core/errors.ts";
import { readChunks } from "./byte-source.ts";

export interface MatrixMarketHead {
  readonly nrows: number;
  readonly ncols: number;
  readonly nnz: number;
  /** Entries have no values: all are 1. */
  readonly pattern: boolean;
  /** Where the first entry begins, in (decompressed) bytes. */
  readonly bytes: number;
}

const MAX_HEAD_BYTES = 1 << 20;
const BANNER = "%%MatrixMarket matrix coordinate";
const SIZES = "expected numbers of rows, columns and entries";

/** Reads the head. @throws FormatError with the line. */
export async function readMatrixMarketHead(path: string, gzip: boolean): Promise<MatrixMarketHead> {
  let text = "";
  for await (const chunk of readChunks({ path, gzip, begin: 0, end: Number.POSITIVE_INFINITY })) {
    text += new TextDecoder("latin1").decode(chunk);
    const head = parseHead(path, text);
    if (head !== null) return head;
    if (text.length > MAX_HEAD_BYTES) throw new FormatError(path, null, `no size line in the first MiB, ${SIZES}`);
  }
  if (text === "") throw new FormatError(path, null, `the file is empty, expected "${BANNER} ..."`);
  throw new FormatError(path, text.split("\n").length, `the file ends before its size line, ${SIZES}`);
}

/** The head, or null when `text` ends before the size line does. */
function parseHead(path: string, text: string): MatrixMarketHead | null {
  let begin = 0;
  let pattern = false;
  for (let line = 1; ; line++) {
    const end = text.indexOf("\n", begin);
    if (end < 0) return null;
    const words = text.slice(begin, end).trim();
    begin = end + 1;
    if (line === 1) pattern = parseBanner(path, words);
    else if (words !== "" && !words.startsWith("%")) {
      const [nrows = 0, ncols = 0, nnz = 0] = parseSizes(path, line, words);
      return { nrows, ncols, nnz, pattern, bytes: begin };
    }
  }
}

/** @returns true for a pattern. */
function parseBanner(path: string, line: string): boolean {
  const [banner, object, layout, field = "", symmetry] = line.toLowerCase().split(/\s+/);
  if (banner !== "%%matrixmarket" || object !== "matrix") {
    throw new FormatError(path, 1, `found ${JSON.stringify(line.slice(0, 60))}, expected "${BANNER} real general"`);
  }
  if (layout !== "coordinate") throw new FormatError(path, 1, `layout is ${layout}, expected coordinate`);
  if (!["real", "integer", "pattern"].includes(field)) {
    throw new FormatError(path, 1, `field is ${field}, expected real, integer or pattern`);
  }
  if (symmetry !== "general") throw new FormatError(path, 1, `symmetry is ${symmetry}, expected general`);
  return field === "pattern";
}

function parseSizes(path: string, line: number, words: string): number[] {
  const sizes = words.split(/\s+/);
  const isGood = sizes.length === 3 && sizes.every((size) => /^\d{1,15}$/.test(size));
  if (!isGood) throw new FormatError(path, line, `found ${JSON.stringify(words.slice(0, 60))}, ${SIZES}`);
  return sizes.map(Number);
}
