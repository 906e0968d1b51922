// Counting neurons and weights of layers as they pass.

import type { Layer } from "../network/network.ts";
import type { Size } from "./passes.ts";

export function addSize(size: Size, { weights }: Layer): void {
  size.neurons += weights.ncols;
  size.weights += weights.rowIdx.length;
}
