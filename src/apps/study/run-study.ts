// Runs a study: the cases one after the other, in each first the verification, then repeat 1 of every combo, repeat 2 of
// every combo, and so on, so that a slow minute of the machine meets all of them. What has a record is not run again.

import { InvariantError, UsageError } from "../../core/errors.ts";
import { checkGrid, parseGrid } from "../../cluster/grid-shape.ts";
import { openEngine } from "../../engine/engine.ts";
import { resolveSettings } from "../../engine/options.ts";
import { makeRunRecord, type RunRecord, type RuntimeFacts } from "../../report/run-record.ts";
import {
  type NumberedRecord,
  STUDY_SCHEMA,
  type StudyRecord,
  type Verification,
} from "../../report/study/study-record.ts";
import { availableCores } from "../../threads/team.ts";
import { type Combo, comboKey, comboOptions, comboRanks, listCombos } from "./axes.ts";
import { definitionOf, makeMaterials, type Materials } from "./materials.ts";
import { appendRecord } from "./records-file.ts";
import { openRankRuns, type RankRuns } from "./run-on-ranks.ts";
import type { CaseSpec, StudySpec } from "./spec.ts";
import { verifyCombos } from "./verify.ts";

export interface RunStudyOptions {
  readonly folder: string;
  /** Folder that paths of the specification start from. */
  readonly base: string;
  readonly runtime: RuntimeFacts;
  readonly peakBytes: () => number;
  readonly signal: AbortSignal;
  readonly onStep: (name: string) => void;
  readonly onProgress: (share: number) => void;
  readonly say: (text: string) => void;
}

interface Run {
  readonly combo: Combo;
  readonly key: string;
  readonly repeat: number;
}

/** @param records those that the folder holds; @returns how many runs were added. @throws UsageError, InvariantError, ... */
export async function runStudy(
  spec: StudySpec,
  records: readonly NumberedRecord[],
  options: RunStudyOptions,
): Promise<number> {
  for (const item of spec.cases) checkDefinition(item, spec, records, options);
  const done = new Set(records.map(({ record }) => runName(record.study.key, record.study.repeat)));
  let added = 0;
  for (const item of spec.cases) {
    const runs = listRuns(item, options.say).filter(({ key, repeat }) => !done.has(runName(key, repeat)));
    if (runs.length > 0) await runCase(item, spec, runs, records, options);
    added += runs.length;
  }
  return added;
}

function runName(key: string, repeat: number): string {
  return `${key} repeat=${repeat}`;
}

/** All runs of a case, interleaved. Combos that the engine refuses are left out, with a word for each reason. */
function listRuns(item: CaseSpec, say: (text: string) => void): Run[] {
  const refused = new Map<string, number>();
  const combos = listCombos(item.axes).filter((combo) => {
    try {
      resolveSettings(comboOptions(combo), availableCores());
      const { ranks, grid } = comboRanks(combo);
      if (grid !== undefined) checkGrid(parseGrid(grid), ranks);
      return true;
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      refused.set(error.message, (refused.get(error.message) ?? 0) + 1);
      return false;
    }
  });
  for (const [reason, count] of refused) {
    say(`${item.name}: ${count} ${count === 1 ? "setting is" : "settings are"} left out: ${reason}`);
  }
  return Array.from({ length: item.repeats }, (_, k) =>
    combos.map((combo) => ({ combo, key: `${item.name}: ${comboKey(combo)}`, repeat: k + 1 })),
  ).flat();
}

/** A case that changed under its name would mix two experiments. @throws UsageError */
function checkDefinition(
  item: CaseSpec,
  { seed }: StudySpec,
  records: readonly NumberedRecord[],
  { base, folder }: RunStudyOptions,
): void {
  const definition = definitionOf(item, { base, seed });
  const other = records.find(({ record }) => record.study.case === item.name && record.study.definition !== definition);
  if (other === undefined) return;
  throw new UsageError(
    `${folder}: record ${other.line} is of another network or inputs under the name "${item.name}"; ` +
      "give the case another name, or the study another folder",
  );
}

async function runCase(
  item: CaseSpec,
  spec: StudySpec,
  runs: readonly Run[],
  records: readonly NumberedRecord[],
  options: RunStudyOptions,
): Promise<void> {
  const { signal, onStep, onProgress } = options;
  onStep(`${item.name}: making network and inputs`);
  const readStarted = performance.now();
  const materials = await makeMaterials(item, { base: options.base, seed: spec.seed, signal });
  const readSeconds = (performance.now() - readStarted) / 1000;

  onStep(`${item.name}: verifying`);
  const combos = [...new Map(runs.map(({ key, combo }) => [key, combo])).values()];
  const { network, inputs } = materials;
  const verified = await verifyCombos(network, inputs, combos, { seed: spec.seed, signal, onProgress });

  onStep(`${item.name}: measuring`);
  const hasRanks = combos.some((combo) => comboRanks(combo).ranks > 1);
  await using ranks: RankRuns | null = hasRanks
    ? await openRankRuns(network, inputs, { seed: spec.seed, signal })
    : null;
  let sha256 = records.find(({ record }) => record.study.case === item.name)?.record.categories.sha256;
  for (const [k, run] of runs.entries()) {
    onProgress(k / runs.length);
    const record = await measure(item, spec, run, { materials, verified, readSeconds, ranks }, options);
    sha256 ??= record.categories.sha256;
    if (record.categories.sha256 !== sha256) {
      throw new InvariantError(`${run.key}: names other categories than the runs before; the records before it stand`);
    }
    await appendRecord(options.folder, record);
  }
}

interface CaseFacts {
  readonly materials: Materials;
  readonly verified: Verification;
  readonly readSeconds: number;
  /** Where some combo has several. */
  readonly ranks: RankRuns | null;
}

async function measure(
  item: CaseSpec,
  spec: StudySpec,
  { combo, key, repeat }: Run,
  facts: CaseFacts,
  options: RunStudyOptions,
): Promise<StudyRecord> {
  const { networkText, inputsText } = facts.materials;
  const startedAt = new Date().toISOString();
  const isOnRanks = facts.ranks !== null && comboRanks(combo).ranks > 1;
  const record = isOnRanks
    ? (await facts.ranks.infer(combo, { keep: false })).record
    : await measureHere(combo, spec.seed, facts, options);
  const study = {
    schema: STUDY_SCHEMA,
    study: spec.name,
    case: item.name,
    network: networkText,
    inputs: inputsText,
    definition: definitionOf(item, { base: options.base, seed: spec.seed }),
    combo,
    key,
    repeat,
    startedAt,
    verified: facts.verified,
  } as const;
  return { ...record, study };
}

async function measureHere(
  combo: Combo,
  seed: number,
  { materials: { network, inputs }, readSeconds }: CaseFacts,
  { runtime, peakBytes, signal }: RunStudyOptions,
): Promise<RunRecord> {
  await using engine = await openEngine(network, { ...comboOptions(combo), seed, signal });
  signal.throwIfAborted();
  const result = await engine.infer(inputs, { signal });
  return makeRunRecord(result, {
    network,
    truth: null,
    seed,
    readSeconds,
    prepareSeconds: engine.prepareSeconds,
    totalSeconds: performance.now() / 1000,
    peakBytes: peakBytes(),
    runtime,
  });
}
