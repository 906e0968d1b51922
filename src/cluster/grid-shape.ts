// The shape of a grid: rows split R ways, neurons C ways. Rank r C + c is member c of row group r.

import { UsageError } from "../core/errors.ts";

export interface GridShape {
  readonly rowGroups: number;
  readonly columns: number;
}

/** Parses "RxC". @throws UsageError */
export function parseGrid(text: string): GridShape {
  const match = /^([1-9]\d{0,4})x([1-9]\d{0,4})$/.exec(text);
  if (match === null) throw new UsageError(`grid is "${text}", expected ROWSxNEURONS such as 2x2`);
  return { rowGroups: Number(match[1]), columns: Number(match[2]) };
}

/** @throws UsageError unless the grid has a place for every rank */
export function checkGrid({ rowGroups, columns }: GridShape, ranks: number): void {
  if (rowGroups * columns === ranks) return;
  const found = `${ranks} ${ranks === 1 ? "was" : "were"} started`;
  throw new UsageError(`a grid of ${rowGroups}x${columns} needs ${rowGroups * columns} ranks, ${found}`);
}
