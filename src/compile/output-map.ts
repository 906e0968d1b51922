// Output maps, one after the other: for every output the neuron of the last layer that gives it.

/** `first` says which old neuron an output is, `second` which new neuron an old one has become; null: each is its own. */
export function composeMaps(first: Uint32Array | null, second: Uint32Array | null): Uint32Array | null {
  if (first === null || second === null) return first ?? second;
  return first.map((neuron) => second[neuron]);
}
