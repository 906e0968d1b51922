// What all charts of a report share: size, fonts, colours, and the way from Plot's options to the text of one SVG.
// Colours are Okabe and Ito's, which people of every colour vision tell apart and a grey printer keeps apart.

import * as Plot from "@observablehq/plot";
import { modeOfHashing } from "./hash-text.ts";

export const CHART_WIDTH = 760;
/** Of the 12 px font, generously: Plot does not measure text. */
const LETTER_WIDTH = 6.8;

/** The document that charts are drawn with: a page's own, or a library's where there is no page. */
export type ChartDocument = object;

export interface LegendEntry {
  readonly label: string;
  readonly colour: string;
  /** As it is drawn; a field of colour by default. */
  readonly shape?: "field" | "line" | "dashed" | "dot";
}

export const HASH_COLOURS: Readonly<Record<string, string>> = {
  none: "#8a8a8a",
  input: "#0072b2",
  layer: "#e69f00",
  both: "#009e73",
};

/** For lines and parts, in order. */
export const PALETTE: readonly string[] = [
  "#0072b2",
  "#d55e00",
  "#009e73",
  "#cc79a7",
  "#e69f00",
  "#56b4e9",
  "#6a3d9a",
  "#8a8a8a",
];

export const INK = "#1d2530";
export const FAINT = "#c9ced6";

export function colourOfHashing(hashing: string): string {
  return HASH_COLOURS[modeOfHashing(hashing)] ?? INK;
}

export function hashLegend(hashings: readonly string[]): LegendEntry[] {
  const modes = [...new Set(hashings.map(modeOfHashing))];
  return modes.map((mode) => ({
    label: mode === "none" ? "no hashing" : `hashing ${mode}`,
    colour: HASH_COLOURS[mode] ?? INK,
  }));
}

export function paletteColour(k: number): string {
  return PALETTE[k % PALETTE.length] ?? INK;
}

/** Below the numbers of a horizontal axis there is room for its label. */
export const AXIS_LABEL = { labelAnchor: "center", labelOffset: 38 } as const;
export const AXIS_MARGIN = 46;

/** Room for labels beside an axis. */
export function labelWidth(labels: readonly string[]): number {
  return 16 + LETTER_WIDTH * Math.max(0, ...labels.map((label) => label.length));
}

/** One SVG element as text. @param name says what the chart shows, for readers who cannot see it. */
export function drawSvg(document: ChartDocument, name: string, options: Plot.PlotOptions): string {
  const drawn = Plot.plot({
    width: CHART_WIDTH,
    marginBottom: AXIS_MARGIN,
    ...options,
    document: document as NonNullable<Plot.PlotOptions["document"]>,
    className: "chart",
    ariaLabel: name,
    style: { fontSize: "12px", fontFamily: "inherit", color: INK, overflow: "visible", ...(options.style as object) },
  });
  return (drawn as unknown as { readonly outerHTML: string }).outerHTML;
}
