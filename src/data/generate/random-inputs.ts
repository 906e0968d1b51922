// Random sparse input rows for tests and studies, balanced or not.

import { checkChoice, checkInteger } from "../../core/checks.ts";
import { UsageError } from "../../core/errors.ts";
import { makeRandom } from "../../core/random.ts";
import type { CsrMatrix } from "../../sparse/matrix.ts";
import { drawIndexSets, pointersOf } from "./random-entries.ts";
import { LENGTH_SHAPES, type LengthShape, makeLengths } from "./random-lengths.ts";

/** `ones`: every stored value is 1, as in the challenge. `general`: uniform in (0, 1]. */
export const RANDOM_INPUT_VALUES = ["ones", "general"] as const;
export type RandomInputValues = (typeof RANDOM_INPUT_VALUES)[number];

const MAX_ROWS = 2 ** 31;
const MAX_FEATURES = 2 ** 24;
/** Row pointers are 32-bit. */
const MAX_NNZ = 2 ** 32 - 1;

/** Size, density and shape of random input rows. */
export interface RandomInputsOptions {
  readonly rows: number;
  readonly features: number;
  /** Share of stored entries, 0 to 1. */
  readonly density: number;
  readonly seed: number;
  /** Rows in order of length, the longest first: the worst case of a plain split of the rows. */
  readonly sorted?: boolean | undefined;
  /** By default `uniform`: as digits do, rows differ. */
  readonly rowLengths?: LengthShape | undefined;
  /** By default `ones`. */
  readonly values?: RandomInputValues | undefined;
}

/** @throws UsageError for an option out of range. */
export function checkRandomInputs(options: RandomInputsOptions): void {
  const { rows, features, density, seed, rowLengths: shape = "uniform", values = "ones" } = options;
  checkInteger(rows, 1, MAX_ROWS, "rows");
  checkInteger(features, 1, MAX_FEATURES, "features");
  checkInteger(seed, 0, 2 ** 32 - 1, "seed");
  checkChoice(shape, LENGTH_SHAPES, "rowLengths");
  checkChoice(values, RANDOM_INPUT_VALUES, "values");
  if (!(density >= 0 && density <= 1)) throw new UsageError(`density is ${density}, expected 0 to 1`);
  const nnz = density * features * rows;
  if (nnz > MAX_NNZ) throw new UsageError(`rows would have ${nnz} entries, expected at most ${MAX_NNZ}`);
}

/** Shape: rows x features. @throws UsageError for an option out of range. */
export function randomInputs(options: RandomInputsOptions): CsrMatrix {
  checkRandomInputs(options);
  const { rows, features, density, seed, sorted = false, rowLengths: shape = "uniform", values = "ones" } = options;
  const mean = density * features;
  const random = makeRandom(seed);
  const lengths = makeLengths({ count: rows, mean, limit: features, shape, sorted }, random);
  const colIdx = drawIndexSets(lengths, features, random);
  return {
    format: "csr",
    nrows: rows,
    ncols: features,
    rowPtr: pointersOf(lengths),
    colIdx,
    values:
      values === "ones" ? Float32Array.of(1) : Float32Array.from({ length: colIdx.length }, () => 1 - random.next()),
  };
}
