// The runs of the challenge's sizes as Markdown: docs/twelve.md. Every number comes from a record; the text is fixed.

import { formatBytes, formatCount, formatRate } from "../../core/units.ts";
import { edgesPerSecond } from "../rates.ts";
import type { RunRecord } from "../run-record.ts";

export const TWELVE_SCHEMA = "gossamer.twelve/1";

/** One line of a study of the challenge's sizes. */
export interface TwelveRecord {
  readonly schema: typeof TWELVE_SCHEMA;
  readonly neurons: number;
  readonly layers: number;
  readonly network: "plain" | "compiled";
  readonly rowMode: string;
  readonly startedAt: string;
  /** Float64 verdicts on a sample of the rows: how many, and how many differ; null where none was made. */
  readonly reference: { readonly rows: number; readonly wrong: number } | null;
  /** Categories of the official network of this size; of another permutation there may be a few more or less. */
  readonly officialCategories: number | null;
  /** Without what has an element a layer. */
  readonly record: Omit<RunRecord, "layers" | "choices">;
}

/** Of the challenge's networks. */
const WEIGHTS_PER_NEURON = 32;

/** Times that others published for the challenge, on their hardware. */
const PUBLISHED: readonly (readonly [who: string, seconds: string, what: string])[] = [
  ["Hasanzadeh Mofrad et al., 32 machines, 896 cores", "51", "65536 x 1920"],
  ["one V100", "61.5", "as published"],
  ["SNICIT, one A6000", "0.0134 and 0.689", "1024 x 120 and 65536 x 1920"],
  ["SuiteSparse:GraphBLAS, 20 cores", "1.4 to 3570", "from the smallest to the largest"],
];

/** The whole page. @param note what else a reader should know of the runs */
export function formatTwelve(unsorted: readonly TwelveRecord[], note: string | undefined): string {
  // A study that went on later has added runs of earlier sizes.
  const records = unsorted.toSorted((a, b) => a.neurons - b.neurons || a.layers - b.layers);
  const head = [
    ["neurons x layers", "network", "computed", "rows", "seconds", "read"],
    ["nominal edges/s", "computed edges/s", "peak memory", "categories", "official", "float64 sample"],
  ].flat();
  const machines = [...new Set(records.map(({ record: { runtime } }) => machineOf(runtime)))];
  const areSeveral = machines.length > 1;
  if (areSeveral) head.push("machine");
  return `${[
    "# The challenge's sizes",
    "",
    "Made by `gossamer study challenge`; do not edit. Every line is one run in a process of its own; the networks are",
    "RadiX-Nets with permutations of their own, so categories may differ from the official ones by a few. _Seconds_ is",
    "`seconds.infer`, for streamed networks with the reading of layers that it hides; _read_ is what was read before.",
    "`all` ran on a sample of the rows. _Nominal_ is rows x weights of the plain network, compiled or not. _float64 sample_:",
    "rows whose verdict a float64 reference shares, of those looked at.",
    "",
    ...machines.map((machine, k) => `Machine${areSeveral ? ` ${nameOf(k)}` : ""}: ${machine}.`),
    ...(note === undefined ? [] : ["", note]),
    "",
    row(head),
    row(head.map(() => "---")),
    ...records.map((one) =>
      row([...cellsOf(one), ...(areSeveral ? [nameOf(machines.indexOf(machineOf(one.record.runtime)))] : [])]),
    ),
    "",
    "## Published by others, on their hardware",
    "",
    "Not measured here, and not comparable but in what they say about the size of the task.",
    "",
    row(["who", "seconds", "size"]),
    row(["---", "---", "---"]),
    ...PUBLISHED.map(row),
  ].join("\n")}\n`;
}

function cellsOf({ neurons, layers, network, rowMode, reference, officialCategories, record }: TwelveRecord): string[] {
  const { seconds, edgesPerSecond: rates, memory, categories, rows, stream } = record;
  // A compiled network stands for the one that it was made from.
  const nominal = edgesPerSecond(rows * neurons * WEIGHTS_PER_NEURON * layers, seconds.infer);
  const isSample = rowMode === "all";
  return [
    `${neurons} x ${layers}`,
    stream === null ? network : `${network}, streamed`,
    rowMode,
    formatCount(rows),
    digits(seconds.infer),
    digits(seconds.read),
    rate(nominal),
    rate(rates.computed),
    formatBytes(memory.peakBytes),
    formatCount(categories.count),
    isSample || officialCategories === null ? "" : formatCount(officialCategories),
    reference === null ? "" : `${reference.rows - reference.wrong} of ${reference.rows}`,
  ];
}

/** Of a machine, where there are several. */
function nameOf(index: number): string {
  return String.fromCodePoint("A".charCodeAt(0) + index);
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(" | ")} |`;
}

function digits(seconds: number): string {
  return seconds.toPrecision(3);
}

function rate(perSecond: number | null): string {
  return perSecond === null ? "" : formatRate(perSecond).trim();
}

function machineOf({ cpu, cores, node }: RunRecord["runtime"]): string {
  return `${cpu}, ${cores} cores, Node ${node}`;
}
