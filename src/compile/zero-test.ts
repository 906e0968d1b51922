// Layers that ask whether a sum is exactly zero. Under the bias rule `stored` the activation of Z = 0 is act(0), and that
// of a Z near 0 is near act(b). Where these agree for every neuron, the layer is the same function as under the rule
// `all`, and continuous in Z: rounding a weight then moves its activations by as little as the weight. Where they do
// not, a rounded weight could turn a zero by cancellation into a jump.

import { activate } from "../network/layer-rule.ts";
import type { Layer } from "../network/network.ts";

/** True when act(b) differs from act(0) for a live neuron under the rule `stored`. `live`: one byte a neuron, null for all. */
export function testsForZero({ rule, bias, weights }: Layer, live: Uint8Array | null): boolean {
  if (rule.biasRule === "all") return false;
  const atZero = activate(rule.activation, 0);
  if (bias.length === 1) return activate(rule.activation, bias[0]) !== atZero && hasLive(weights.ncols, live);
  for (let j = 0; j < bias.length; j++) {
    if ((live === null || live[j] === 1) && activate(rule.activation, bias[j]) !== atZero) return true;
  }
  return false;
}

function hasLive(neurons: number, live: Uint8Array | null): boolean {
  return live === null ? neurons > 0 : live.includes(1);
}
