// `gossamer convert`: a network or inputs from one format into another. Networks pass layer by layer, so that one larger
// than memory can be converted; nothing is written unless everything was read well.

import type { Command } from "commander";
import { UsageError } from "../../../core/errors.ts";
import type { LayerEnding } from "../../../data/challenge-folder.ts";
import { detectKind, kindOfName } from "../../../data/file-kind.ts";
import { copyBytes } from "../../../data/file-sizes.ts";
import { findInputColumns } from "../../../data/input-columns.ts";
import { INPUTS_FORMAT } from "../../../data/inputs-file.ts";
import { eachLayer } from "../../../data/network-source.ts";
import { openInputSource } from "../../../data/open-input-source.ts";
import { openNetwork } from "../../../data/read-network.ts";
import { openSafetensors } from "../../../data/safetensors-file.ts";
import { ENTRY_BYTES } from "../../../data/triples-binary.ts";
import { finiteNumber, wholeNumber } from "../arguments.ts";
import type { CommandContext } from "../context.ts";
import { announceInputs, checkInputsOutput, saveInputs } from "../inputs-output.ts";
import { checkNetworkOutput, layerFilesOption, saveNetwork } from "../network-output.ts";
import { announceOutput } from "../output-room.ts";
import { openProgress, type Progress } from "../progress.ts";

interface ConvertFlags {
  readonly features?: number;
  readonly layers?: number;
  readonly bias?: number;
  readonly layerFiles: LayerEnding;
  readonly quiet?: true;
}

const HELP = `
What FROM holds is found out from itself; TO's ending says the format.

Examples:
  gossamer convert neuron1024 network.safetensors
  gossamer convert network.safetensors neuron1024 --layer-files bin
  gossamer convert sparse-images-1024.tsv.gz images.safetensors --features 1024`;

export function addConvertCommand(program: Command, context: CommandContext): void {
  program
    .command("convert")
    .summary("turn a network or inputs into another format")
    .description("Reads a network or inputs and writes the same in another format.")
    .argument(
      "<from>",
      "network (folder of layers, .safetensors, radixnet:...) or inputs (.tsv, .bin, .mtx, .safetensors)",
    )
    .argument("<to>", "file, or new folder of layers")
    .option("--features <n>", "features of a row, which .tsv and .bin do not say", wholeNumber(1))
    .option("--layers <n>", "only the first so many layers", wholeNumber(1))
    .option("--bias <b>", "bias of all neurons, for a folder of layers (default: the challenge's)", finiteNumber)
    .addOption(layerFilesOption())
    .option("--quiet", "no progress on stderr")
    .addHelpText("after", HELP)
    .action(async (from: string, to: string, flags: ConvertFlags) => {
      using progress = openProgress(flags.quiet === true);
      if (await holdsNetwork(from)) await convertNetwork(from, to, flags, context.signal, progress);
      else await convertInputs(from, to, flags, context.signal, progress);
    });
}

async function holdsNetwork(path: string): Promise<boolean> {
  const kind = detectKind(path);
  if (kind !== "safetensors") return kind === "challenge" || kind === "generated";
  await using file = await openSafetensors(path);
  return file.header.metadata.get("format") !== INPUTS_FORMAT;
}

async function convertNetwork(
  from: string,
  to: string,
  { layers, bias, features, layerFiles }: ConvertFlags,
  signal: AbortSignal,
  progress: Progress,
): Promise<void> {
  if (features !== undefined) throw new UsageError(`--features is for inputs, ${from} is a network`);
  checkNetworkOutput(to, [from]);
  await using source = await openNetwork(from, { layers, bias, shared: false });
  const isFile = kindOfName(to) === "safetensors";
  const bytes = isFile
    ? copyBytes(source)
    : layerFiles === "bin" && source.edges !== null
      ? ENTRY_BYTES * source.edges
      : null;
  await announceOutput(to, bytes, progress);
  await saveNetwork(to, eachLayer(source), source.layerCount, {
    ending: layerFiles,
    signal,
    progress,
    outputMap: source.outputMap,
  });
}

async function convertInputs(
  from: string,
  to: string,
  flags: ConvertFlags,
  signal: AbortSignal,
  progress: Progress,
): Promise<void> {
  if (flags.layers !== undefined || flags.bias !== undefined) {
    throw new UsageError(`--layers and --bias are for networks, ${from} holds inputs`);
  }
  checkInputsOutput(to, [from]);
  const ncols = flags.features ?? (await findColumns(from));
  progress.step("reading");
  const onProgress = (p: { bytesDone: number; bytesTotal: number }): void =>
    progress.update(p.bytesDone / p.bytesTotal);
  await using inputs = await openInputSource(from, { ncols, signal, onProgress, shared: false });
  const { nrows, nnz, value } = inputs;
  await announceInputs(to, { nrows, ncols, nnz, isUniform: value !== null }, progress);
  await saveInputs(to, inputs, { signal, progress });
}

/** @throws UsageError for a format that does not say how many columns there are. */
async function findColumns(path: string): Promise<number> {
  const found = await findInputColumns(path);
  if (found !== null) return found;
  throw new UsageError(`${path} does not say how many features a row has: give --features`);
}
