// `gossamer generate`: networks and inputs from a seed, or the challenge's inputs from MNIST, in any format that is read.

import { type Command, Option } from "commander";
import { UsageError } from "../../../core/errors.ts";
import type { LayerEnding } from "../../../data/challenge-folder.ts";
import { CHALLENGE_NEURONS } from "../../../data/fetch/challenge-files.ts";
import { drawInputs, withDrawnLayers } from "../../../data/generate/draw-aside.ts";
import { radixNetLayers } from "../../../data/generate/radix-net.ts";
import {
  checkRandomInputs,
  RANDOM_INPUT_VALUES,
  type RandomInputsOptions,
} from "../../../data/generate/random-inputs.ts";
import {
  checkRandomLayers,
  RANDOM_BIASES,
  RANDOM_WEIGHTS,
  type RandomLayersOptions,
} from "../../../data/generate/random-layers.ts";
import { LENGTH_SHAPES } from "../../../data/generate/random-lengths.ts";
import { openMnistInputs } from "../../../data/mnist-source.ts";
import { ACTIVATION_KINDS, type Activation, type ActivationKind, BIAS_RULES } from "../../../network/layer-rule.ts";
import { finiteNumber, seedNumber, wholeNumber } from "../arguments.ts";
import type { CommandContext } from "../context.ts";
import { checkInputsOutput, saveInputs } from "../inputs-output.ts";
import { checkNetworkOutput, layerFilesOption, saveNetwork } from "../network-output.ts";
import { openProgress } from "../progress.ts";

/** Images of MNIST's training set. */
const MNIST_IMAGES = 60_000;

interface OutputFlags {
  readonly output: string;
  readonly quiet?: true;
}

interface NetworkFlags extends OutputFlags {
  readonly layerFiles: LayerEnding;
  readonly seed: number;
}

const HELP = `
Examples:
  gossamer generate radixnet --neurons 1024 --layers 120 --seed 1 --output network.safetensors
  gossamer generate mnist --neurons 1024 --output images.tsv.gz
  gossamer generate random --inputs 784 --neurons 512 --layers 4 --density 0.05 --output random.safetensors
  gossamer generate random-inputs --rows 1000 --features 784 --density 0.2 --output rows.tsv

A network goes to a .safetensors file or a new folder of layers, inputs to .safetensors, .tsv, .bin or .mtx.
A RadiX-Net needs no file: every command takes radixnet:NEURONSxLAYERS[:seed=N][:bias=B][:weight=W][:no-permute]
where it takes a network, and makes each layer when it is needed.`;

export function addGenerateCommand(program: Command, context: CommandContext): void {
  const generate = program
    .command("generate")
    .summary("make networks and inputs")
    .description("Makes networks and inputs; the same options give the same bytes.")
    .addHelpText("after", HELP);
  addRadixNet(generate, context);
  addMnist(generate, context);
  addRandom(generate, context);
  addRandomInputs(generate, context);
}

function addOutput(command: Command, what: string): Command {
  return command.requiredOption("--output <path>", what).option("--quiet", "no progress on stderr");
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
    .addHelpText("after", HELP)
    .action(async (flags: RadixNetFlags) => {
      const layers = radixNetLayers(flags);
      checkNetworkOutput(flags.output);
      using progress = openProgress(flags.quiet === true);
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
    .addHelpText("after", HELP)
    .action(async (flags: MnistFlags) => {
      const side = flags.side === undefined ? Math.sqrt(Number(flags.neurons)) : Number(flags.side);
      if (Number.isNaN(side)) throw new UsageError("the size of the images is missing: give --neurons or --side");
      checkInputsOutput(flags.output);
      using progress = openProgress(flags.quiet === true);
      const { signal } = context;
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

type RandomFlags = NetworkFlags &
  Pick<RandomLayersOptions, "inputs" | "neurons" | "layers" | "density" | "weights" | "columnLengths"> &
  Pick<RandomLayersOptions, "sorted" | "biasRule" | "bias"> & {
    readonly weightsPerNeuron?: number;
    readonly activation: ActivationKind;
    readonly low?: number;
    readonly high?: number;
    readonly slope?: number;
  };

function addRandom(generate: Command, context: CommandContext): void {
  const command = generate
    .command("random")
    .description("A random network. Weights are scaled so that activations neither vanish nor explode.")
    .requiredOption("--inputs <n>", "features of an input row", wholeNumber(1))
    .requiredOption("--neurons <n>", "neurons of a layer", wholeNumber(1))
    .requiredOption("--layers <n>", "layers", wholeNumber(1))
    .option("--density <d>", "share of stored weights, 0 to 1; this or --weights-per-neuron", finiteNumber)
    .option("--weights-per-neuron <k>", "mean number of weights into a neuron", finiteNumber)
    .addOption(new Option("--weights <kind>", "values of the weights").choices(RANDOM_WEIGHTS).default("general"))
    .addOption(new Option("--column-lengths <shape>", "weights by neuron").choices(LENGTH_SHAPES).default("equal"))
    .option("--sorted", "the neurons with most weights first")
    .addOption(new Option("--bias <kind>", "biases").choices(RANDOM_BIASES).default("per-neuron"))
    .addOption(new Option("--bias-rule <rule>", "where the bias is added").choices(BIAS_RULES).default("all"))
    .addOption(new Option("--activation <kind>", "of every layer").choices(ACTIVATION_KINDS).default("relu"))
    .option("--low <x>", "lower bound of clipped-relu (default: 0)", finiteNumber)
    .option("--high <x>", "upper bound of clipped-relu (default: 32)", finiteNumber)
    .option("--slope <x>", "slope of leaky-relu below 0 (default: 0.01)", finiteNumber)
    .option("--seed <n>", "seed", seedNumber, 1)
    .addOption(layerFilesOption());
  addOutput(command, ".safetensors file or new folder")
    .addHelpText("after", HELP)
    .action(async (flags: RandomFlags) => {
      const activation = activationOf(flags);
      const options = { ...flags, activation, nnzPerColumn: flags.weightsPerNeuron };
      checkRandomLayers(options);
      checkNetworkOutput(flags.output);
      using progress = openProgress(flags.quiet === true);
      const { signal } = context;
      await withDrawnLayers(options, signal, (layers) =>
        saveNetwork(flags.output, layers, flags.layers, { ending: flags.layerFiles, signal, progress }),
      );
    });
}

/** @throws UsageError for a parameter that the activation does not have. */
function activationOf({ activation: kind, low, high, slope }: RandomFlags): Activation {
  if (kind !== "clipped-relu" && (low !== undefined || high !== undefined)) {
    throw new UsageError(`--low and --high are of clipped-relu, the activation is ${kind}`);
  }
  if (kind !== "leaky-relu" && slope !== undefined) {
    throw new UsageError(`--slope is of leaky-relu, the activation is ${kind}`);
  }
  if (kind === "leaky-relu") return { kind, slope: slope ?? 0.01 };
  if (kind !== "clipped-relu") return { kind };
  const bounds = { low: low ?? 0, high: high ?? 32 };
  if (bounds.low > bounds.high) throw new UsageError(`--low is ${bounds.low}, expected at most --high, ${bounds.high}`);
  return { kind, ...bounds };
}

type RandomInputsFlags = OutputFlags & RandomInputsOptions;

function addRandomInputs(generate: Command, context: CommandContext): void {
  const command = generate
    .command("random-inputs")
    .description("Random sparse input rows.")
    .requiredOption("--rows <n>", "rows", wholeNumber(1))
    .requiredOption("--features <n>", "features of a row: the inputs of the network", wholeNumber(1))
    .requiredOption("--density <d>", "share of nonzeros, 0 to 1", finiteNumber)
    .addOption(new Option("--values <kind>", "values of the nonzeros").choices(RANDOM_INPUT_VALUES).default("ones"))
    .addOption(new Option("--row-lengths <shape>", "nonzeros by row").choices(LENGTH_SHAPES).default("uniform"))
    .option("--sorted", "the rows with most nonzeros first")
    .option("--seed <n>", "seed", seedNumber, 1);
  addOutput(command, "file of inputs")
    .addHelpText("after", HELP)
    .action(async (flags: RandomInputsFlags) => {
      checkRandomInputs(flags);
      checkInputsOutput(flags.output);
      using progress = openProgress(flags.quiet === true);
      const { signal } = context;
      progress.step("drawing rows");
      await saveInputs(flags.output, await drawInputs(flags, signal), { signal, progress });
    });
}
