// `gossamer fetch challenge`: the official files of the Sparse DNN Graph Challenge. Says how much it will take before it
// takes anything; ended at any point, the next run goes on from there.

import { type Command, Option } from "commander";
import { join } from "node:path";
import { formatBytes } from "../../../core/units.ts";
import {
  CHALLENGE_LAYERS,
  CHALLENGE_NEURONS,
  CHALLENGE_URL,
  type FetchOptions,
  type FetchPlan,
  planFetch,
  runFetch,
} from "../../../data/fetch/fetch-challenge.ts";
import { dataFolder } from "../../challenge/data-folder.ts";
import { type CommandContext, print } from "../context.ts";
import { openProgress } from "../progress.ts";

interface FetchFlags {
  readonly neurons: string;
  readonly layers: string;
  readonly folder?: string;
  readonly url: string;
  readonly compress: boolean;
  readonly keepArchive?: true;
  readonly dryRun?: true;
  readonly quiet?: true;
}

const HELP = `
Examples:
  gossamer fetch challenge --neurons 1024 --layers 120
  gossamer fetch challenge --neurons 16384 --layers 480 --folder /data/challenge --dry-run`;

export function addFetchCommand(program: Command, context: CommandContext): void {
  const fetch = program
    .command("fetch")
    .summary("download official files")
    .description("Downloads official files.")
    .addHelpText("after", HELP);
  fetch
    .command("challenge")
    .description("Downloads inputs, categories and layers of the Sparse DNN Graph Challenge, and unpacks the layers.")
    .addOption(published("--neurons <n>", "neurons of a layer", CHALLENGE_NEURONS))
    .addOption(published("--layers <n>", "layers to unpack", CHALLENGE_LAYERS))
    .option("--folder <path>", "where the files go (default: graph-challenge in the data folder)")
    .option("--url <base>", "address of the folder that holds mnist/ and dnn/", CHALLENGE_URL)
    .option("--no-compress", "unpack the layers as plain text, which takes eight times the room")
    .option("--keep-archive", "keep the archive even when every layer is unpacked")
    .option("--dry-run", "only say how much it would take")
    .option("--quiet", "no progress on stderr")
    .addHelpText("after", HELP)
    .action((flags: FetchFlags) => fetchChallenge(flags, context));
}

function published(flags: string, description: string, values: readonly number[]): Option {
  return new Option(flags, description).choices(values.map(String)).makeOptionMandatory();
}

async function fetchChallenge(flags: FetchFlags, { signal }: CommandContext): Promise<void> {
  using progress = openProgress(flags.quiet === true);
  const options: FetchOptions = {
    neurons: Number(flags.neurons),
    layers: Number(flags.layers),
    folder: flags.folder ?? join(dataFolder(), "graph-challenge"),
    baseUrl: flags.url,
    compress: flags.compress,
    ...(flags.keepArchive === undefined ? {} : { keepArchive: true }),
    signal,
  };
  progress.step("asking the server");
  const plan = await planFetch(options);
  progress.say(describePlan(plan));
  if (flags.dryRun === true) return;
  let current = "";
  const fetched = await runFetch(plan, {
    signal,
    onProgress: ({ step, file, doneBytes, totalBytes }) => {
      const name = `${step} ${file}`;
      if (name !== current) progress.step(name);
      current = name;
      if (totalBytes !== null) progress.update(doneBytes / totalBytes);
    },
  });
  progress.end();
  const { networkFolder, imagesPath, categoriesPath } = fetched;
  progress.say(`got ${formatBytes(fetched.downloadedBytes)}, unpacked ${fetched.unpackedLayers} layers; to run it:`);
  print(`gossamer infer ${networkFolder} --layers ${plan.layers} --input ${imagesPath} --truth ${categoriesPath}`);
}

function describePlan(plan: FetchPlan): string {
  const need = `${plan.isExact ? "" : "at least "}${formatBytes(plan.downloadBytes)}`;
  const room = `${formatBytes(plan.diskBytes)} of room in ${plan.folder}, ${formatBytes(plan.freeBytes)} are free`;
  return `to download: ${need}; ${plan.missingLayers.length} layers to unpack; needs ${room}`;
}
