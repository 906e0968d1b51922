// `gossamer study challenge`: each size of the challenge, plain and compiled, in every rows mode; the float64 reference
// says of a sample of rows whether the categories are right. What is there already is not run again.

import { existsSync } from "node:fs";
import { appendFile, readFile } from "node:fs/promises";
import { join } from "node:path";
import { makeRandom } from "../../core/random.ts";
import { openInputSource } from "../../data/open-input-source.ts";
import { openNetwork } from "../../data/read-network.ts";
import { readTruth } from "../../data/truth.ts";
import { writeInputsFile } from "../../data/inputs-file.ts";
import { TWELVE_SCHEMA, type TwelveRecord } from "../../report/study/twelve-table.ts";
import type { RunRecord } from "../../report/run-record.ts";
import { runCommand } from "./command-run.ts";
import { referenceVerdicts } from "./reference-verdicts.ts";
import { type ChallengeSize, DEGREE, officialCategories } from "./sizes.ts";

export interface TwelveOptions {
  readonly sizes: readonly ChallengeSize[];
  /** Folder of the records, and of inputs and networks that are made once. */
  readonly folder: string;
  readonly data: string;
  readonly seed: number;
  /** No run is begun after so many seconds. */
  readonly seconds: number;
  readonly signal: AbortSignal;
  readonly onStep: (name: string) => void;
  readonly onProgress: (share: number) => void;
  readonly say: (text: string) => void;
}

const RECORDS = "records.jsonl";
/** Weights x rows of a run that computes everything: some seconds. */
const ALL_EDGES = 5e10;
const MIN_ALL_ROWS = 32;
const ROWS_OF_A_KIND = 2;

/** The records of a folder, oldest first; none where it has none. */
export async function readTwelve(folder: string): Promise<TwelveRecord[]> {
  const path = join(folder, RECORDS);
  if (!existsSync(path)) return [];
  const lines = (await readFile(path, "utf8")).split("\n").filter((line) => line !== "");
  return lines.map((line) => JSON.parse(line) as TwelveRecord);
}

/** Runs what the folder lacks. @throws ResourceError, InterruptedError */
export async function runTwelve(options: TwelveOptions): Promise<void> {
  const { sizes, folder, say } = options;
  const until = performance.now() + options.seconds * 1000;
  const done = new Set((await readTwelve(folder)).map(keyOf));
  const verdicts: Verdicts = new Map();
  for (const size of sizes) {
    for (const rowMode of ["distinct", "nonzero", "all"] as const) {
      for (const network of ["plain", "compiled"] as const) {
        const key = keyOf({ ...size, network, rowMode });
        if (done.has(key)) continue;
        if (performance.now() > until) {
          say(`${key}: left out, the time is over`);
          continue;
        }
        const record = await runOne(options, verdicts, size, network, rowMode);
        await appendFile(join(folder, RECORDS), `${JSON.stringify(record)}\n`);
        say(`${key}: ${record.record.seconds.infer.toFixed(3)} s, ${record.record.categories.count} categories`);
      }
    }
  }
}

function keyOf({
  neurons,
  layers,
  network,
  rowMode,
}: Pick<TwelveRecord, "neurons" | "layers" | "network" | "rowMode">): string {
  return `${neurons}x${layers} ${network} ${rowMode}`;
}

/** What the reference said of rows of a size: the plain and the compiled network are asked the same. */
type Verdicts = Map<string, readonly boolean[]>;

async function runOne(
  options: TwelveOptions,
  verdicts: Verdicts,
  { neurons, layers }: ChallengeSize,
  network: "plain" | "compiled",
  rowMode: "distinct" | "nonzero" | "all",
): Promise<TwelveRecord> {
  const { data, seed, signal, onStep } = options;
  const name = `radixnet:${neurons}x${layers}:seed=${seed}`;
  const stem = join(data, `radixnet-${neurons}x${layers}-seed${seed}`);
  const inputs = join(data, `mnist-${neurons}.safetensors`);
  if (!existsSync(inputs)) {
    onStep(`making the inputs of ${neurons}`);
    await runCommand(["generate", "mnist", "--neurons", `${neurons}`, "--output", inputs], signal);
  }
  const plain = existsSync(`${stem}.safetensors`) ? `${stem}.safetensors` : name;
  const compiled = `${stem}.compiled.safetensors`;
  if (network === "compiled" && !existsSync(compiled)) {
    onStep(`compiling ${neurons} x ${layers}`);
    await runCommand(["compile", plain, "--output", compiled], signal);
  }
  const model = network === "plain" ? plain : compiled;
  const rows = rowMode === "all" ? await sampleRows(inputs, neurons, layers, data) : inputs;
  onStep(`${neurons} x ${layers}, ${network}, ${rowMode}`);
  const startedAt = new Date().toISOString();
  const found = join(options.folder, "categories.tsv");
  const args = [
    "infer",
    model,
    "--input",
    rows,
    "--rows",
    rowMode,
    "--seed",
    `${seed}`,
    "--json",
    "--categories",
    found,
  ];
  const { layers: _rows, choices: _choices, ...record } = JSON.parse(await runCommand(args, signal)) as RunRecord;
  const reference = rowMode === "distinct" ? await judge(options, verdicts, plain, rows, found) : null;
  const official = officialCategories(neurons);
  return {
    schema: TWELVE_SCHEMA,
    neurons,
    layers,
    network,
    rowMode,
    startedAt,
    reference,
    officialCategories: official,
    record,
  };
}

/** A file of the first rows, as many as compute everything in some seconds. */
async function sampleRows(inputs: string, neurons: number, layers: number, data: string): Promise<string> {
  await using source = await openInputSource(inputs, { ncols: neurons });
  const wanted = Math.max(MIN_ALL_ROWS, Math.floor(ALL_EDGES / (neurons * DEGREE * layers)));
  const count = Math.min(wanted, source.nrows);
  const path = join(data, `mnist-${neurons}-first-${count}.safetensors`);
  if (!existsSync(path)) await writeInputsFile(path, await source.readRows(0, count));
  return path;
}

/** Verdicts of the reference on some categories and some other rows. */
async function judge(
  { seed, signal, onStep, onProgress }: TwelveOptions,
  known: Verdicts,
  model: string,
  inputsPath: string,
  found: string,
): Promise<TwelveRecord["reference"]> {
  onStep("checking against float64");
  const categories = new Set(await readTruth(found));
  await using network = await openNetwork(model, { shared: false });
  await using inputs = await openInputSource(inputsPath, { ncols: network.inputs });
  const random = makeRandom(seed);
  const list = Array.from(categories);
  const rows = Array.from(
    { length: Math.min(ROWS_OF_A_KIND, list.length) },
    () => list[random.below(list.length)] ?? 0,
  );
  while (rows.length < 2 * ROWS_OF_A_KIND) {
    const row = random.below(inputs.nrows);
    if (!categories.has(row)) rows.push(row);
  }
  const key = `${model} ${rows.join(" ")}`;
  const verdicts = known.get(key) ?? (await referenceVerdicts(network, inputs, rows, { signal, onProgress }));
  known.set(key, verdicts);
  return { rows: rows.length, wrong: verdicts.filter((isLive, k) => isLive !== categories.has(rows[k] ?? -1)).length };
}
