// `gossamer generate random` and `random-inputs`: networks and inputs drawn from a seed.

import { type Command, Option } from "commander";
import { UsageError } from "../../../core/errors.ts";
import { kindOfName } from "../../../data/file-kind.ts";
import { networkFileBytes } from "../../../data/file-sizes.ts";
import { drawInputs, withDrawnLayers } from "../../../data/generate/draw-aside.ts";
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
import { ACTIVATION_KINDS, type Activation, type ActivationKind, BIAS_RULES } from "../../../network/layer-rule.ts";
import { finiteNumber, seedNumber, wholeNumber } from "../arguments.ts";
import type { CommandContext } from "../context.ts";
import { announceInputs, checkInputsOutput, saveInputs } from "../inputs-output.ts";
import { checkNetworkOutput, layerFilesOption, saveNetwork } from "../network-output.ts";
import { announceOutput } from "../output-room.ts";
import { openProgress } from "../progress.ts";
import { addOutput, GENERATE_HELP, type NetworkFlags, type OutputFlags } from "./generate-flags.ts";

type RandomFlags = NetworkFlags &
  Pick<RandomLayersOptions, "inputs" | "neurons" | "layers" | "density" | "weights" | "columnLengths"> &
  Pick<RandomLayersOptions, "sorted" | "biasRule" | "bias"> & {
    readonly weightsPerNeuron?: number;
    readonly activation: ActivationKind;
    readonly low?: number;
    readonly high?: number;
    readonly slope?: number;
  };

export function addRandom(generate: Command, context: CommandContext): void {
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
    .addHelpText("after", GENERATE_HELP)
    .action(async (flags: RandomFlags) => {
      const activation = activationOf(flags);
      const options = { ...flags, activation, nnzPerColumn: flags.weightsPerNeuron };
      checkRandomLayers(options);
      checkNetworkOutput(flags.output);
      using progress = openProgress(flags.quiet === true);
      if (kindOfName(flags.output) === "safetensors") {
        await announceOutput(flags.output, randomNetworkBytes(flags), progress);
      }
      const { signal } = context;
      await withDrawnLayers(options, signal, (layers) =>
        saveNetwork(flags.output, layers, flags.layers, { ending: flags.layerFiles, signal, progress }),
      );
    });
}

/** About what the network takes: lengths of columns are drawn. */
function randomNetworkBytes(flags: RandomFlags): number {
  const { inputs, neurons, layers, density, weightsPerNeuron, weights } = flags;
  const weightsOf = (nrows: number): number =>
    neurons * (density === undefined ? (weightsPerNeuron ?? 0) : density * nrows);
  const nnz = weightsOf(inputs) + (layers - 1) * weightsOf(neurons);
  const values = weights === "equal" ? layers : nnz;
  const size = { layers, inputs: Math.max(inputs, neurons), neurons: neurons * layers, nnz, values };
  return Math.round(networkFileBytes(size));
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

export function addRandomInputs(generate: Command, context: CommandContext): void {
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
    .addHelpText("after", GENERATE_HELP)
    .action(async (flags: RandomInputsFlags) => {
      checkRandomInputs(flags);
      checkInputsOutput(flags.output);
      using progress = openProgress(flags.quiet === true);
      const { rows: nrows, features: ncols, density, values } = flags;
      const nnz = Math.round(nrows * ncols * density);
      await announceInputs(flags.output, { nrows, ncols, nnz, isUniform: values === "ones" }, progress);
      const { signal } = context;
      progress.step("drawing rows");
      await saveInputs(flags.output, await drawInputs(flags, signal), { signal, progress });
    });
}
