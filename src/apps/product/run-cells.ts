// Runs cells of the product one after the other and compares each with the truth. A cell that has a record is not run
// again, so that several nights add up.

import { openEngine } from "../../engine/engine.ts";
import { compareCategories } from "../../network/categories.ts";
import type { Network } from "../../network/network.ts";
import type { RuntimeFacts } from "../../report/run-record.ts";
import type { CsrMatrix } from "../../sparse/matrix.ts";
import { appendCellRecord, CELL_SCHEMA, type CellRecord } from "./cell-records.ts";
import { type Cell, cellName } from "./cells.ts";

/** Other modes would take nights, and tests of the cut cover `nonzero`. */
const ROW_MODE = "distinct";

export interface ProductOptions {
  /** File of the records. */
  readonly path: string;
  readonly networkName: string;
  readonly network: Network;
  readonly inputs: CsrMatrix;
  /** Rising row numbers from 0. */
  readonly truth: Uint32Array;
  readonly runtime: RuntimeFacts;
  /** No cell is begun after so many milliseconds. */
  readonly limitMs: number;
  readonly onCell: (record: CellRecord) => void;
}

/** @returns the records added. A wrong cell is recorded and does not end the night. */
export async function runCells(
  cells: readonly Cell[],
  before: readonly CellRecord[],
  options: ProductOptions,
): Promise<CellRecord[]> {
  const done = new Set(before.map(cellName));
  const started = performance.now();
  const added: CellRecord[] = [];
  for (const cell of cells) {
    if (performance.now() - started >= options.limitMs) break;
    if (done.has(cellName(cell))) continue;
    const record = await runCell(cell, options);
    await appendCellRecord(options.path, record);
    options.onCell(record);
    added.push(record);
  }
  return added;
}

async function runCell(
  cell: Cell,
  { network, networkName, inputs, truth, runtime }: ProductOptions,
): Promise<CellRecord> {
  const startedAt = new Date().toISOString();
  await using engine = await openEngine(network, { ...cell, rows: ROW_MODE, warmUp: false });
  const { categories, figures } = await engine.infer(inputs);
  const { missing, extra } = compareCategories(categories, truth);
  return {
    schema: CELL_SCHEMA,
    ...cell,
    network: networkName,
    layers: network.layers.length,
    rows: inputs.nrows,
    rowMode: ROW_MODE,
    categories: categories.length,
    missing,
    extra,
    computedEdges: figures.computedEdges,
    inferSeconds: figures.inferSeconds,
    ...runtime,
    startedAt,
  };
}
