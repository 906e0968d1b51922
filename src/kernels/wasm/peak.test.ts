// Plan: the probe of the ceiling reads every word as often as it says (its rate would be a lie otherwise) and writes
// only its sums.

import assert from "node:assert/strict";
import { test } from "node:test";
import { assertWritesOnly, makeKernelMemory } from "../../testing/kernel-memory.ts";
import { compileWasmKernels, makePeakProbe, type WasmVariant } from "./wasm-kernels.ts";

const PROBES = [
  { name: "streamAdds8", chains: 8 },
  { name: "streamAdds16", chains: 16 },
] as const;

for (const variant of ["simd", "relaxed"] as const satisfies WasmVariant[]) {
  for (const { name, chains } of PROBES) {
    test(`${variant}: ${name} adds up all words in every round`, async () => {
      const space = makeKernelMemory();
      const probe = makePeakProbe(await compileWasmKernels(variant), space.memory);
      const words = 256;
      const nsums = chains * 4;
      const buffer = space.allocate(words * 4, "buffer");
      const out = space.allocate(nsums * 4, "sums");
      const view = new Float32Array(space.memory.buffer, buffer, words);
      view.forEach((_, k) => (view[k] = k));
      assertWritesOnly(space, [[out, out + nsums * 4]], name, () => probe[name](out, buffer, words * 4, 3));
      const sums = new Float32Array(space.memory.buffer, out, nsums);
      sums.forEach((sum, r) => {
        let expected = 0;
        for (let k = r; k < words; k += nsums) expected += 3 * k;
        assert.equal(sum, expected, `sum ${r}`);
      });
    });
  }
}
