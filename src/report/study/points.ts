// The points of a study's grid: repeats of one combo of one case, with their medians and the names that charts give them.

import { hashText } from "./hash-text.ts";
import { summarize, type SampleFigures } from "../statistics.ts";
import type { NumberedRecord, StudyRecord } from "./study-record.ts";

export interface Point {
  readonly key: string;
  readonly case: string;
  readonly strategy: string;
  /** "none", "input, deal" and so on. */
  readonly hashing: string;
  /** Strategy, and whatever else distinguishes this point besides hashing and workers: "data, nonzero". */
  readonly label: string;
  /** What two points must share for their times to be compared: rows mode, kernel set and formats. */
  readonly ground: string;
  /** Workers of each rank. */
  readonly workers: number;
  readonly ranks: number;
  /** The label without the ranks: what points with other numbers of ranks share. */
  readonly labelOfRank: string;
  readonly records: readonly NumberedRecord[];
  /** The first record: for counts, which repeats share unless workers compete for tiles. */
  readonly first: StudyRecord;
  readonly inferSeconds: SampleFigures;
  /** Medians over the repeats. */
  readonly imbalance: number;
  readonly computedEdges: number;
  /** More workers than cores: its counts mean something, its times nothing. */
  readonly isOversubscribed: boolean;
}

/** Axes that have a place of their own in every chart. */
const PLACED_AXES = new Set(["strategy", "hash", "hashMethod", "workers", "ranks"]);

/** Points in the order of their first records. */
export function groupPoints(records: readonly NumberedRecord[]): Point[] {
  const byKey = Map.groupBy(records, ({ record }) => record.study.key);
  const byCase = Map.groupBy(records, ({ record }) => record.study.case);
  const varying = new Map(
    Array.from(byCase, ([name, group]) => [name, varyingAxes(group.map(({ record }) => record))]),
  );
  return Array.from(byKey, ([key, group]) => makePoint(key, group, varying));
}

export function medianOf(samples: readonly number[]): number {
  return summarize(samples).median;
}

function makePoint(
  key: string,
  records: readonly NumberedRecord[],
  varying: ReadonlyMap<string, ReadonlySet<string>>,
): Point {
  const first = (records[0] as NumberedRecord).record;
  const { settings, study } = first;
  const extra = Object.entries(study.combo).filter(([axis]) => varying.get(study.case)?.has(axis));
  const ranks = settings.ranks;
  const labelOfRank = [settings.strategy, ...extra.map(([, value]) => value)].join(", ");
  return {
    key,
    case: study.case,
    strategy: settings.strategy,
    hashing: hashText(settings.hash, settings.hashMethod),
    label: ranks === 1 ? labelOfRank : `${labelOfRank}, ${ranks} ranks`,
    ranks,
    labelOfRank,
    ground: [settings.rows, settings.kernel, settings.activationFormat, settings.weightFormat].join(", "),
    workers: settings.workers,
    records,
    first,
    inferSeconds: summarize(records.map(({ record }) => record.seconds.infer)),
    imbalance: medianOf(records.map(({ record }) => record.balance.imbalance)),
    computedEdges: medianOf(records.map(({ record }) => record.edges.computed)),
    isOversubscribed: ranks * settings.workers > first.runtime.cores,
  };
}

/** Axes with two values among these records of one case; a point that has none there does not count. */
function varyingAxes(records: readonly StudyRecord[]): Set<string> {
  const values = new Map<string, Set<string | number>>();
  for (const [axis, value] of records.flatMap(({ study }) => Object.entries(study.combo))) {
    if (!PLACED_AXES.has(axis)) values.set(axis, (values.get(axis) ?? new Set()).add(value));
  }
  return new Set(Array.from(values).flatMap(([axis, seen]) => (seen.size > 1 ? [axis] : [])));
}
