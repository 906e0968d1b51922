// The script of a worker that resizes images: each task is a pair of rows of the result, all phases of it.

import { workerData } from "node:worker_threads";
import { loadRowPair, makeStripInterpolator, phaseInto, phaseLength } from "./image-interpolation.ts";
import { type PixelPlanes, thresholdInto } from "./pixel-planes.ts";
import { serveTasks } from "./worker-tasks.ts";

export interface ResizeWorkerData {
  /** All images, whose strip is interpolated; `planes` may keep fewer. */
  readonly images: number;
  /** images x 28 x 28. */
  readonly pixels: Uint8Array<SharedArrayBuffer>;
  readonly planes: PixelPlanes;
}

export interface ResizeTask {
  /** The first row of the pair; even. */
  readonly row: number;
  readonly threshold: number;
}

/** The largest interpolated value of the pair of rows. */
export type ResizeAnswer = number;

const { images, pixels, planes } = workerData as ResizeWorkerData;
const strip = makeStripInterpolator(images, planes.side);
const samples = new Float64Array(2 * phaseLength(images));

serveTasks(({ row, threshold }: ResizeTask): ResizeAnswer => {
  loadRowPair(strip, pixels, row);
  let largest = Number.NEGATIVE_INFINITY;
  for (let phase = 0; phase < planes.side / 4; phase++) {
    phaseInto(samples, strip, phase);
    largest = Math.max(largest, thresholdInto(planes, phase, row, samples, threshold));
  }
  return largest;
});
