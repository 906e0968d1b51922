// `gossamer generate`: networks and inputs from a seed, or the challenge's inputs from MNIST, in any format that is read.

import { type Command, Option } from "commander";
import { UsageError } from "../../../core/errors.ts";
import { CHALLENGE_NEURONS } from "../../../data/fetch/challenge-files.ts";
import { kindOfName } from "../../../data/file-kind.ts";
import { radixNetBytes } from "../../../data/file-sizes.ts";
import { makeRadixNet, radixNetLayers } from "../../../data/generate/radix-net.ts";
import { openMnistInputs } from "../../../data/mnist-source.ts";
import { finiteNumber, seedNumber, wholeNumber } from "../arguments.ts";
import type { CommandContext } from "../context.ts";
import { announceInputs, checkInputsOutput, saveInputs } from "../inputs-output.ts";
import { checkNetworkOutput, layerFilesOption, saveNetwork } from "../network-output.ts";
import { announceOutput } from "../output-room.ts";
import { openProgress } from "../progress.ts";
import { addOutput, GENERATE_HELP, type NetworkFlags, type OutputFlags } from "./generate-flags.ts";
import { addRandom, addRandomInputs } from "./generate-random.ts";

/** Images of MNIST's training set. */
const MNIST_IMAGES = 60_000;
/** Share of the pixels that are 1, about: 0.1037 of 32 x 32, 0.0997 of 256 x 256. */
const ONES_OF_MNIST = 0.1;

export function addGenerateCommand(program: Command, context: CommandContext): void {
  const generate = program
    .command("generate")
    .summary("make networks and inputs")
    .description("Makes networks and inputs; the same options give the same bytes.")
    .addHelpText("after", GENERATE_HELP);
  addRadixNet(generate, context);
  addMnist(generate, context);
  addRandom(generate, context);
  addRandomInputs(generate, context);
}

interface RadixNetFlags extends NetworkFlags {
  readonly neurons: number;
  readonly layers: number;
  readonly permute: boolean;
  readonly bias?: number;
  readonly weight?: number;
}

function addRadixNet(generate: Command, context: CommandContext): void {
  const command = generate
    .command("radixnet")
    .description("A RadiX-Net of the Sparse DNN Graph Challenge's kind: 32 equal weights into every neuron.")
    .requiredOption("--neurons <n>", "neurons of a layer, a power of two from 32", wholeNumber(1))
    .requiredOption("--layers <n>", "layers", wholeNumber(1))
    .option("--seed <n>", "seed of the permutations", seedNumber, 1)
    .option("--no-permute", "leave the rows of later layers in order")
    .option("--bias <b>", "bias of all neurons (default: the challenge's)", finiteNumber)
    .option("--weight <w>", "value of all weights (default: 1/16)", finiteNumber)
    .addOption(layerFilesOption());
  addOutput(command, ".safetensors file or new folder")
    .addHelpText("after", GENERATE_HELP)
    .action(async (flags: RadixNetFlags) => {
      const net = makeRadixNet(flags);
      checkNetworkOutput(flags.output);
      using progress = openProgress(flags.quiet === true);
      const format = kindOfName(flags.output) === "safetensors" ? "safetensors" : flags.layerFiles;
      await announceOutput(flags.output, radixNetBytes(net, format), progress);
      const layers = radixNetLayers(flags);
      const { signal } = context;
      await saveNetwork(flags.output, layers, flags.layers, { ending: flags.layerFiles, signal, progress });
    });
}

const SIDES = CHALLENGE_NEURONS.map(Math.sqrt);

interface MnistFlags extends OutputFlags {
  readonly neurons?: string;
  readonly side?: string;
  readonly rows: number;
}

function addMnist(generate: Command, context: CommandContext): void {
  const command = generate
    .command("mnist")
    .description("The challenge's inputs: MNIST's 60000 training images resized and made 0/1, one image a row.")
    .addOption(new Option("--neurons <n>", "features of a row").choices(CHALLENGE_NEURONS.map(String)))
    .addOption(
      new Option("--side <n>", "the same, as the side of an image").choices(SIDES.map(String)).conflicts("neurons"),
    )
    .option("--rows <n>", "only the first so many images", wholeNumber(1, MNIST_IMAGES), MNIST_IMAGES);
  addOutput(command, "file of inputs")
    .addHelpText("after", GENERATE_HELP)
    .action(async (flags: MnistFlags) => {
      const side = flags.side === undefined ? Math.sqrt(Number(flags.neurons)) : Number(flags.side);
      if (Number.isNaN(side)) throw new UsageError("the size of the images is missing: give --neurons or --side");
      checkInputsOutput(flags.output);
      using progress = openProgress(flags.quiet === true);
      const { signal } = context;
      await announceInputs(
        flags.output,
        { nrows: flags.rows, ncols: side ** 2, nnz: pixelCount(side, flags.rows), isUniform: true },
        progress,
      );
      progress.step("resizing images");
      const inputs = await openMnistInputs({
        side,
        images: flags.rows,
        signal,
        onProgress: (done, total) => progress.update(done / total),
      });
      await saveInputs(flags.output, inputs, { signal, progress });
    });
}

/** About how many pixels are 1. */
function pixelCount(side: number, rows: number): number {
  return Math.round(ONES_OF_MNIST * side ** 2 * rows);
}
