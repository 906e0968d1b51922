// A driver for tests: cuts a run into segments of so many layers, has every list merged at every cut, and counts.

import { makeWholeDriver, type SegmentDriver } from "../engine/segments.ts";

export interface CountingDriver extends SegmentDriver {
  /** Layers at which the run was cut, and passes that it took. */
  readonly cuts: number[];
  readonly passes: () => number;
}

export function cutEvery(layers: number, length: number): CountingDriver {
  const whole = makeWholeDriver(layers);
  const cuts: number[] = [];
  let passes = 0;
  return {
    cuts,
    passes: () => passes,
    openSegment: (first) => Math.min(layers, first + length),
    async betweenSegments(layer, run, segment) {
      cuts.push(layer);
      const { isDone } = await whole.betweenSegments(layer, run, segment);
      return { isDone, mergeFirst: true };
    },
    beginPass(pending) {
      passes++;
      return whole.beginPass(pending);
    },
  };
}
