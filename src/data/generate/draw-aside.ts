// Random inputs and layers drawn on a thread of their own: drawing hundreds of millions of entries takes a minute, in which
// this thread still has to hear of an interruption. The same options give the same numbers as on this thread.

import type { Layer } from "../../network/network.ts";
import type { CsrMatrix } from "../../sparse/matrix.ts";
import { checkRandomInputs, type RandomInputsOptions } from "./random-inputs.ts";
import { checkRandomLayers, type RandomLayersOptions } from "./random-layers.ts";
import type { RandomWorkerData } from "./random-worker.ts";
import { type WorkerTeamOptions, withWorkerTeam } from "./worker-tasks.ts";

/** As randomInputs. @throws UsageError, ResourceError, WorkerError, InterruptedError */
export async function drawInputs(options: RandomInputsOptions, signal: AbortSignal): Promise<CsrMatrix> {
  checkRandomInputs(options);
  return withWorkerTeam(oneWorker({ kind: "inputs", options }, signal), async (team) => {
    const [inputs] = await team.run([null]);
    return inputs as CsrMatrix;
  });
}

/** Lets `use` take the layers of randomLayers. @throws UsageError, ResourceError, WorkerError, InterruptedError, what `use` throws */
export async function withDrawnLayers(
  options: RandomLayersOptions,
  signal: AbortSignal,
  use: (layers: AsyncIterable<Layer>) => Promise<void>,
): Promise<void> {
  checkRandomLayers(options);
  await withWorkerTeam(oneWorker({ kind: "layers", options }, signal), async (team) => {
    async function* eachLayer(): AsyncGenerator<Layer, void, undefined> {
      for (let l = 0; l < options.layers; l++) {
        const [layer] = await team.run([null]);
        yield layer as Layer;
      }
    }
    await use(eachLayer());
  });
}

function oneWorker(workerData: RandomWorkerData, signal: AbortSignal): WorkerTeamOptions {
  const ending = import.meta.url.endsWith(".ts") ? "ts" : "js";
  return { script: new URL(`./random-worker.${ending}`, import.meta.url), workers: 1, workerData, signal };
}
