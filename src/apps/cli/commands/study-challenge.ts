// `gossamer study challenge`: the challenge's twelve sizes, as far as disk and time allow.

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { UsageError } from "../../../core/errors.ts";
import { makeFolder } from "../../../data/make-folder.ts";
import { formatTwelve } from "../../../report/study/twelve-table.ts";
import { dataFolder } from "../../challenge/data-folder.ts";
import { readTwelve, runTwelve } from "../../twelve/run-twelve.ts";
import { CHALLENGE_SIZES, parseSizes } from "../../twelve/sizes.ts";
import { print } from "../context.ts";
import { openProgress } from "../progress.ts";

export interface TwelveFlags {
  readonly out?: string | undefined;
  readonly sizes?: string | undefined;
  readonly minutes?: number | undefined;
  readonly note?: string | undefined;
  readonly json?: true | undefined;
  readonly quiet?: true | undefined;
}

/** What the networks and rows are drawn from. */
const SEED = 1;
const TABLE = "twelve.md";

/** @throws UsageError, and what the runs throw */
export async function studyChallenge(flags: TwelveFlags, signal: AbortSignal): Promise<void> {
  const { out: folder } = flags;
  if (folder === undefined) throw new UsageError("the study of the challenge needs --out");
  const sizes = flags.sizes === undefined ? CHALLENGE_SIZES : parseSizes(flags.sizes);
  makeFolder(folder);
  const data = dataFolder();
  makeFolder(data);
  using progress = openProgress(flags.quiet === true);
  await runTwelve({
    sizes,
    folder,
    data,
    seed: SEED,
    seconds: (flags.minutes ?? Number.POSITIVE_INFINITY) * 60,
    signal,
    onStep: (name) => progress.step(name),
    onProgress: (share) => progress.update(share),
    say: (text) => progress.say(text),
  });
  const records = await readTwelve(folder);
  await writeFile(join(folder, TABLE), formatTwelve(records, flags.note));
  progress.end();
  progress.say(`wrote ${join(folder, TABLE)}: ${records.length} runs`);
  if (flags.json === true) print(JSON.stringify(records, null, 2));
}
