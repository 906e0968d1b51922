// The twelve sizes of the challenge, and what is known of them from elsewhere.

import { UsageError } from "../../core/errors.ts";

export interface ChallengeSize {
  readonly neurons: number;
  readonly layers: number;
}

const NEURONS = [1024, 4096, 16_384, 65_536] as const;
const LAYERS = [120, 480, 1920] as const;

/** In order of their weights, so that a study that ends early has the most of them. */
export const CHALLENGE_SIZES: readonly ChallengeSize[] = NEURONS.flatMap((neurons) =>
  LAYERS.map((layers) => ({ neurons, layers })),
).toSorted((a, b) => a.neurons * a.layers - b.neurons * b.layers);

/** Weights into a neuron. */
export const DEGREE = 32;

/** Categories of the official networks; of other permutations there may be a few more or less. Source: graphchallenge.mit.edu. */
export function officialCategories(neurons: number): number | null {
  const known: Record<number, number> = { 1024: 1812, 16_384: 1918, 65_536: 1994 };
  return known[neurons] ?? null;
}

/** "1024x120,65536x1920". @throws UsageError for a size that the challenge does not have */
export function parseSizes(text: string): ChallengeSize[] {
  return text.split(",").map((name) => {
    const size = CHALLENGE_SIZES.find(({ neurons, layers }) => `${neurons}x${layers}` === name.trim());
    if (size !== undefined) return size;
    const names = CHALLENGE_SIZES.map(({ neurons, layers }) => `${neurons}x${layers}`).join(", ");
    throw new UsageError(`size is ${name}, expected some of ${names}, separated by commas`);
  });
}
