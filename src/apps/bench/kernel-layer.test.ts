// Plan: the check before timing accepts every kernel set and refuses one that is wrong in a single value, or gives NaN.

import assert from "node:assert/strict";
import { test } from "node:test";
import { InvariantError } from "../../core/errors.ts";
import { compileKernels, KERNEL_IDS, makeKernels } from "../../kernels/catalog.ts";
import { type Kernels, TILE_LANES } from "../../kernels/kernels.ts";
import { WEIGHT_FORMATS } from "../../kernels/layer-record.ts";
import { makeKernelLayer, verifyKernel } from "./kernel-layer.ts";

for (const format of WEIGHT_FORMATS) {
  test(`${format}: every kernel set passes the check`, async () => {
    const layer = await makeKernelLayer(256, format, 3);
    for (const id of KERNEL_IDS) {
      const kernels = makeKernels(await compileKernels(id), layer.memory);
      for (const lanes of TILE_LANES) verifyKernel(layer, kernels, lanes, id);
    }
  });
}

for (const wrong of [1, Number.NaN]) {
  test(`a kernel with one value off by ${wrong} does not`, async () => {
    const layer = await makeKernelLayer(256, "uniform", 3);
    const right = makeKernels(await compileKernels("js"), layer.memory);
    const kernels: Kernels = {
      ...right,
      spmm: (...args) => {
        right.spmm(...args);
        // The last neuron of row 2, one of the columns that the check looks at.
        new Float32Array(layer.memory.buffer, layer.out)[255 * 4 + 2] += wrong;
      },
    };
    assert.throws(() => verifyKernel(layer, kernels, 4, "wrong"), InvariantError);
  });
}
