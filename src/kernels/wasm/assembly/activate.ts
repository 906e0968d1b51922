// Activations that follow the clipped sums in a second pass over the columns that spmm left in a tile.
// Element by element in f32, so that a value never depends on its lane or tile.

import { exponential, hyperbolicTangent } from "./exponential";
import { NCOLS, SECOND_PASS, SECOND_PASS_LEAKY, SECOND_PASS_SIGMOID, SLOPE } from "./layer";

/** Leaky ReLU, sigmoid or tanh, in place, of columns j0 .. j1-1 of a tile of `lanes` rows. */
export function activate(layer: usize, lanes: i32, tile: usize, j0: u32, j1: u32): void {
  const step = (<usize>lanes) << 2;
  const end = tile + <usize>j1 * step;
  const kind = load<i32>(layer, SECOND_PASS);
  const slope = load<f32>(layer, SLOPE);
  for (let at = tile + <usize>j0 * step; at < end; at += 4) {
    const z = load<f32>(at);
    if (kind == SECOND_PASS_LEAKY) store<f32>(at, z > 0 ? z : z * slope);
    else if (kind == SECOND_PASS_SIGMOID) store<f32>(at, <f32>(1 / (1 + exponential(-z))));
    else store<f32>(at, hyperbolicTangent(z));
  }
}

/**
 * Softmax over all columns of each row of a tile, in place: exp(z - max) / sum, summed in column order.
 * Exactness: the sum is f64, because the errors of 65536 f32 additions of like numbers add up.
 */
export function softmax(layer: usize, lanes: i32, tile: usize): void {
  const ncols = load<u32>(layer, NCOLS);
  const step = (<usize>lanes) << 2;
  for (let lane = 0; lane < lanes; lane++) {
    const first = tile + ((<usize>lane) << 2);
    const end = first + <usize>ncols * step;
    let largest: f32 = -Infinity;
    for (let at = first; at < end; at += step) largest = max(largest, load<f32>(at));
    let sum: f64 = 0;
    for (let at = first; at < end; at += step) {
      const e = <f32>exponential(load<f32>(at) - largest);
      store<f32>(at, e);
      sum += <f64>e;
    }
    for (let at = first; at < end; at += step) store<f32>(at, <f32>(<f64>load<f32>(at) / sum));
  }
}
