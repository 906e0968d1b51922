// 28 x 28 images of grey to side x side images of 0 and 1, as the Sparse DNN Graph Challenge made its inputs of MNIST:
// Fourier interpolation down every column of an image, then along every row of ALL images laid side by side as one
// signal (so that neighbours bleed into each other), then a threshold at half of the largest value of the whole result.
// Pixels are packed into bits as they are found, so memory stays below 1/64 of the interpolated values'.

import { availableParallelism } from "node:os";
import { checkInteger } from "../../core/checks.ts";
import { InvariantError, UsageError } from "../../core/errors.ts";
import type { CsrMatrix } from "../../sparse/matrix.ts";
import { checkFourierLength } from "./fourier.ts";
import { IMAGE_SIDE, phaseLength } from "./image-interpolation.ts";
import { makePixelPlanes, openPlaneRows, type PixelPlanes } from "./pixel-planes.ts";
import type { ResizeAnswer, ResizeTask, ResizeWorkerData } from "./resize-worker.ts";
import { type WorkerTeam, withWorkerTeam } from "./worker-tasks.ts";

/** Sides of the challenge's images: the square roots of 1024, 4096, 16384 and 65536 features. */
export const RESIZED_SIDES = [32, 64, 128, 256] as const;
export type ResizedSide = (typeof RESIZED_SIDES)[number];

const MAX_WORKERS = 1024;

export interface ResizeOptions {
  readonly side: number;
  /** Keeps the first so many images of the result; the signal is always made of all. */
  readonly images?: number | undefined;
  /** Threads; by default one a core. */
  readonly workers?: number | undefined;
  /** Called as pairs of rows get done. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
  /**
   * The largest interpolated value where it is known from an earlier run: right, it saves one of two passes; wrong, it
   * only costs time, because the true value is found on the way and compared.
   */
  readonly expectedLargest?: number | undefined;
}

/** Relative difference of two largest values that count as one: another runtime's sines may differ in the last bits. */
const SAME_LARGEST = 1e-12;

/** The result as one matrix; as resizeToPlanes. */
export async function resizeImages(pixels: Uint8Array, count: number, options: ResizeOptions): Promise<CsrMatrix> {
  const planes = await resizeToPlanes(pixels, count, options);
  return openPlaneRows(planes).rows(0, planes.images);
}

/**
 * The first `images` of `count` images of grey, resized and made 0/1. Pixel (i, j) is feature side j + i.
 * Shape: `pixels`: count x 28 x 28.
 * Cost: O(side^2 count log count) time; memory of side^2 x images bits, and about 700 bytes an image and worker.
 * @throws UsageError for a count whose prime factors go above 5, or an option out of range; WorkerError,
 * InterruptedError, ResourceError.
 */
export async function resizeToPlanes(pixels: Uint8Array, count: number, options: ResizeOptions): Promise<PixelPlanes> {
  const side = checkSide(options.side);
  const images = checkInteger(options.images ?? count, 1, count, "images");
  const workers = checkInteger(options.workers ?? availableParallelism(), 1, MAX_WORKERS, "workers");
  if (pixels.length !== count * IMAGE_SIDE ** 2) {
    throw new UsageError(`images hold ${pixels.length} pixels, expected ${count} x ${IMAGE_SIDE} x ${IMAGE_SIDE}`);
  }
  checkFourierLength(phaseLength(count));
  const shared = new Uint8Array(new SharedArrayBuffer(pixels.length));
  shared.set(pixels);
  const planes = makePixelPlanes(side, images);
  const workerData: ResizeWorkerData = { images: count, pixels: shared, planes };
  const team = { script: workerScript(), workers: Math.min(workers, side / 2), workerData, signal: options.signal };
  await withWorkerTeam(team, (opened) => fillPlanes(opened, side, options));
  return planes;
}

/** Runs passes over all rows until the threshold used is half of the largest value found: once or twice. */
async function fillPlanes(team: WorkerTeam, side: number, options: ResizeOptions): Promise<void> {
  const { expectedLargest, onProgress } = options;
  let largest = expectedLargest ?? Number.POSITIVE_INFINITY;
  const pairs = side / 2;
  let done = 0;
  let total = expectedLargest === undefined ? 2 * pairs : pairs;
  for (let pass = 0; pass < 2; pass++) {
    total = Math.max(total, (pass + 1) * pairs);
    const tasks: ResizeTask[] = [];
    for (let row = 0; row < side; row += 2) tasks.push({ row, threshold: largest / 2 });
    const answers = await team.run(tasks, () => onProgress?.(++done, total));
    const found = Math.max(...(answers as ResizeAnswer[]));
    if (Math.abs(found - largest) <= SAME_LARGEST * found) return;
    largest = found;
  }
  throw new InvariantError(`two passes over the same images found different largest values, the last ${largest}`);
}

function checkSide(side: number): ResizedSide {
  const known = RESIZED_SIDES.find((candidate) => candidate === side);
  if (known === undefined) throw new UsageError(`side is ${side}, expected one of ${RESIZED_SIDES.join(", ")}`);
  return known;
}

/** The worker's script beside this one, as source or as compiled. */
function workerScript(): URL {
  return new URL(`./resize-worker${import.meta.url.endsWith(".ts") ? ".ts" : ".js"}`, import.meta.url);
}
