// The layout of the charts with a bar a point: strategies as groups from top to bottom, one line a hashing in each.

import type { Point } from "./points.ts";
import { labelWidth } from "./chart-look.ts";

const LINE_HEIGHT = 19;
const GROUP_GAP = 12;
const AXES_HEIGHT = 78;

export interface BarLayout {
  readonly groups: readonly string[];
  readonly hashings: readonly string[];
  readonly height: number;
  readonly marginLeft: number;
  readonly marginRight: number;
}

export function barLayout(points: readonly Point[]): BarLayout {
  const groups = [...new Set(points.map(({ label }) => label))];
  const hashings = [...new Set(points.map(({ hashing }) => hashing))];
  return {
    groups,
    hashings,
    height: AXES_HEIGHT + groups.length * (hashings.length * LINE_HEIGHT + GROUP_GAP),
    marginLeft: labelWidth(hashings),
    marginRight: labelWidth(groups),
  };
}

/** All lines of the records behind some points. */
export function linesOf(points: readonly Point[]): number[] {
  return points.flatMap(({ records }) => records.map(({ line }) => line));
}

/** Points of the most workers that there are cores for; of the most workers at all where that is none. */
export function atMostCores(points: readonly Point[]): Point[] {
  const fitting = points.filter(({ isOversubscribed }) => !isOversubscribed);
  return atMostWorkers(fitting.length > 0 ? fitting : points);
}

export function atMostWorkers(points: readonly Point[]): Point[] {
  const most = Math.max(0, ...points.map(({ workers }) => workers));
  return points.filter(({ workers }) => workers === most);
}

/** "2 workers on 2 cores". */
export function workersText(points: readonly Point[]): string {
  const [first] = points;
  if (first === undefined) return "no workers";
  const { cores } = first.first.runtime;
  return `${first.workers} ${first.workers === 1 ? "worker" : "workers"} on ${cores} ${cores === 1 ? "core" : "cores"}`;
}
