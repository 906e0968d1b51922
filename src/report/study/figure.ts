// A figure of the report: a chart with its legend, and a caption that names the records it was drawn from.

import type { LegendEntry } from "./chart-look.ts";

export interface Figure {
  readonly title: string;
  /** What to see in it and how to read it, in plain words. */
  readonly text: string;
  readonly svg: string;
  readonly legend: readonly LegendEntry[];
  /** Lines of records.jsonl. */
  readonly lines: readonly number[];
}

/** A figure that these records cannot give, and why. */
export interface MissingFigure {
  readonly title: string;
  readonly reason: string;
}

export type FigureOrReason = Figure | MissingFigure;

export function isDrawn(figure: FigureOrReason): figure is Figure {
  return "svg" in figure;
}
