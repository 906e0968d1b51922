// A small chart of a count by layer, for a terminal: bars on a logarithmic scale, because rows fall from tens of
// thousands to two within a few layers. Pure text; colours and width are the caller's.

/** Eighths of a cell, empty to full. */
const BLOCKS = [" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];
/** The same with letters that every terminal and log file shows. */
const ASCII = [" ", ".", ".", ":", ":", ":", "|", "|", "#"];
/** Shown where no count is known yet. */
const UNKNOWN = "?";

export interface ChartOptions {
  /** Columns for the bars; with more layers than that a column stands for several and shows the first. */
  readonly width: number;
  /** Lines. */
  readonly height: number;
  /** False: letters of ASCII only. */
  readonly blocks: boolean;
  /** The full height; the same for charts that are to be compared. At least 1. */
  readonly top: number;
}

/**
 * Lines from top to bottom. A count of 1 is one eighth of a cell high, 0 is empty, `top` is full. Where a count is not
 * known the one before it is drawn: rows never come back to life.
 */
export function drawBars(counts: readonly (number | null)[], options: ChartOptions): string[] {
  const { width, height, top } = options;
  const letters = options.blocks ? BLOCKS : ASCII;
  const columns = Math.min(width, counts.length);
  const known = fillForward(counts);
  const eighths = Array.from({ length: columns }, (_, column) => {
    const count = known[Math.floor((column * counts.length) / columns)] ?? null;
    return count === null ? null : heightOf(count, top, height * 8);
  });
  return Array.from({ length: height }, (_, line) => {
    const below = (height - 1 - line) * 8;
    const cells = eighths.map((full) => {
      if (full === null) return line === height - 1 ? UNKNOWN : " ";
      return letters[Math.max(0, Math.min(8, full - below))] ?? " ";
    });
    return cells.join("").trimEnd();
  });
}

function fillForward(counts: readonly (number | null)[]): (number | null)[] {
  let before: number | null = null;
  return counts.map((count) => {
    before = count ?? before;
    return before;
  });
}

/** Logarithmic: 1 -> 1, top -> full. */
function heightOf(count: number, top: number, full: number): number {
  if (count < 1) return 0;
  if (top <= 1) return full;
  return Math.min(full, 1 + Math.round(((full - 1) * Math.log(count)) / Math.log(top)));
}
