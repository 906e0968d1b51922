// docs/product.md from the records of the cells: which ran in full, what came of them, and how long the rest would take.

import { STRATEGIES } from "../../engine/options.ts";
import { HASH_MODES } from "../../partition/hashing.ts";
import { summarize } from "../../report/statistics.ts";
import type { CellRecord } from "./cell-records.ts";
import { CELLS_PER_PAIR, listCells, PRODUCT_PAIRS, PRODUCT_WORKERS, pairName } from "./cells.ts";

const HEADER = [
  "pair",
  `cells of ${CELLS_PER_PAIR}`,
  `strategies of ${STRATEGIES.length}`,
  `hashings of ${HASH_MODES.length}`,
  `workers of ${PRODUCT_WORKERS.length}`,
  "right",
  "computed edges",
  "median seconds",
  "the rest, hours",
];

/** The page, as Markdown. */
export function makeProductPage(records: readonly CellRecord[]): string {
  const [first] = records;
  const wrong = records.filter(isWrong);
  const lines = [
    "# The product in full",
    "",
    "Every strategy x hashing x format pair x number of workers must name the official categories. The tests run all of it on a",
    "cut (30 layers, 2000 rows, 300 with dense weights: `src/engine/product.test.ts`). `node scripts/nightly.mjs --minutes 60`",
    "runs cells in full, on the official network and all rows (`--rows distinct`), for as long as it may, goes on where the last",
    "night stopped, and writes `records/product/cells.jsonl`; `node scripts/nightly.mjs --page` makes this page from it; do not edit.",
    "",
    first === undefined
      ? "Nothing has run yet."
      : `${records.length} of ${listCells().length} cells ran in full (${first.network}, ${first.layers} layers, ${first.rows} rows); ` +
        `${records.length - wrong.length} named the official categories, none missing and none extra; ${wrong.length} did not.`,
    "",
    "Cells are taken in an order in which few cells meet every strategy, hashing and number of workers; dear pairs come up",
    "less often. Times are of shared machines under other load, with 1, 2 and 3 workers: they say how long a night must be,",
    "not which pair is fast. _The rest_ is the median times the cells that have not run; a pair of which nothing ran has none.",
    "",
    `| ${HEADER.join(" | ")} |`,
    `|${HEADER.map(() => "---|").join("")}`,
    ...PRODUCT_PAIRS.map((pair) =>
      row(
        pairName(pair),
        records.filter((record) => pairName(record) === pairName(pair)),
      ),
    ),
    "",
    ...reasons(records),
    "",
  ];
  return lines.join("\n");
}

export function isWrong({ missing, extra }: CellRecord): boolean {
  return missing > 0 || extra > 0;
}

function row(name: string, mine: readonly CellRecord[]): string {
  const distinct = (pick: (record: CellRecord) => unknown): string => `${new Set(mine.map(pick)).size}`;
  const rest = CELLS_PER_PAIR - mine.length;
  const median = mine.length === 0 ? null : summarize(mine.map(({ inferSeconds }) => inferSeconds)).median;
  const edges = mine.length === 0 ? null : summarize(mine.map(({ computedEdges }) => computedEdges)).median;
  const cells = [
    name,
    `${mine.length}`,
    distinct(({ strategy }) => strategy),
    distinct(({ hash }) => hash),
    distinct(({ workers }) => workers),
    `${mine.filter((record) => !isWrong(record)).length}`,
    edges === null ? "" : `${(edges / 1e9).toFixed(1)} G`,
    median === null ? "" : median.toFixed(1),
    median === null ? "" : ((median * rest) / 3600).toFixed(1),
  ];
  return `| ${cells.join(" | ")} |`;
}

/** Why some cells have not run. */
function reasons(records: readonly CellRecord[]): string[] {
  if (records.length === listCells().length) return [];
  const none = PRODUCT_PAIRS.filter((pair) => !records.some((record) => pairName(record) === pairName(pair)));
  if (records.length === 0) return [];
  return [
    "The cells that have not run would take the hours in the last column. Dense weights have 1024 entries in a column where the",
    "network has 32.",
    ...(none.length === 0 ? [] : ["", `Nothing ran in full of: ${none.map(pairName).join(", ")}.`]),
  ];
}
