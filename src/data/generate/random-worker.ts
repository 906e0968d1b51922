// The script of a worker that draws random inputs, or random layers one after the other: every task asks for the next.

import { workerData } from "node:worker_threads";
import type { Layer } from "../../network/network.ts";
import type { CsrMatrix } from "../../sparse/matrix.ts";
import { randomInputs, type RandomInputsOptions } from "./random-inputs.ts";
import { randomLayers, type RandomLayersOptions } from "./random-layers.ts";
import { serveTasks } from "./worker-tasks.ts";

export type RandomWorkerData =
  | { readonly kind: "inputs"; readonly options: RandomInputsOptions }
  | { readonly kind: "layers"; readonly options: RandomLayersOptions };

const data = workerData as RandomWorkerData;

if (data.kind === "inputs") {
  serveTasks(
    (_task: null): CsrMatrix => randomInputs(data.options),
    ({ rowPtr, colIdx, values }: CsrMatrix) => [rowPtr.buffer, colIdx.buffer, values.buffer],
  );
} else {
  const layers = randomLayers(data.options);
  serveTasks(
    (_task: null): Layer | undefined => layers.next().value ?? undefined,
    (layer: Layer | undefined) =>
      layer === undefined
        ? []
        : [layer.weights.colPtr.buffer, layer.weights.rowIdx.buffer, layer.weights.values.buffer, layer.bias.buffer],
  );
}
