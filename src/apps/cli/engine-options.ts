// The options that every command with an engine shares, and the environment variables that make it fail on purpose
// (GOSSAMER_FAULT, GOSSAMER_FAIL_ALLOCATION; for tests, see CONTRIBUTING.md). Everything is checked here, before any file
// is read.

import { type Command, Option } from "commander";
import { UsageError } from "../../core/errors.ts";
import {
  ACTIVATION_FORMATS,
  type ActivationFormat,
  checkMemoryLimit,
  DEFAULT_TILES_PER_WORKER,
  type EngineOptions,
  MAX_TILES_PER_WORKER,
  MAX_WORKERS,
  PICK_ORDERS,
  type PickOrder,
  resolveSettings,
  ROW_MODES,
  type RowMode,
  STRATEGIES,
  type Strategy,
  WEIGHT_FORMATS,
  type WeightFormat,
} from "../../engine/options.ts";
import { KERNEL_IDS, type KernelId } from "../../kernels/catalog.ts";
import { HASH_METHODS, HASH_MODES, type HashMethod, type HashMode } from "../../partition/hashing.ts";
import { parseFault } from "../../threads/faults.ts";
import { availableCores } from "../../threads/team.ts";
import { byteCount, wholeNumber } from "./arguments.ts";

export interface EngineFlags {
  readonly strategy: Strategy;
  readonly rows?: RowMode;
  readonly activationFormat: ActivationFormat;
  readonly weightFormat: WeightFormat;
  readonly workers?: number;
  readonly hash: HashMode;
  readonly hashMethod: HashMethod;
  readonly pickOrder: PickOrder;
  readonly tilesPerWorker: number;
  readonly kernel: KernelId | "auto";
  readonly memory?: number;
}

export function addEngineFlags(command: Command): Command {
  return command
    .addOption(
      new Option("--rows <mode>", "rows computed (default: distinct; nonzero in other formats than tiles)").choices(
        ROW_MODES,
      ),
    )
    .addOption(new Option("--strategy <name>", "how the work is split").choices(STRATEGIES).default("auto"))
    .option("--workers <n>", `threads, 1 to ${MAX_WORKERS} (default: one a core)`, wholeNumber(1, MAX_WORKERS))
    .addOption(new Option("--hash <mode>", "what is renumbered before it is split").choices(HASH_MODES).default("none"))
    .addOption(new Option("--hash-method <name>", "how it is renumbered").choices(HASH_METHODS).default("deal"))
    .addOption(
      new Option("--pick-order <name>", "whom an idle worker joins under data-then-model")
        .choices(PICK_ORDERS)
        .default("slower-first"),
    )
    .option(
      "--tiles-per-worker <n>",
      "row tiles a worker under manager-worker and work-stealing",
      wholeNumber(1, MAX_TILES_PER_WORKER),
      DEFAULT_TILES_PER_WORKER,
    )
    .addOption(
      new Option("--activation-format <name>", "format of the activations; all but tile are for study")
        .choices(ACTIVATION_FORMATS)
        .default("tile"),
    )
    .addOption(new Option("--weight-format <name>", "format of the weights").choices(WEIGHT_FORMATS).default("csc"))
    .addOption(new Option("--kernel <id>", "kernel set").choices(["auto", ...KERNEL_IDS]).default("auto"))
    .option("--memory <size>", "upper limit of the memory of the process, such as 1GiB (default: no limit)", byteCount);
}

/** @throws UsageError for values that cannot run. */
export function engineOptionsOf(
  flags: EngineFlags & { readonly seed?: number },
  keepActivations: boolean,
): EngineOptions {
  const { strategy, rows, workers, hash, hashMethod, pickOrder, tilesPerWorker, kernel, memory } = flags;
  const options: EngineOptions = {
    strategy,
    activationFormat: flags.activationFormat,
    weightFormat: flags.weightFormat,
    ...(rows === undefined ? {} : { rows }),
    hash,
    hashMethod,
    pickOrder,
    tilesPerWorker,
    kernel,
    keepActivations,
    ...(flags.seed === undefined ? {} : { seed: flags.seed }),
    ...(workers === undefined ? {} : { workers }),
    ...(memory === undefined ? {} : { memoryBytes: memory }),
    ...faultsOfEnvironment(),
  };
  checkMemoryLimit(options.memoryBytes);
  resolveSettings(options, availableCores());
  return options;
}

function faultsOfEnvironment(): Pick<EngineOptions, "fault" | "failAllocation"> {
  const { GOSSAMER_FAULT: fault, GOSSAMER_FAIL_ALLOCATION: allocation } = process.env;
  if (allocation !== undefined && !/^[1-9]\d*$/.test(allocation)) {
    throw new UsageError(`GOSSAMER_FAIL_ALLOCATION is "${allocation}", expected a whole number of at least 1`);
  }
  return {
    ...(fault === undefined ? {} : { fault: parseFault(fault) }),
    ...(allocation === undefined ? {} : { failAllocation: Number(allocation) }),
  };
}
