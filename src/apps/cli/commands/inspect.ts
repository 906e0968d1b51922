// `gossamer inspect`: what a file or folder holds. Everything is read on the way, so a file that can be described is good.

import Table from "cli-table3";
import type { Command } from "commander";
import { formatBytes, formatCount } from "../../../core/units.ts";
import { describeFile, type FileDescription, type LayerFacts } from "../../../data/describe.ts";
import type { ValueFacts } from "../../../data/value-facts.ts";
import type { LayerRule } from "../../../network/layer-rule.ts";
import type { SummaryLine } from "../../../report/summary.ts";
import { type CommandContext, print } from "../context.ts";
import { formatLines, lookOf } from "../print-run.ts";
import { openProgress } from "../progress.ts";

interface InspectFlags {
  readonly json?: true;
  readonly quiet?: true;
}

const HELP = `
Examples:
  gossamer inspect neuron1024
  gossamer inspect network.safetensors --json
  gossamer inspect sparse-images-1024.tsv.gz`;

export function addInspectCommand(program: Command, context: CommandContext): void {
  program
    .command("inspect")
    .summary("say what a file or folder holds")
    .description("Reads a network, inputs or a truth file, checks it and says what it holds.")
    .argument("<path>", "file, folder of layers, or a name such as radixnet:1024x120:seed=1")
    .option("--json", "print one JSON object")
    .option("--quiet", "no progress on stderr")
    .addHelpText("after", HELP)
    .action(async (path: string, flags: InspectFlags) => {
      using progress = openProgress(flags.quiet === true);
      progress.step("reading");
      const description = await describeFile(path, {
        signal: context.signal,
        onProgress: ({ bytesDone, bytesTotal }) => progress.update(bytesDone / bytesTotal),
      });
      progress.end();
      if (flags.json === true) print(JSON.stringify(description, null, 2));
      else printDescription(description);
    });
}

function printDescription(description: FileDescription): void {
  const { path, format, bytes } = description;
  const lines: SummaryLine[] = [
    ["path", path],
    [
      "holds",
      `${description.kind} (${format}), ${formatBytes(bytes)} ${format === "generated" ? "if kept" : "on disk"}`,
    ],
  ];
  switch (description.kind) {
    case "network": {
      const { inputs, outputs, edges, layers } = description;
      lines.push(
        ["layers", formatCount(layers.length)],
        ["inputs", formatCount(inputs)],
        ["outputs", formatCount(outputs)],
        ["weights", formatCount(edges)],
      );
      break;
    }
    case "truth":
      lines.push(
        ["categories", formatCount(description.count)],
        ["rows", `${formatCount(description.firstRow)} to ${formatCount(description.lastRow)}`],
      );
      break;
    case "inputs":
    case "layer":
    case "triples": {
      const { nrows, ncols, nnz, values } = description.matrix;
      lines.push(
        ["rows", formatCount(nrows)],
        ["columns", formatCount(ncols)],
        ["nonzeros", formatCount(nnz)],
        ["values", describeValues(values)],
      );
      break;
    }
  }
  print(formatLines(lines, lookOf(process.stdout)));
  if (description.kind === "network") print(formatLayers(description.layers));
}

/** One line for every run of layers that are alike. */
function formatLayers(layers: readonly LayerFacts[]): string {
  const table = new Table({
    head: ["layers", "size", "weights", "values", "bias", "rule"],
    style: { head: [], border: [] },
  });
  let first = 0;
  layers.forEach((layer, l) => {
    const next = layers[l + 1];
    if (next !== undefined && lineOf(next).join() === lineOf(layer).join()) return;
    table.push([first === l ? `${l + 1}` : `${first + 1} to ${l + 1}`, ...lineOf(layer)]);
    first = l + 1;
  });
  return table.toString();
}

function lineOf({ nrows, ncols, nnz, values, bias, rule }: LayerFacts): string[] {
  const biasText = bias === null ? "unknown" : describeValues(bias);
  return [`${nrows} x ${ncols}`, formatCount(nnz), describeValues(values), biasText, describeRule(rule)];
}

function describeValues(values: ValueFacts | null): string {
  if (values === null) return "none";
  const { distinct, examples, min, max } = values;
  if (distinct === 1) return `all ${number(min)}`;
  if (distinct !== null && distinct === examples.length) return examples.map(number).join(", ");
  return `${distinct === null ? "many" : formatCount(distinct)} from ${number(min)} to ${number(max)}`;
}

function describeRule({ activation, biasRule }: LayerRule): string {
  const where = biasRule === "stored" ? "bias on nonzero sums" : "bias on all sums";
  switch (activation.kind) {
    case "clipped-relu":
      return `clipped-relu ${activation.low} to ${activation.high}, ${where}`;
    case "leaky-relu":
      return `leaky-relu slope ${activation.slope}, ${where}`;
    case "relu":
    case "sigmoid":
    case "tanh":
    case "identity":
    case "softmax":
      return `${activation.kind}, ${where}`;
  }
}

/** As many digits as a float32 has. */
function number(value: number): string {
  return String(Number(value.toPrecision(7)));
}
