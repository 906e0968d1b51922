// Arrays of streamed layers that stay in memory: those that several layers share, such as the column pointers of layers
// whose columns are equally long, and those so small that reading them again would take longer than keeping them costs.

import type { Arena } from "../../threads/arena.ts";
import { ARRAY_NAMES, type ArrayName, elementBytes, elementCount, type StreamedNetwork, viewOf } from "./sources.ts";

const SMALL_BYTES = 256;

export interface ResidentArrays {
  /** Where an array of a layer lies; null where it is streamed. */
  find(l: number, name: ArrayName): number | null;
  readonly bytes: number;
}

/** Reads them for layers `head` and after, as long as they take at most `mostBytes`. @throws what reading throws, ResourceError */
export async function readResidentArrays(
  source: StreamedNetwork,
  head: number,
  arena: Arena,
  mostBytes: number,
): Promise<ResidentArrays> {
  const { direct, layerCount } = source;
  const uses = new Map<string, number>();
  const keyOf = (l: number, name: ArrayName): string | null => {
    const layer = direct.outline(l);
    const place = layer.places?.[name];
    return place === undefined ? null : `${name} ${place.offset} ${elementCount(layer, name)}`;
  };
  for (let l = head; l < layerCount; l++) {
    for (const name of ARRAY_NAMES) {
      const key = keyOf(l, name);
      if (key !== null) uses.set(key, (uses.get(key) ?? 0) + 1);
    }
  }
  const found = new Map<string, number>();
  const addresses = new Map<ArrayName, Uint32Array>(ARRAY_NAMES.map((name) => [name, new Uint32Array(layerCount)]));
  let bytes = 0;
  for (let l = head; l < layerCount; l++) {
    const layer = direct.outline(l);
    for (const name of ARRAY_NAMES) {
      const key = keyOf(l, name);
      const size = elementCount(layer, name) * elementBytes(layer, name);
      if (key === null || ((uses.get(key) ?? 0) < 2 && size > SMALL_BYTES)) continue;
      let address = found.get(key);
      if (address === undefined) {
        if (bytes + size > mostBytes) continue;
        address = arena.allocate(size, "arrays that layers share");
        bytes += size;
        await direct.readInto(l, { [name]: viewOf(arena.memory, address, layer, name) }, "none");
        found.set(key, address);
      }
      addresses.get(name)![l] = address;
    }
  }
  return {
    bytes,
    // Nothing lies at address 0.
    find: (l, name) => addresses.get(name)![l] || null,
  };
}
