// `node scripts/nightly.mjs`: cells of the product in full, for as many minutes as given; or the page of those that ran.

import { mkdirSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { Command, InvalidArgumentError, Option } from "commander";
import { GossamerError } from "../../core/errors.ts";
import { mnistInputs } from "../../data/generate/mnist.ts";
import { readNetwork } from "../../data/read-network.ts";
import { readTruth } from "../../data/truth.ts";
import { writeAtomically } from "../../data/write-atomically.ts";
import { runtimeFacts } from "../cli/runtime.ts";
import { type CellRecord, readCellRecords } from "./cell-records.ts";
import { cellName, listCells, PRODUCT_PAIRS, pairName } from "./cells.ts";
import { isWrong, makeProductPage } from "./product-page.ts";
import { runCells } from "./run-cells.ts";

interface Options {
  readonly records: string;
  readonly challenge?: string;
  readonly minutes: number;
  readonly pairs: readonly string[];
  readonly cells: number;
  readonly page?: true | string;
}

const PAGE = "docs/product.md";

/** Exit status: 0 all cells right, 1 some are wrong, 2 wrong usage, 3 another failure. */
export async function main(argv: readonly string[]): Promise<void> {
  const names = PRODUCT_PAIRS.map(pairName);
  const command = new Command("nightly")
    .description("The product of strategies, hashings, format pairs and workers on the official network in full.")
    .option("--records <file>", "file of the records", "records/product/cells.jsonl")
    .option("--challenge <folder>", "the official network and categories", process.env["GOSSAMER_CHALLENGE"])
    .option("--minutes <n>", "begin no cell after so many minutes", parseCount, 60)
    .addOption(
      new Option("--pairs <list>", `comma list of pairs: ${names.join(", ")}`)
        .argParser((text) => parsePairs(text, names))
        .default(names, "all"),
    )
    .option("--cells <n>", "at most so many cells of each pair, those that have run included", parseCount, Infinity)
    .option("--page [file]", "write the page of the records and run nothing")
    .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2));
  command.parse(argv);
  try {
    await run(command.opts<Options>());
  } catch (error) {
    if (!(error instanceof GossamerError)) throw error;
    console.error(`nightly: ${error.message}`);
    process.exitCode = 3;
  }
}

async function run(options: Options): Promise<void> {
  const before = await readCellRecords(options.records);
  if (options.page !== undefined) {
    const path = options.page === true ? PAGE : options.page;
    const page = makeProductPage(before);
    await writeAtomically(path, (temporary) => writeFile(temporary, page), new AbortController().signal);
    return;
  }
  const { challenge } = options;
  if (challenge === undefined) {
    console.error("nightly: where is the official network? give --challenge, or set GOSSAMER_CHALLENGE");
    process.exitCode = 2;
    return;
  }
  mkdirSync(dirname(options.records), { recursive: true });
  const added = await runCells(chooseCells(options), before, {
    path: options.records,
    networkName: "neuron1024",
    network: await readNetwork(`${challenge}/neuron1024`, {}),
    inputs: await mnistInputs({ side: 32 }),
    truth: await readTruth(`${challenge}/neuron1024-l120-categories.tsv`),
    runtime: runtimeFacts(),
    limitMs: options.minutes * 60_000,
    onCell: say,
  });
  const wrong = added.filter(isWrong).length;
  console.error(`${added.length} cells ran, ${wrong} were wrong`);
  if (wrong > 0) process.exitCode = 1;
}

function chooseCells({ pairs, cells }: Options): ReturnType<typeof listCells> {
  const seen = new Map<string, number>();
  return listCells().filter((cell) => {
    const name = pairName(cell);
    const count = (seen.get(name) ?? 0) + 1;
    seen.set(name, count);
    return pairs.includes(name) && count <= cells;
  });
}

function say(record: CellRecord): void {
  const verdict = isWrong(record) ? `WRONG: ${record.missing} missing, ${record.extra} extra` : "right";
  console.error(`${cellName(record)}: ${record.inferSeconds.toFixed(1)} s, ${verdict}`);
}

function parsePairs(text: string, names: readonly string[]): readonly string[] {
  const given = text.split(",").map((name) => name.trim());
  const strange = given.find((name) => !names.includes(name));
  if (strange !== undefined) throw new InvalidArgumentError(`"${strange}" is none of ${names.join(", ")}`);
  return given;
}

function parseCount(text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1) throw new InvalidArgumentError("expected a whole number from 1");
  return count;
}
