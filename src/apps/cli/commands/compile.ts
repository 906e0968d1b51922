// `gossamer compile`: rewrites a network into a smaller one that computes the same. docs/compile.md has the proofs.

import type { Command } from "commander";
import { Option } from "commander";
import { UsageError } from "../../../core/errors.ts";
import { formatBytes, formatCount, formatSeconds } from "../../../core/units.ts";
import { PASSES, type Pass, resolveCompileOptions, SUM_RULES, type SumRule } from "../../../compile/passes.ts";
import { kindOfName } from "../../../data/file-kind.ts";
import type { SummaryLine } from "../../../report/summary.ts";
import { finiteNumber, wholeNumber } from "../arguments.ts";
import { type CompiledFile, compileFile } from "../compile-file.ts";
import { type CommandContext, print } from "../context.ts";
import { checkOutputFile } from "../output-path.ts";
import { formatLines, lookOf } from "../print-run.ts";
import { openProgress } from "../progress.ts";

export const COMPILE_SCHEMA = "gossamer.compile/1";

interface CompileFlags {
  readonly output: string;
  readonly passes: readonly Pass[];
  readonly sums: SumRule;
  readonly keepOutputs?: true;
  readonly layers?: number;
  readonly bias?: number;
  readonly json?: true;
  readonly quiet?: true;
}

const HELP = `
Passes:
  unread     drop neurons that nobody reads
  zeros      drop stored weights of value zero
  constants  fold neurons that read nothing into the biases of their readers
  equal      merge neurons of the same inputs, weights, bias and activation
  order      number hidden neurons so that those read together lie together
Equal layers are always stored once. Outputs keep their number and order.

Examples:
  gossamer compile neuron1024 --output small.safetensors
  gossamer compile network.safetensors --output small.safetensors --passes unread,equal --json
  gossamer infer small.safetensors --input sparse-images-1024.tsv.gz`;

export function addCompileCommand(program: Command, context: CommandContext): void {
  program
    .command("compile")
    .summary("rewrite a network into a smaller one that computes the same")
    .description("Drops, folds and merges neurons where that changes no output, and writes the rest as a network file.")
    .argument("<model>", "folder of layers, .safetensors file, or a name such as radixnet:1024x120:seed=1")
    .requiredOption("--output <file>", "network file to write, .safetensors")
    .option("--passes <list>", `which passes, separated by commas (default: ${PASSES.join(",")})`, readPasses, PASSES)
    .addOption(
      new Option("--sums <rule>", "sums of weights that float32 cannot hold: round them, or leave them apart")
        .choices(SUM_RULES)
        .default("rounded"),
    )
    .option("--keep-outputs", "leave the last layer's neurons unmerged, so that the file needs no output map")
    .option("--layers <n>", "only the first so many layers", wholeNumber(1))
    .option("--bias <b>", "bias of all neurons, for a folder of layers (default: the challenge's)", finiteNumber)
    .option("--json", "print one JSON object")
    .option("--quiet", "no progress on stderr")
    .addHelpText("after", HELP)
    .action(async (model: string, flags: CompileFlags) => {
      const { output, layers, bias, passes, sums } = flags;
      if (kindOfName(output) !== "safetensors") {
        throw new UsageError(`${output}: a compiled network is written as a .safetensors file`);
      }
      checkOutputFile(output, [model]);
      const settings = resolveCompileOptions({ passes, sums, keepOutputs: flags.keepOutputs === true });
      using progress = openProgress(flags.quiet === true);
      const started = performance.now();
      const result = await compileFile(model, output, { layers, bias }, settings, { signal: context.signal, progress });
      const seconds = (performance.now() - started) / 1000;
      if (flags.json === true) print(JSON.stringify(recordOf(model, output, result, seconds), null, 2));
      else print(formatLines(linesOf(output, result, seconds), lookOf(process.stdout)));
    });
}

/** @throws UsageError naming the pass that is unknown. */
function readPasses(text: string): readonly Pass[] {
  const names = text.split(",").map((name) => name.trim());
  const unknown = names.find((name) => !PASSES.some((pass) => pass === name));
  if (unknown !== undefined) {
    throw new UsageError(`--passes has "${unknown}", expected some of ${PASSES.join(", ")}, separated by commas`);
  }
  return PASSES.filter((pass) => names.includes(pass));
}

function recordOf(model: string, output: string, result: CompiledFile, seconds: number): object {
  const { report, layerCount, inputs, outputs, lastNeurons, sharedLayers, bytes } = result;
  return {
    schema: COMPILE_SCHEMA,
    model,
    output,
    network: { layers: layerCount, inputs, outputs },
    before: { ...report.before, bytes: bytes.before },
    after: { ...report.after, bytes: bytes.after },
    passes: report.passes,
    rounds: report.rounds,
    sharedLayers,
    outputMap: lastNeurons === outputs ? null : { outputs, neurons: lastNeurons },
    seconds: { rewrite: report.rewriteSeconds, total: seconds },
  };
}

function linesOf(output: string, result: CompiledFile, seconds: number): SummaryLine[] {
  const { report, layerCount, outputs, lastNeurons, sharedLayers, bytes } = result;
  const { before, after } = report;
  const lines: SummaryLine[] = [
    [
      "weights",
      `${formatCount(before.weights)} before, ${formatCount(after.weights)} after${times(before.weights, after.weights)}`,
    ],
    [
      "neurons",
      `${formatCount(before.neurons)} before, ${formatCount(after.neurons)} after${times(before.neurons, after.neurons)}`,
    ],
  ];
  for (const { pass, neurons, weights, moved, seconds: spent } of report.passes) {
    const gone =
      neurons + weights === 0 ? [] : [`${formatCount(neurons)} neurons, ${formatCount(weights)} weights gone`];
    const found =
      [...gone, ...(moved === 0 ? [] : [`${formatCount(moved)} neurons moved`])].join(", ") || "nothing to do";
    lines.push([pass, `${found}, ${formatSeconds(spent)}`]);
  }
  lines.push(["layers", `${formatCount(layerCount)}, ${formatCount(sharedLayers)} stored with an equal one before`]);
  if (lastNeurons !== outputs) {
    lines.push(["outputs", `${formatCount(outputs)}, mapped to ${formatCount(lastNeurons)} neurons of the last layer`]);
  }
  lines.push(
    ["file", `${output}, ${formatBytes(bytes.after)} (was ${formatBytes(bytes.before)})`],
    ["seconds", `${formatSeconds(seconds)} in ${report.rounds === 1 ? "one round" : `${report.rounds} rounds`}`],
  );
  if (before.weights === after.weights && before.neurons === after.neurons) {
    const moved = report.passes.some((pass) => pass.moved > 0);
    lines.unshift(["result", `nothing to remove: the network is written ${moved ? "in another order" : "as it is"}`]);
  }
  return lines;
}

function times(before: number, after: number): string {
  return after === 0 || after === before ? "" : ` (${(before / after).toFixed(1)} x fewer)`;
}
