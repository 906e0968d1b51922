// Pass `constants`: neurons that read nothing.
//
// Proof. Without weights Z = 0 for every row, so the activation is act(b) under the rule `all` and act(0) under
// `stored`: a constant c. A reader with weight w adds w c to its Z. If c = 0, its Z does not change, and under either
// rule the neuron can go. If c is not 0, the reader's act(Z' + w c + b) is act(Z' + (b + w c)) under the rule `all`, with
// Z' the sum without it. Under `stored` the bias depends on Z' + w c, which no bias can say; but where act(b) = act(0)
// for every neuron of the layer (zero-test.ts), `stored` and `all` are the same function, and the layer is rewritten as
// one under `all`. Elsewhere the neuron stays. Under softmax all this holds as well: it sees the same Z + b.

import { activate } from "../network/layer-rule.ts";
import type { Layer } from "../network/network.ts";
import { isFloat32, lossOf } from "./exact-sum.ts";
import { testsForZero } from "./zero-test.ts";

/** For every neuron its activation when it reads nothing, NaN when it reads something; null when all read something. */
export function findConstants({ weights, bias, rule }: Layer): Float64Array | null {
  const { ncols, colPtr } = weights;
  let constants: Float64Array | null = null;
  for (let j = 0; j < ncols; j++) {
    if (colPtr[j] !== colPtr[j + 1]) continue;
    constants ??= new Float64Array(ncols).fill(Number.NaN);
    const b = bias.length === 1 ? bias[0] : bias[j];
    constants[j] = activate(rule.activation, rule.biasRule === "all" ? b : 0);
  }
  return constants;
}

/**
 * Which of the constants the reading layer can take into its biases, one byte a class of neurons.
 * @param classOf for every input of `reader` its class, or -1. `constantOf`: for every class its constant, or NaN.
 */
export function findFoldable(
  reader: Layer,
  live: Uint8Array | null,
  classOf: Int32Array,
  constantOf: Float64Array,
  exact: boolean,
): Uint8Array {
  const canAdd = !testsForZero(reader, live);
  const foldable = Uint8Array.from(constantOf, (c) => {
    if (c === 0) return 1;
    return canAdd && (exact ? isFloat32(c) : Number.isFinite(c)) ? 1 : 0;
  });
  while (refuseBadSums(reader, live, classOf, constantOf, foldable, exact));
  return foldable;
}

/** Takes back the constants with which a bias would overflow, or (`exact`) need rounding. @returns true when it took one back */
function refuseBadSums(
  { weights, bias }: Layer,
  live: Uint8Array | null,
  classOf: Int32Array,
  constantOf: Float64Array,
  foldable: Uint8Array,
  exact: boolean,
): boolean {
  const { ncols, colPtr, rowIdx, values } = weights;
  let refused = false;
  for (let j = 0; j < ncols; j++) {
    if (live !== null && live[j] === 0) continue;
    let sum = bias.length === 1 ? bias[0] : bias[j];
    for (let p = colPtr[j]; p < colPtr[j + 1]; p++) {
      const c = classOf[rowIdx[p]];
      if (c < 0 || foldable[c] === 0 || constantOf[c] === 0) continue;
      // Exact: both factors have at most 24 bits.
      const product = values[values.length === 1 ? 0 : p] * constantOf[c];
      const next = sum + product;
      const isGood = exact ? lossOf(sum, product) === 0 && isFloat32(next) : Number.isFinite(Math.fround(next));
      if (!isGood) {
        foldable[c] = 0;
        refused = true;
      } else sum = next;
    }
  }
  return refused;
}
