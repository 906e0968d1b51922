// What became of the neurons of a layer, as the layer after it must know: each has a new number, shared with those that
// it was merged with, or is gone.

export interface NeuronMap {
  /** For every old neuron its new number, or GONE. Of two neurons that are not merged the lower stays the lower. */
  readonly target: Int32Array;
  /** New numbers are 0 .. kept-1. */
  readonly kept: number;
  /** True where two neurons share a number. */
  readonly merges: boolean;
  /** For every old neuron that is gone its constant activation, which readers add to their biases; null where all are 0. */
  readonly constants: Float64Array | null;
}

export const GONE = -1;
