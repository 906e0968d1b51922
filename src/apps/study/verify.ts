// Before anything is measured: every combo of a case must name the same categories on a sample of its rows, and a few of
// those rows must equal float64. The sample is evenly spaced, so that it holds rows of every kind in sorted inputs too.

import { InvariantError } from "../../core/errors.ts";
import { openEngine } from "../../engine/engine.ts";
import type { InferenceResult } from "../../engine/result.ts";
import type { Network } from "../../network/network.ts";
import type { Verification } from "../../report/study/study-record.ts";
import { type CsrMatrix, entryValue } from "../../sparse/matrix.ts";
import { chooseRows } from "../challenge/check-sample.ts";
import { chooseReference, referenceLayer } from "../challenge/reference.ts";
import { type Combo, comboKey, comboOptions, comboRanks } from "./axes.ts";
import { pickRows } from "./pick-rows.ts";
import { openRankRuns, type RankRuns } from "./run-on-ranks.ts";

const SAMPLE_ROWS = 256;
/** float32 sums against float64: the project's bound, and its floor for values near zero. */
const RELATIVE = 1e-4;
const ABSOLUTE = 1e-5;

export interface VerifyOptions {
  readonly seed: number;
  readonly signal: AbortSignal;
  readonly onProgress: (share: number) => void;
}

/** @throws InvariantError naming the combo that is wrong; whatever the engine throws */
export async function verifyCombos(
  network: Network,
  inputs: CsrMatrix,
  combos: readonly Combo[],
  options: VerifyOptions,
): Promise<Verification> {
  const sample = pickRows(inputs, SAMPLE_ROWS);
  // Ranks run the sample as well as one process does.
  const hasRanks = combos.some((combo) => comboRanks(combo).ranks > 1);
  await using ranks: RankRuns | null = hasRanks ? await openRankRuns(network, sample, options) : null;
  let wanted: Expected | null = null;
  let largestError = 0;
  for (const [c, combo] of combos.entries()) {
    options.onProgress(c / combos.length);
    const engineOptions = { ...comboOptions(combo), seed: options.seed, keepActivations: true, warmUp: false };
    await using engine = await openEngine(network, engineOptions);
    const result = await engine.infer(sample, { signal: options.signal });
    wanted ??= await expect(network, sample, result, options);
    largestError = Math.max(largestError, compare(result, wanted, comboKey(combo)));
    if (ranks === null || comboRanks(combo).ranks === 1) continue;
    largestError = Math.max(largestError, compare(await ranks.infer(combo, { keep: true }), wanted, comboKey(combo)));
  }
  if (wanted === null) throw new InvariantError("there is no combo to verify");
  const { reference, rows } = wanted;
  return { rows: sample.nrows, referenceRows: rows.length, reference, largestError };
}

interface Expected {
  readonly reference: string;
  /** Of the first combo. */
  readonly categories: Uint32Array;
  /** Rows of the sample, and their final activations in float64. */
  readonly rows: readonly number[];
  readonly activations: readonly Float64Array[];
}

async function expect(
  network: Network,
  sample: CsrMatrix,
  first: InferenceResult,
  { seed, signal }: VerifyOptions,
): Promise<Expected> {
  const reference = chooseReference(network.layers);
  const rows = chooseRows(first, seed);
  let dense = new Float64Array(rows.length * sample.ncols);
  for (const [k, row] of rows.entries()) {
    for (let p = sample.rowPtr[row] ?? 0; p < (sample.rowPtr[row + 1] ?? 0); p++) {
      dense[k * sample.ncols + (sample.colIdx[p] ?? 0)] = entryValue(sample, p);
    }
  }
  for (const layer of network.layers) {
    await new Promise((done) => setImmediate(done));
    signal.throwIfAborted();
    dense = referenceLayer(reference, layer, dense, rows.length) as Float64Array<ArrayBuffer>;
  }
  const { outputs } = network;
  const activations = rows.map((_, k) => dense.subarray(k * outputs, (k + 1) * outputs));
  return { reference, rows, activations, categories: first.categories };
}

/** @returns the largest distance from float64. @throws InvariantError */
function compare(result: Pick<InferenceResult, "categories" | "activations">, wanted: Expected, combo: string): number {
  const found = result.categories;
  if (found.length !== wanted.categories.length || found.some((row, k) => row !== wanted.categories[k])) {
    const counts = `${found.length} categories of the sample, expected the same ${wanted.categories.length} as the first`;
    throw new InvariantError(`verification failed: ${combo} names ${counts}`);
  }
  let largest = 0;
  for (const [k, row] of wanted.rows.entries()) {
    const values = result.activations(row);
    const exact = wanted.activations[k] ?? new Float64Array(0);
    for (const [j, value] of exact.entries()) {
      const distance = Math.abs((values[j] ?? Number.NaN) - value);
      largest = Math.max(largest, distance);
      // NaN is not within.
      if (distance <= ABSOLUTE + RELATIVE * Math.abs(value)) continue;
      const where = `row ${row}, neuron ${j} of the sample`;
      throw new InvariantError(`verification failed: ${combo}: ${where} is ${values[j]}, float64 says ${value}`);
    }
    if (exact.some((value) => value !== 0) !== found.includes(row)) {
      throw new InvariantError(`verification failed: ${combo}: row ${row} of the sample has the wrong verdict`);
    }
  }
  return largest;
}
