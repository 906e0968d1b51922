// The bits of one table of layers, computed by a kernel set in every tile width: what tests of sameness compare.

import { makeRandom } from "../core/random.ts";
import type { KernelId } from "../kernels/catalog.ts";
import { compileKernels, makeKernels } from "../kernels/catalog.ts";
import { TILE_LANES } from "../kernels/kernels.ts";
import { placeLayer, WEIGHT_FORMATS } from "../kernels/layer-record.ts";
import { BIAS_RULES } from "../network/layer-rule.ts";
import type { Layer } from "../network/network.ts";
import { makeKernelMemory, runLayer } from "./kernel-memory.ts";
import {
  ACTIVATIONS,
  makeBias,
  makeLayer,
  makeRealRows,
  makeRealWeights,
  SHAPES,
  widenIndices,
} from "./layer-cases.ts";

/** Rows of every case: three full tiles of 16, one and a half of 32. */
export const BITS_BATCH = 48;

export interface BitsCase {
  readonly name: string;
  readonly layer: Layer;
  /** BITS_BATCH x layer.weights.nrows, row-major. */
  readonly rows: Float64Array;
}

/** Layers whose sums are rounded at every step, so that another order of operations shows. */
export function makeBitsCases(seed: number): BitsCase[] {
  const random = makeRandom(seed);
  const cases: BitsCase[] = [];
  for (const format of WEIGHT_FORMATS) {
    for (const shape of SHAPES) {
      const weights = makeRealWeights(shape, format, random);
      if (weights === null) continue;
      const rows = makeRealRows(BITS_BATCH, shape.nrows, random);
      for (const biasRule of BIAS_RULES) {
        for (const activation of ACTIVATIONS) {
          const layer = makeLayer(weights, makeBias("per neuron", shape.ncols, random), activation, biasRule);
          const name = `${shape.name}, ${format}, ${biasRule}, ${activation.kind}`;
          cases.push({ name, layer, rows });
          cases.push({ name: `${name}, u32`, layer: widenIndices(layer), rows });
        }
      }
    }
  }
  return cases;
}

/** SHA-256 (hex) of the activations of all cases in all tile widths. */
export async function hashLayerBits(id: KernelId, seed: number): Promise<string> {
  const space = makeKernelMemory();
  const kernels = makeKernels(await compileKernels(id), space.memory);
  const parts: Uint8Array[] = [];
  for (const { name, layer, rows } of makeBitsCases(seed)) {
    for (const lanes of TILE_LANES) {
      space.reset();
      const placed = placeLayer(layer, space.memory, space.allocate, name);
      const out = runLayer({ space, kernels, layer: placed, lanes, what: name }, rows, BITS_BATCH);
      parts.push(new Uint8Array(out.buffer));
    }
  }
  const digest = await crypto.subtle.digest("SHA-256", Buffer.concat(parts));
  return Buffer.from(digest).toString("hex");
}

// Run as a program (`layer-bits.js ID SEED`), in a process with V8 flags of its own, it prints the hash.
const [, script, id, seed] = process.argv;
if (script === import.meta.filename && (id === "wasm-relaxed" || id === "wasm-simd" || id === "js")) {
  console.log(await hashLayerBits(id, Number(seed)));
}
