// The benchmark from the command line: verifies, measures the parts asked for, writes one record, prints tables.

import { join } from "node:path";
import { writeFile } from "node:fs/promises";
import { Command, InvalidArgumentError, Option } from "commander";
import { GossamerError } from "../../core/errors.ts";
import { writeAtomically } from "../../data/write-atomically.ts";
import { enableRevectorize } from "../../threads/v8-flags.ts";
import { type Ceiling, measureCeiling } from "./ceiling.ts";
import { type InferenceResultRecord, measureInference } from "./inference-part.ts";
import { type KernelResult, measureKernels } from "./kernel-part.ts";
import { type MeasuringReport, measureMeasuring } from "./measuring-part.ts";
import { measurePeer, type PeerReport } from "./peer-part.ts";
import {
  BENCH_SCHEMA,
  type BenchRecord,
  describeGit,
  describeMachine,
  spreadWarnings,
  type Warning,
} from "./record.ts";
import type { SamplePlan } from "./sampling.ts";
import { measureSizes, type SizeResult } from "./size-part.ts";
import { measureSizePeer, type SizePeerReport } from "./size-peer-part.ts";
import { formatRecord } from "./tables.ts";

const PARTS = ["kernels", "sizes", "inference", "measuring", "peer"] as const;
type Part = (typeof PARTS)[number];

interface Options {
  readonly out?: string;
  readonly only?: readonly Part[];
  readonly peer: boolean;
  readonly quick: boolean;
  readonly neurons: readonly number[];
  readonly sizes?: readonly number[];
  readonly layers: number;
  readonly rows: number;
  readonly seed: number;
}

const FULL = {
  plan: { rounds: 9, sampleMs: 15, warmUpMs: 60 },
  layerSizes: [1024, 16_384, 65_536],
  rounds: 5,
  sampleSeconds: 1,
  peerRounds: 3,
};
/** For a look at whether everything runs; its numbers mean little. */
const QUICK = {
  plan: { rounds: 2, sampleMs: 1, warmUpMs: 5 },
  layerSizes: [1024, 4096],
  rounds: 1,
  sampleSeconds: 0,
  peerRounds: 1,
};

/** Runs with `argv` as process.argv. Exit status 0; 2 wrong usage; 3 a result that is wrong or another failure. */
export async function main(argv: readonly string[]): Promise<void> {
  const command = new Command("bench")
    .description("Measures kernels and whole inference, after checking them against the float64 oracle.")
    .option("--out <file>", "file of the JSON record (default: bench-<date>.json in the current folder)")
    .addOption(new Option("--only <parts>", `comma list of ${PARTS.join(", ")}`).argParser(parseParts))
    .option("--peer", "compare with the C program as well (needs cc and AVX-512)", false)
    .option("--quick", "few, short samples: to see that everything runs", false)
    .option("--neurons <list>", "sizes of the networks", parseList, [1024, 4096, 16384])
    .option("--sizes <list>", "sizes of the layers of the part `sizes`", parseList)
    .option("--layers <n>", "layers of the whole inference", parseCount, 120)
    .option(
      "--rows <n>",
      "rows of the network of 1024 neurons; larger networks take fewer in proportion",
      parseCount,
      60_000,
    )
    .option("--seed <n>", "seed of all generated data", parseCount, 1)
    .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2));
  command.parse(argv);
  try {
    await run(command.opts<Options>(), argv.slice(2));
  } catch (error) {
    if (!(error instanceof GossamerError)) throw error;
    console.error(`bench: ${error.message}`);
    process.exitCode = 3;
  }
}

async function run(options: Options, args: readonly string[]): Promise<void> {
  const startedAt = new Date();
  const wanted = new Set<Part>(options.only ?? ["kernels", "sizes", "inference"]);
  if (options.peer) wanted.add("peer");
  // Before any kernel is compiled, as the engine does.
  const isRevectorized = enableRevectorize();
  const machine = describeMachine(isRevectorized ? ["--experimental-wasm-revectorize"] : []);
  const { neurons, layers, rows, seed, quick } = options;
  const { plan, layerSizes, rounds, sampleSeconds, peerRounds } = quick ? QUICK : FULL;
  const warnings: Warning[] = [];
  if (!isRevectorized) {
    warnings.push({ kind: "fallback", what: "V8 does not join 128-bit operations: the flag is unknown to it" });
  }

  const ceiling = await measureCeiling(ceilingPlan(plan));
  const kernels = !wanted.has("kernels")
    ? null
    : await measureKernels({
        neurons,
        plan,
        seed,
        ceiling: ceiling?.edgesPerSecond.l1 ?? null,
        onProgress: progress("kernels"),
      });
  const sizes = !wanted.has("sizes")
    ? null
    : await measureSizes({
        sizes: options.sizes ?? layerSizes,
        plan,
        seed,
        ceiling: ceiling?.edgesPerSecond.l1 ?? null,
        onProgress: progress("sizes"),
      });
  const sizePeer =
    sizes === null || !options.peer
      ? null
      : await measureSizePeer({
          sizes: options.sizes ?? layerSizes,
          rounds,
          seed,
          onProgress: progress("sizes"),
        });
  const workers = [1, 2];
  const inference = !wanted.has("inference")
    ? null
    : await measureInference({
        neurons,
        layers,
        rows,
        workers,
        rounds,
        sampleSeconds,
        seed,
        onProgress: progress("inference"),
      });
  const [smallest = 1024] = neurons;
  const measuring = !wanted.has("measuring")
    ? null
    : await measureMeasuring({ neurons: smallest, layers, rows, rounds, seed, onProgress: progress("measuring") });
  const peer = !wanted.has("peer")
    ? null
    : await measurePeer({ neurons: smallest, layers, rows, rounds: peerRounds, seed, onProgress: progress("peer") });

  const git = describeGit();
  if (git?.dirty === true) warnings.push({ kind: "dirty", what: "the working tree differs from the commit" });
  if ((inference !== null || peer !== null) && Math.max(...workers) > machine.cores) {
    warnings.push({ kind: "oversubscribed", what: `${Math.max(...workers)} workers on ${machine.cores} cores` });
  }
  warnings.push(...spreadWarnings(allTimings(ceiling, kernels, sizes, sizePeer, inference, measuring, peer)));
  const record: BenchRecord = {
    schema: BENCH_SCHEMA,
    startedAt: startedAt.toISOString(),
    command: args,
    git,
    machine,
    seed,
    ceiling,
    kernels,
    sizes,
    sizePeer,
    inference,
    measuring,
    peer,
    warnings,
  };
  const file = options.out ?? join(process.cwd(), `bench-${startedAt.toISOString().replace(/[:.]/g, "-")}.json`);
  await writeAtomically(file, (temporary) => writeFile(temporary, `${JSON.stringify(record, null, 2)}\n`));
  console.log(formatRecord(record));
  console.error(`bench: record written to ${file}`);
}

function allTimings(
  ceiling: Ceiling | null,
  kernels: readonly KernelResult[] | null,
  sizes: readonly SizeResult[] | null,
  sizePeer: SizePeerReport | null,
  inference: readonly InferenceResultRecord[] | null,
  measuring: MeasuringReport | null,
  peer: PeerReport | null,
): { name: string; spread: number | null }[] {
  return [
    ...(ceiling?.results ?? []).map(({ level, chains, timing }) => ({
      name: `ceiling ${level}, ${chains} chains`,
      spread: timing.spread,
    })),
    ...[...(kernels ?? []), ...(sizes ?? [])].map(({ name, timing }) => ({ name, spread: timing.spread })),
    ...(sizePeer === null || "unavailable" in sizePeer ? [] : sizePeer.results),
    ...(inference ?? []),
    ...(measuring?.results ?? []),
    ...(peer === null || "unavailable" in peer ? [] : peer.timings),
  ];
}

/** The ceiling is one number for all: it gets twice the samples. */
function ceilingPlan(plan: SamplePlan): SamplePlan {
  return { ...plan, rounds: plan.rounds * 2 };
}

/** A line on stderr that is written over, on a terminal only. */
function progress(part: Part): (share: number) => void {
  if (!process.stderr.isTTY) return () => {};
  return (share) => {
    process.stderr.write(share >= 1 ? "\r\x1b[K" : `\rbench: ${part} ${Math.floor(share * 100)} %`);
  };
}

function parseParts(text: string): Part[] {
  return text.split(",").map((name) => {
    const part = PARTS.find((known) => known === name.trim());
    if (part === undefined) throw new InvalidArgumentError(`expected ${PARTS.join(", ")}`);
    return part;
  });
}

function parseCount(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError("expected a whole number from 1");
  return Number(text);
}

function parseList(text: string): number[] {
  return text.split(",").map((item) => parseCount(item.trim()));
}
