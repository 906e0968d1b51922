// Worker of the check: takes a few rows through a run of layers of the network that it was started with.

import { workerData } from "node:worker_threads";
import { serveTasks } from "../../data/generate/worker-tasks.ts";
import type { Network } from "../../network/network.ts";
import { type Reference, referenceLayer } from "./reference.ts";

export interface ReferenceWorkerData {
  readonly network: Network;
  readonly reference: Reference;
}

export interface ReferenceTask {
  /** nrows x inputs of layer `firstLayer`, row-major. */
  readonly rows: Float64Array;
  readonly nrows: number;
  readonly firstLayer: number;
  readonly endLayer: number;
}

const { network, reference } = workerData as ReferenceWorkerData;

serveTasks(({ rows, nrows, firstLayer, endLayer }: ReferenceTask): Float64Array => {
  const layers = network.layers.slice(firstLayer, endLayer);
  return layers.reduce((current, layer) => referenceLayer(reference, layer, current, nrows), rows);
});
