// Ranks in the report of a study: a line for each point on several ranks, with the balance over ranks, what they sent, and
// the speed-up against one rank of the same settings, where the study has it.

import { formatBytes, formatSeconds } from "../../core/units.ts";
import type { Point } from "./points.ts";
import { summarizePoint } from "./summary-table.ts";

export interface RanksRow {
  readonly label: string;
  readonly hashing: string;
  readonly ranks: number;
  readonly workers: number;
  /** Empty where there are fewer cores than workers of all ranks. */
  readonly seconds: string;
  readonly speedUp: string;
  readonly imbalance: string;
  readonly communication: string;
  readonly sent: string;
}

/** Names of a row's fields, in their order. */
export const RANK_COLUMNS = [
  "settings",
  "hashing",
  "ranks",
  "workers",
  "median time",
  "speed-up",
  "max / mean",
  "communicating",
  "sent",
] as const;

/** Empty for a study without ranks. */
export function ranksRows(points: readonly Point[]): RanksRow[] {
  return points
    .filter(({ ranks }) => ranks > 1)
    .map((point) => {
      const row = summarizePoint(point);
      const alone = points.find((other) => other.ranks === 1 && sharesSettings(other, point));
      const isTimed = !point.isOversubscribed;
      return {
        label: point.label,
        hashing: point.hashing,
        ranks: point.ranks,
        workers: point.workers,
        seconds: isTimed ? formatSeconds(row.inferSecondsMedian) : "",
        speedUp: isTimed && alone !== undefined ? (alone.inferSeconds.median / row.inferSecondsMedian).toFixed(2) : "",
        imbalance: row.rankEdgesMaxOverMean?.toFixed(3) ?? "",
        communication:
          isTimed && row.communicationSecondsMax !== null ? formatSeconds(row.communicationSecondsMax) : "",
        sent: row.bytesSent === null ? "" : formatBytes(row.bytesSent),
      };
    });
}

/** The same workers a rank: a speed-up of ranks, each with as many threads. */
function sharesSettings(one: Point, other: Point): boolean {
  return (
    one.case === other.case &&
    one.strategy === other.strategy &&
    one.hashing === other.hashing &&
    one.workers === other.workers &&
    one.ground === other.ground
  );
}
