// Checks a sample of a run's rows, categories and others, against float64: activations within the tolerance, and the
// verdict "not all zero" the same. Runs after the inference and outside its time, on threads of its own.

import { makeRandom, type Random } from "../../core/random.ts";
import { withWorkerTeam } from "../../data/generate/worker-tasks.ts";
import type { InferenceResult } from "../../engine/result.ts";
import type { Network } from "../../network/network.ts";
import { copyDenseRows } from "../../sparse/convert.ts";
import type { CsrMatrix } from "../../sparse/matrix.ts";
import { siblingModule } from "../../threads/team.ts";
import { chooseReference, type Reference } from "./reference.ts";
import type { ReferenceTask, ReferenceWorkerData } from "./reference-worker.ts";

/** Rows of each kind, categories and others. Reason: six rows of 1024 x 120 take the oracle 5 s of one core. */
const ROWS_OF_A_KIND = 3;
/** Layers between two signs of progress. */
const LAYERS_A_STEP = 8;
/** float32 sums against float64: the project's bound, and its floor for values near zero. */
const RELATIVE = 1e-4;
const ABSOLUTE = 1e-5;

export interface SampleCheck {
  readonly reference: Reference;
  /** 0-based rows checked. */
  readonly rows: readonly number[];
  readonly categories: number;
  /** Rows with an activation out of tolerance, or with the wrong verdict. */
  readonly wrongRows: readonly number[];
  /** Largest distance from the reference over all values. */
  readonly largestError: number;
}

export interface CheckOptions {
  readonly seed: number;
  readonly workers: number;
  readonly signal: AbortSignal;
  readonly onProgress: (share: number) => void;
}

/** Requires activations in `result`. @throws WorkerError, InterruptedError */
export async function checkSample(
  network: Network,
  inputs: CsrMatrix,
  result: InferenceResult,
  options: CheckOptions,
): Promise<SampleCheck> {
  const rows = chooseRows(result, options.seed);
  const reference = chooseReference(network.layers);
  const expected = await inferReference(network, inputs, rows, reference, options);
  const isCategory = new Set(result.categories);
  const wrongRows: number[] = [];
  let largestError = 0;
  rows.forEach((row, k) => {
    const wanted = expected[k] ?? new Float64Array(0);
    const { error, within } = compareRow(result.activations(row), wanted);
    largestError = Math.max(largestError, error);
    const isNonzero = wanted.some((value) => value !== 0);
    if (!within || isNonzero !== isCategory.has(row)) wrongRows.push(row);
  });
  const categories = rows.filter((row) => isCategory.has(row)).length;
  return { reference, rows, categories, wrongRows, largestError };
}

/** What is within the tolerance is counted, so that NaN fails. */
function compareRow(found: Float32Array, wanted: Float64Array): { error: number; within: boolean } {
  let error = 0;
  let within = 0;
  wanted.forEach((value, j) => {
    const distance = Math.abs((found[j] ?? Number.NaN) - value);
    if (distance <= ABSOLUTE + RELATIVE * Math.abs(value)) within++;
    error = Math.max(error, distance);
  });
  return { error, within: found.length === wanted.length && within === wanted.length };
}

/** Up to ROWS_OF_A_KIND categories and as many others, drawn by the seed; rising. */
export function chooseRows(
  { categories, nrows }: Pick<InferenceResult, "categories" | "nrows">,
  seed: number,
): number[] {
  const random = makeRandom(seed);
  const isCategory = new Set(categories);
  const chosen = drawDistinct(categories.length, ROWS_OF_A_KIND, random).map((k) => categories[k] ?? 0);
  const others = Array.from({ length: nrows }, (_, row) => row).filter((row) => !isCategory.has(row));
  for (const k of drawDistinct(others.length, ROWS_OF_A_KIND, random)) chosen.push(others[k] ?? 0);
  return chosen.toSorted((a, b) => a - b);
}

function drawDistinct(count: number, wanted: number, random: Random): number[] {
  const drawn = new Set<number>();
  while (drawn.size < Math.min(wanted, count)) drawn.add(random.below(count));
  return Array.from(drawn);
}

/** Final activations of the rows in float64. The rows are dealt out to the workers, which go on in steps together. */
async function inferReference(
  network: Network,
  inputs: CsrMatrix,
  rows: readonly number[],
  reference: Reference,
  { workers, signal, onProgress }: CheckOptions,
): Promise<Float64Array[]> {
  const size = Math.max(1, Math.min(workers, rows.length));
  const groups = Array.from({ length: size }, (_group, g) => rows.filter((_row, k) => k % size === g));
  let current = groups.map((group) => denseRows(inputs, group));
  const workerData: ReferenceWorkerData = { network, reference };
  const script = siblingModule(import.meta.url, "./reference-worker");
  await withWorkerTeam({ script, workers: size, workerData, signal }, async (team) => {
    for (let firstLayer = 0; firstLayer < network.layers.length; firstLayer += LAYERS_A_STEP) {
      const endLayer = Math.min(firstLayer + LAYERS_A_STEP, network.layers.length);
      const tasks: ReferenceTask[] = current.map((dense, g) => {
        return { rows: dense, nrows: groups[g]?.length ?? 0, firstLayer, endLayer };
      });
      current = (await team.run(tasks)) as Float64Array[];
      onProgress(endLayer / network.layers.length);
    }
  });
  return rows.map((_, k) => {
    const place = Math.floor(k / size);
    return (current[k % size] ?? new Float64Array(0)).subarray(place * network.outputs, (place + 1) * network.outputs);
  });
}

/** Shape: rows.length x ncols, row-major. */
function denseRows(inputs: CsrMatrix, rows: readonly number[]): Float64Array {
  const dense = new Float64Array(rows.length * inputs.ncols);
  rows.forEach((row, k) => dense.set(copyDenseRows(inputs, row, row + 1), k * inputs.ncols));
  return dense;
}
