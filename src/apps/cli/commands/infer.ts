// `gossamer infer`: reads a network and inputs, infers, compares with a truth, writes what was asked for, and prints the
// record of the run. Contract: docs/command-line.md.

import { type Command, Option } from "commander";
import { hostname } from "node:os";
import { type GridShape, parseGrid } from "../../../cluster/grid-shape.ts";
import { REDEAL_MODES, type RedealMode } from "../../../cluster/rank-driver.ts";
import { soloWorld } from "../../../cluster/world.ts";
import { FormatError, UsageError } from "../../../core/errors.ts";
import { kindOfName } from "../../../data/file-kind.ts";
import { readTruth, writeCategories } from "../../../data/truth.ts";
import { writeInputs } from "../../../data/write-inputs.ts";
import { openEngine } from "../../../engine/engine.ts";
import type { InferenceResult } from "../../../engine/result.ts";
import type { Network } from "../../../network/network.ts";
import type { CsrMatrix } from "../../../sparse/matrix.ts";
import { compareCategories } from "../../../network/categories.ts";
import { isUnderLauncher } from "../../../mpi/launcher.ts";
import { makeRunRecord } from "../../../report/run-record.ts";
import { categoryActivations } from "../category-activations.ts";
import { finiteNumber, seedNumber, wholeNumber } from "../arguments.ts";
import type { CommandContext } from "../context.ts";
import { openForStreaming, sharedMemoryBytes, STREAM_MODES, type StreamMode } from "../choose-stream.ts";
import { addEngineFlags, type EngineFlags, engineOptionsOf } from "../engine-options.ts";
import { checkOutputFile } from "../output-path.ts";
import { openProgress } from "../progress.ts";
import { asRank } from "../rank-runs.ts";
import { readModelAndInputs } from "../read-model.ts";
import { reportRun } from "../report-run.ts";
import { inferStreamed } from "./infer-streamed.ts";
import { writeTrace } from "../trace-file.ts";
import { peakMemoryBytes, processSeconds, runtimeFacts } from "../runtime.ts";
import { inferOnRanks } from "./infer-on-ranks.ts";

export interface InferFlags extends EngineFlags {
  readonly grid?: GridShape;
  readonly stream: StreamMode;
  readonly redeal: RedealMode;
  readonly checkpoint?: string;
  readonly checkpointSeconds: number;
  readonly input: string;
  readonly truth?: string;
  readonly layers?: number;
  readonly bias?: number;
  readonly output?: string;
  readonly categories?: string;
  readonly trace?: string;
  readonly seed: number;
  readonly json?: true;
  readonly quiet?: true;
}

const HELP = `
MODEL is a .safetensors file, or a folder of layers as the Sparse DNN Graph Challenge has them
(n1024-l1.tsv, .tsv.gz, .bin or .bin.gz, and so on), or a RadiX-Net made on the fly by its name,
radixnet:NEURONSxLAYERS[:seed=N][:bias=B][:weight=W][:no-permute].

Examples:
  gossamer infer neuron1024 --input sparse-images-1024.tsv.gz --truth neuron1024-l120-categories.tsv
  gossamer infer neuron1024 --input sparse-images-1024.tsv.gz --layers 10 --workers 1 --rows all --json
  gossamer infer neuron1024 --input images.tsv.gz --strategy data --hash input --hash-method deal --trace trace.json
  gossamer infer model.safetensors --input rows.safetensors --categories found.tsv --output activations.tsv.gz
  gossamer infer radixnet:1024x120:seed=1 --input images.safetensors

Exit status: 0 ok, 1 the truth differs, 2 wrong usage, 3 bad input, 4 out of resources, 5 a worker failed, 130 Ctrl-C.`;

export function addInferCommand(program: Command, context: CommandContext): void {
  const command = program
    .command("infer")
    .summary("run a network on inputs and say which rows end not all zero")
    .description("Runs a sparse network on input rows and reports the categories: the rows that end not all zero.")
    .argument("<model>", "network: a .safetensors file, a folder of layers, or radixnet:1024x120:seed=1")
    .requiredOption("--input <file>", "input rows: .tsv, .bin, .mtx (also .gz) or .safetensors")
    .option("--truth <file>", "expected categories, one row number a line; exit status 1 when they differ")
    .option("--layers <n>", "only the first so many layers", wholeNumber(1))
    .option("--bias <b>", "bias of all neurons, for a folder of layers (default: the challenge's)", finiteNumber)
    .option("--output <file>", "write the final activations of the category rows: .tsv, .bin, .mtx or .safetensors")
    .option("--categories <file>", "write the categories, one row number a line")
    .option("--trace <file>", "write what every worker did when: JSON lines, or for Perfetto a name ending in .json");
  addEngineFlags(command)
    .option("--grid <RxC>", "on R x C ranks: split the rows R ways and the neurons C ways", parseGrid)
    .addOption(
      new Option("--redeal <mode>", "on several ranks: whether rows that live on move between them")
        .choices(REDEAL_MODES)
        .default("auto"),
    )
    .option("--checkpoint <folder>", "save the state there as the run goes; the same command goes on from it")
    .option("--checkpoint-seconds <n>", "at most so often; 0: as often as possible", wholeNumber(0, 86_400), 30)
    .addOption(
      new Option("--stream <mode>", "whether layers are read while others are computed; auto: where all do not fit")
        .choices(STREAM_MODES)
        .default("auto"),
    )
    .option("--seed <n>", "seed of everything random in a run, kept in the record", seedNumber, 1)
    .option("--json", "print the record of the run as one JSON object")
    .option("--quiet", "no progress on stderr")
    .addHelpText("after", HELP)
    .action((model: string, flags: InferFlags) => infer(model, flags, context));
}

async function infer(model: string, flags: InferFlags, context: CommandContext): Promise<void> {
  if (isUnderLauncher(process.env)) {
    await asRank(context, (world) => inferOnRanks(world, model, flags, context));
    return;
  }
  if (flags.checkpoint !== undefined || flags.grid !== undefined) {
    await inferOnRanks(soloWorld(hostname()), model, flags, context);
    return;
  }
  const { signal } = context;
  const engineOptions = { ...engineOptionsOf(flags, flags.output !== undefined), trace: flags.trace !== undefined };
  checkOutputs(model, flags);
  using progress = openProgress(flags.quiet === true);
  const truth = flags.truth === undefined ? null : await readTruth(flags.truth);

  const { layers, bias } = flags;
  const streamed = await openForStreaming(model, flags.input, flags, { layers, bias });
  if (streamed !== null) {
    await using source = streamed;
    const { record, comparison } = await inferStreamed(source, {
      inputPath: flags.input,
      engine: engineOptions,
      flags,
      signal,
      onStep: (step) => progress.step(step),
      onProgress: (share) => progress.update(share),
      async onResult(result) {
        checkTruthRows(truth, flags.truth, result.nrows);
        progress.step("writing");
        await writeResults(result, flags, signal);
        progress.end();
        return truth === null ? null : compareCategories(result.categories, truth);
      },
    });
    reportRun(record, comparison, flags, context);
    return;
  }

  progress.step("reading");
  const readStarted = performance.now();
  const { network, inputs } = await readModelAndInputs(model, flags.input, {
    layers,
    bias,
    signal,
    onProgress: (share) => progress.update(share),
  });
  const readSeconds = (performance.now() - readStarted) / 1000;
  checkTruthRows(truth, flags.truth, inputs.nrows);

  progress.step("preparing");
  const memoryBytes = sharedMemoryBytes(flags, heldBytes(network, inputs));
  const limit = memoryBytes === undefined ? {} : { memoryBytes };
  await using engine = await openEngine(network, { ...engineOptions, ...limit, signal });
  signal.throwIfAborted();
  progress.step("inferring");
  const result = await engine.infer(inputs, { signal, onProgress: (share) => progress.update(share) });

  progress.step("writing");
  await writeResults(result, flags, signal);
  progress.end();

  const comparison = truth === null ? null : compareCategories(result.categories, truth);
  const record = await makeRunRecord(result, {
    network,
    truth: comparison,
    seed: flags.seed,
    readSeconds,
    prepareSeconds: engine.prepareSeconds,
    totalSeconds: processSeconds(),
    peakBytes: peakMemoryBytes(),
    limitBytes: flags.memory,
    runtime: runtimeFacts(),
  });
  reportRun(record, comparison, flags, context);
}

/** What stays in memory as it was read, beside the engine's own copy. */
function heldBytes(network: Network, inputs: CsrMatrix): number {
  const layers = new Set(network.layers.map(({ weights }) => weights));
  let bytes = inputs.colIdx.byteLength + inputs.values.byteLength;
  for (const { rowIdx, values } of layers) bytes += rowIdx.byteLength + values.byteLength;
  return bytes;
}

async function writeResults(result: InferenceResult, flags: InferFlags, signal: AbortSignal): Promise<void> {
  if (flags.categories !== undefined) await writeCategories(flags.categories, result.categories, signal);
  if (flags.output !== undefined) await writeInputs(flags.output, categoryActivations(result), signal);
  if (flags.trace !== undefined) await writeTrace(flags.trace, result, signal);
}

/** @throws UsageError, ResourceError for a place where nothing can be written. */
export function checkOutputs(model: string, flags: InferFlags): void {
  const sources = [model, flags.input, ...(flags.truth === undefined ? [] : [flags.truth])];
  for (const path of [flags.categories, flags.trace]) {
    if (path === undefined) continue;
    checkOutputFile(path, sources);
    sources.push(path);
  }
  if (flags.output === undefined) return;
  const kind = kindOfName(flags.output);
  if (kind === null) {
    throw new UsageError(`${flags.output}: activations are written as .tsv, .bin, .mtx (also .gz) or .safetensors`);
  }
  checkOutputFile(flags.output, sources);
}

/** A truth that names rows which the inputs do not have is of other inputs. @throws FormatError */
export function checkTruthRows(truth: Uint32Array | null, path: string | undefined, nrows: number): void {
  const last = truth?.at(-1);
  if (path === undefined || last === undefined || last < nrows) return;
  throw new FormatError(path, null, `names row ${last + 1}, expected at most ${nrows}, the rows of the inputs`);
}
