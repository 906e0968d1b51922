// `gossamer challenge`, the main job: what `npm start` runs. Prints a short account of the run, or its record.

import { type Command, Option } from "commander";
import { formatCount, formatSeconds } from "../../../core/units.ts";
import { CHALLENGE_NEURONS } from "../../../data/fetch/challenge-files.ts";
import { makeRunRecord } from "../../../report/run-record.ts";
import type { SampleCheck } from "../../challenge/check-sample.ts";
import { dataFolder } from "../../challenge/data-folder.ts";
import { runMainJob } from "../../challenge/main-job.ts";
import { seedNumber, wholeNumber } from "../arguments.ts";
import { complain, type CommandContext, print } from "../context.ts";
import { addEngineFlags, type EngineFlags, engineOptionsOf } from "../engine-options.ts";
import { EXIT } from "../exit.ts";
import { formatLines, lookOf, printRun } from "../print-run.ts";
import { openProgress } from "../progress.ts";
import { peakMemoryBytes, processSeconds, runtimeFacts } from "../runtime.ts";

const MAX_LAYERS = 1920;

interface ChallengeFlags extends EngineFlags {
  readonly neurons: string;
  readonly layers: number;
  readonly seed: number;
  readonly json?: true;
  readonly quiet?: true;
}

const HELP = `
The inputs (from MNIST) and the network (RadiX-Net, from the seed) are kept under GOSSAMER_DATA, by default
a folder gossamer in the user's cache folder; a damaged file there is made anew.

Examples:
  gossamer challenge
  gossamer challenge --rows all --workers 1
  gossamer challenge --neurons 4096 --layers 480 --seed 7 --json

Exit status: 0 ok, 1 the sample differs from float64, 2 wrong usage, 4 out of resources, 5 a worker failed, 130 Ctrl-C.`;

export function addChallengeCommand(program: Command, context: CommandContext): void {
  const command = program
    .command("challenge")
    .summary("the whole benchmark: make inputs and network, infer, check")
    .description(
      "Runs the Sparse DNN Graph Challenge on a generated network: 60000 rows through all layers, " +
        "a sample of rows checked against float64.",
    )
    .addOption(new Option("--neurons <n>", "neurons of a layer").choices(CHALLENGE_NEURONS.map(String)).default("1024"))
    .option("--layers <n>", "layers", wholeNumber(1, MAX_LAYERS), 120)
    .option("--seed <n>", "seed of the network and of the sample", seedNumber, 1);
  addEngineFlags(command)
    .option("--json", "print the record of the run, with the check, as one JSON object")
    .option("--quiet", "no progress on stderr")
    .addHelpText("after", HELP)
    .action((flags: ChallengeFlags) => challenge(flags, context));
}

async function challenge(flags: ChallengeFlags, context: CommandContext): Promise<void> {
  const engine = engineOptionsOf(flags, true);
  using progress = openProgress(flags.quiet === true);
  const { network, result, check, seconds } = await runMainJob({
    neurons: Number(flags.neurons),
    layers: flags.layers,
    seed: flags.seed,
    folder: dataFolder(),
    engine,
    signal: context.signal,
    onStep: (name) => progress.step(name),
    onProgress: (share) => progress.update(share),
    onDamaged: (problem) => progress.say(`${problem}; it is made anew`),
  });
  progress.end();
  const record = await makeRunRecord(result, {
    network,
    truth: null,
    seed: flags.seed,
    readSeconds: seconds.read,
    prepareSeconds: seconds.prepare,
    totalSeconds: processSeconds(),
    peakBytes: peakMemoryBytes(),
    runtime: runtimeFacts(),
  });
  if (flags.json === true) {
    print(JSON.stringify({ ...record, check: { ...check, seconds: seconds.check } }, null, 2));
  } else {
    printRun(record);
    print("");
    print(formatLines([["check", describeCheck(check, seconds.check)]], lookOf(process.stdout)));
  }
  if (check.wrongRows.length > 0) {
    const wrong = check.wrongRows.map((row) => row + 1).join(", ");
    complain(`rows that differ from the float64 reference: ${wrong}`);
    context.setStatus(EXIT.differ);
  }
}

function describeCheck({ reference, rows, categories, wrongRows, largestError }: SampleCheck, seconds: number): string {
  const right = formatCount(rows.length - wrongRows.length);
  const by = reference === "oracle" ? "the float64 oracle" : "float64 sums over the stored weights";
  return (
    `${right} of ${formatCount(rows.length)} sampled rows (${categories} of them categories) agree with ${by}, ` +
    `largest error ${largestError.toExponential(1)}, in ${formatSeconds(seconds)}`
  );
}
