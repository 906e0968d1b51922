// Pass `unread`, and what only the later layers can tell: from the last layer to the first.
//
// Proof. A neuron of a hidden layer matters only through the weights that read it. If no neuron that matters reads it
// with a weight other than zero, no output depends on it (activations being finite), and it can be dropped with its
// column. All neurons of the last layer matter. One sweep from the back finds them all, chains included.

import type { Layer } from "../network/network.ts";
import type { CompileSettings } from "./passes.ts";
import { testsForZero } from "./zero-test.ts";

export interface BackwardPlan {
  /** For every layer which of its neurons matter, one byte each; null where all do. */
  readonly live: readonly (Uint8Array | null)[];
  /** For every layer whether the sums of its weights must stay exact. */
  readonly exact: readonly boolean[];
}

export interface BackwardSweep {
  /** Takes the layers from the last to the first. */
  add(layer: Layer): void;
  plan(): BackwardPlan;
}

export function makeBackwardSweep({ passes, sums }: CompileSettings): BackwardSweep {
  const live: (Uint8Array | null)[] = [];
  const exact: boolean[] = [];
  let wanted: Uint8Array | null = null;
  let mustBeExact = sums === "exact";
  return {
    add(layer) {
      live.unshift(wanted);
      // What is rounded here changes all that comes later: an exact zero there needs exact sums here.
      mustBeExact ||= testsForZero(layer, wanted);
      exact.unshift(mustBeExact);
      wanted = passes.has("unread") ? findRead(layer, wanted, passes.has("zeros")) : null;
    },
    plan: () => ({ live, exact }),
  };
}

/**
 * The inputs of a layer that its live neurons read, one byte each; null when all are.
 * @param ignoreZeros a weight of zero does not count. Cost: O(nnz), less where all inputs are soon found to be read.
 */
export function findRead({ weights }: Layer, live: Uint8Array | null, ignoreZeros: boolean): Uint8Array | null {
  const { nrows, ncols, colPtr, rowIdx, values } = weights;
  const isUniform = values.length === 1;
  const skipZeros = ignoreZeros && values.includes(0);
  const read = new Uint8Array(nrows);
  let unread = nrows;
  for (let j = 0; j < ncols && unread > 0; j++) {
    if (live !== null && live[j] === 0) continue;
    for (let p = colPtr[j]; p < colPtr[j + 1]; p++) {
      if (skipZeros && values[isUniform ? 0 : p] === 0) continue;
      const i = rowIdx[p];
      unread -= 1 - read[i];
      read[i] = 1;
    }
  }
  return unread > 0 ? read : null;
}
