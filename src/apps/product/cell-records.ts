// What became of each cell, one line a cell, only ever appended to. A line that was cut off in the middle is dropped.

import { appendFile, readFile, truncate } from "node:fs/promises";
import { FormatError } from "../../core/errors.ts";
import { withFileErrors } from "../../data/file-errors.ts";
import type { RowMode } from "../../engine/options.ts";
import type { Cell } from "./cells.ts";

export const CELL_SCHEMA = "gossamer.product/2";

export interface CellRecord extends Cell {
  readonly schema: typeof CELL_SCHEMA;
  readonly network: string;
  readonly layers: number;
  readonly rows: number;
  /** Which of them were computed. */
  readonly rowMode: RowMode;
  readonly categories: number;
  /** Against the official truth. */
  readonly missing: number;
  readonly extra: number;
  readonly computedEdges: number;
  readonly inferSeconds: number;
  readonly cpu: string;
  readonly cores: number;
  readonly node: string;
  /** ISO 8601. */
  readonly startedAt: string;
}

/** @throws FormatError for a line that is no such record, ResourceError */
export async function readCellRecords(path: string): Promise<CellRecord[]> {
  const bytes = await withFileErrors(path, "read", () =>
    readFile(path).catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return Buffer.alloc(0);
      throw error;
    }),
  );
  const end = bytes.lastIndexOf("\n") + 1;
  if (end < bytes.length) await withFileErrors(path, "write", () => truncate(path, end));
  const lines = bytes.toString("utf8", 0, end).split("\n").slice(0, -1);
  return lines.map((line, k) => parse(path, k + 1, line));
}

function parse(path: string, line: number, text: string): CellRecord {
  try {
    const record = JSON.parse(text) as CellRecord | null;
    if (record?.schema === CELL_SCHEMA) return record;
  } catch (error) {
    throw new FormatError(path, line, "is no JSON, expected the record of a cell", { cause: error });
  }
  throw new FormatError(path, line, `is no record of a cell, expected schema ${CELL_SCHEMA}`);
}

/** @throws ResourceError */
export async function appendCellRecord(path: string, record: CellRecord): Promise<void> {
  await withFileErrors(path, "write", () => appendFile(path, `${JSON.stringify(record)}\n`));
}
