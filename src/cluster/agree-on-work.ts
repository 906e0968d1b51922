// Before ranks begin they make sure that they are at the same work: the same version of the program, the same options,
// the same files. A rank that has others would end in the middle of a message, or worse, in a result of two networks.
// Files are compared by fingerprints of samples (data/fingerprint.ts), since no rank reads all of the inputs.

import { fingerprintPath } from "../data/fingerprint.ts";
import type { EngineOptions } from "../engine/options.ts";
import { agree, agreeOn } from "./agree.ts";
import type { World } from "./world.ts";

export interface RankWork {
  readonly model: string;
  readonly input: string;
  readonly layers?: number | undefined;
  readonly bias?: number | undefined;
  readonly engine: EngineOptions;
  readonly redeal: string;
  readonly version: string;
}

/** Options that each rank may have as its machine is. */
const OWN_OPTIONS: ReadonlySet<string> = new Set<keyof EngineOptions>([
  "workers",
  "kernel",
  "memoryBytes",
  "warmUp",
  "trace",
  "signal",
  "fault",
  "failAllocation",
]);

/** Collective. @throws RankError that says who has what; FormatError where the files are missing on all ranks */
export async function agreeOnWork(world: World, work: RankWork): Promise<void> {
  if (world.size === 1) return;
  const { version, layers, bias, redeal } = work;
  const options = { layers, bias, redeal, ...work.engine };
  // In an order of their own, so that ranks differ by values and never by the order of flags.
  const names = Object.keys(options).filter((name) => !OWN_OPTIONS.has(name));
  const settings = names
    .toSorted()
    .map((name) => `${name}=${JSON.stringify(options[name as keyof typeof options]) ?? "default"}`);
  await agreeOn(world, { version, "the options": settings.join(" ") });
  const files = await agree(world, () => ({
    "a network of": fingerprintPath(work.model),
    "inputs of": fingerprintPath(work.input),
  }));
  await agreeOn(world, files);
}
