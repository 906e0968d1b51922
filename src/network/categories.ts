// Categories: the numbers of the rows whose final activations are not all zero. 0-based in code, 1-based in files.

/** How categories compare with those of a truth; `match` only when nothing is missing and nothing extra. */
export interface TruthComparison {
  readonly verdict: "match" | "differ";
  /** In the truth, not in the result. */
  readonly missing: number;
  /** In the result, not in the truth. */
  readonly extra: number;
}

/** Categories of dense activations. Shapes: `activations`: nrows x ncols, row-major. NaN counts as not zero. */
export function categoriesOf(activations: Float32Array | Float64Array, nrows: number, ncols: number): Uint32Array {
  const found: number[] = [];
  for (let i = 0; i < nrows; i++) {
    for (let j = 0; j < ncols; j++) {
      if (activations[i * ncols + j] !== 0) {
        found.push(i);
        break;
      }
    }
  }
  return Uint32Array.from(found);
}

/** Compares two rising lists of row numbers both ways: missing and extra rows both make them differ. */
export function compareCategories(found: Uint32Array, truth: Uint32Array): TruthComparison {
  const truthSet = new Set(truth);
  let extra = 0;
  for (const row of found) if (!truthSet.delete(row)) extra++;
  const missing = truthSet.size;
  return { verdict: missing === 0 && extra === 0 ? "match" : "differ", missing, extra };
}

/** SHA-256 (hex) of the sorted 1-based row numbers in decimal, each followed by a newline. */
export async function hashCategories(categories: Uint32Array): Promise<string> {
  const text = Array.from(categories, (row) => `${row + 1}\n`).join("");
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
