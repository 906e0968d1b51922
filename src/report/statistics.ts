// Figures of repeated samples. Samples themselves are kept raw in every record; these are for reading it.

export interface SampleFigures {
  readonly median: number;
  readonly min: number;
  /** Distance between the quartiles over the median; null for fewer than 4 samples. */
  readonly spread: number | null;
}

/** @throws RangeError for no samples and for NaN among them. */
export function summarize(samples: readonly number[]): SampleFigures {
  if (samples.length === 0) throw new RangeError("0 samples, expected at least 1");
  if (samples.some((sample) => Number.isNaN(sample))) throw new RangeError("a sample is NaN, expected a number");
  const sorted = samples.toSorted((a, b) => a - b);
  const median = quantile(sorted, 0.5);
  const spread = sorted.length < 4 ? null : (quantile(sorted, 0.75) - quantile(sorted, 0.25)) / median;
  return { median, min: quantile(sorted, 0), spread };
}

/** Linear between the two nearest of the sorted samples. */
function quantile(sorted: readonly number[], share: number): number {
  const at = share * (sorted.length - 1);
  const below = sorted[Math.floor(at)] ?? Number.NaN;
  const above = sorted[Math.ceil(at)] ?? Number.NaN;
  return below + (above - below) * (at - Math.floor(at));
}

/** Largest over mean: 1 is perfect balance. 1 as well where nobody did anything. */
export function imbalanceOf(loads: readonly number[]): number {
  const sum = loads.reduce((total, load) => total + load, 0);
  return sum === 0 ? 1 : Math.max(...loads) / (sum / loads.length);
}
