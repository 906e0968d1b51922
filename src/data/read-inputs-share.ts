// One of several shares of the inputs in a file, for ranks that read a file together: together the shares hold every entry
// once, and none holds all. A plain file of triples is cut by bytes; a gzipped one has to be unpacked by everybody, who
// keeps every k-th block of entries.

import { checkInteger } from "../core/checks.ts";
import type { CsrMatrix } from "../sparse/matrix.ts";
import { assembleCsr } from "./assemble.ts";
import { probeFile } from "./byte-source.ts";
import { toFileError } from "./file-errors.ts";
import { detectKind } from "./file-kind.ts";
import { readMatrixMarketHead } from "./matrix-market.ts";
import { checkShape, MAX_DIMENSION } from "./read-inputs.ts";
import { emptyFileError, type ReadJob, type TripleEncoding } from "./read-job.ts";
import { type ReadOptions, runReadJobs } from "./read-options.ts";
import { splitFile } from "./split-file.ts";
import { checkBinarySize } from "./triples-binary.ts";
import { MAX_INPUT_ROWS } from "./triples.ts";

export interface ShareOptions extends ReadOptions {
  /** Features of a row: the inputs of the network. */
  readonly ncols: number;
  readonly share: number;
  readonly shares: number;
}

export interface InputsShare {
  /** The entries of this share; nrows is one more than the largest row among them. */
  readonly matrix: CsrMatrix;
  /** Entries before duplicates were added up. */
  readonly entries: number;
  /** What the file says of itself, where it does. */
  readonly declared: { readonly nrows: number; readonly nnz: number } | null;
}

/** Reads a share of .tsv, .bin or .mtx (each also .gz). @throws FormatError, UsageError, ResourceError, InterruptedError */
export async function readInputsShare(path: string, options: ShareOptions): Promise<InputsShare> {
  checkInteger(options.ncols, 1, MAX_DIMENSION, "ncols");
  checkInteger(options.share, 0, options.shares - 1, "share");
  const kind = detectKind(path);
  const { bytes, gzip } = probeFile(path);
  if (bytes === 0) throw emptyFileError(path);
  if (kind === "matrix-market") {
    const head = await readMatrixMarketHead(path, gzip);
    checkShape(path, head, options);
    const encoding = head.pattern ? "pattern" : "text";
    const { matrix, entries } = await readShare(path, encoding, head.bytes, head.nrows, options);
    return { matrix, entries, declared: { nrows: head.nrows, nnz: head.nnz } };
  }
  if (kind === "binary" && !gzip) checkBinarySize(path, bytes);
  const encoding = kind === "binary" ? "binary" : "text";
  return { ...(await readShare(path, encoding, 0, MAX_INPUT_ROWS, options)), declared: null };
}

async function readShare(
  path: string,
  encoding: TripleEncoding,
  begin: number,
  maxRow: number,
  options: ShareOptions,
): Promise<{ matrix: CsrMatrix; entries: number }> {
  const { ncols, share, shares } = options;
  const { bytes, gzip } = probeFile(path);
  const common = { encoding, maxRow, maxCol: ncols, want: "part" as const };
  const jobs: ReadJob[] = [];
  if (gzip) {
    const range = { path, gzip, begin, end: Number.POSITIVE_INFINITY };
    jobs.push({ ...common, range, blocks: { share, of: shares } });
  } else {
    const boundaries = splitFile(path, encoding, begin, bytes, shares);
    for (let k = 0; k + 1 < boundaries.length; k++) {
      if (Math.floor((k * shares) / (boundaries.length - 1)) !== share) continue;
      jobs.push({ ...common, range: { path, gzip, begin: boundaries[k]!, end: boundaries[k + 1]! } });
    }
  }
  const results = await runReadJobs(jobs, options, Math.ceil(bytes / shares), 1);
  const parts = results.map((result) => result.part!);
  const nrows = parts.reduce((max, part) => Math.max(max, part.maxMajor + 1), 0);
  try {
    const matrix = assembleCsr(parts, nrows, ncols, path);
    return { matrix, entries: parts.reduce((sum, part) => sum + part.nnz, 0) };
  } catch (error) {
    throw toFileError(error, path, "read");
  }
}
