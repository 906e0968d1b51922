// The way of all rows of a group through the network: stages of layers, equal rows joined between them, and as many passes
// as the pool makes necessary. Every rank runs this alike and decides from the same counts.

import { nextStageLayers, type StageHistory } from "../../engine/stage-plan.ts";
import { TILE_LANES } from "../../kernels/kernels.ts";
import type { BatchRun } from "./batch.ts";
import { runBatches } from "./batches.ts";
import { NO_PLACE, shortenRows } from "./grid-rows.ts";
import { joinEqualRows, type RowParts } from "./join-rows.ts";
import type { BatchPlan } from "./lay-out-grid.ts";

const WIDEST = TILE_LANES[TILE_LANES.length - 1];
/** Below so many edges of a layer on this rank there is nothing to overlap: rows go in one batch. */
const ONE_BATCH_EDGES = 8e6;
/** Below so many the main thread computes a single batch itself: handing it over costs some 20 us a layer. */
const INLINE_EDGES = 4e6;

/** Final own activations by computed row. */
export type KeptRows = Map<number, Float32Array>;

/** @param plan agreed by the group; @param edges stored weights of the heaviest layer, on average a rank */
export async function inferRows(
  run: BatchRun,
  plan: BatchPlan,
  edges: number,
  workers: number,
): Promise<KeptRows | null> {
  const layers = run.work.place.layers.length;
  const kept: KeptRows | null = run.keepsActivations ? new Map() : null;

  const runPart = async (list: Uint32Array, first: number, end: number): Promise<void> => {
    const work = Math.ceil(list.length / WIDEST) * WIDEST * edges;
    const wanted = work < ONE_BATCH_EDGES ? 1 : plan.slots;
    const size = Math.min(plan.lanes, Math.max(1, Math.ceil(list.length / wanted / WIDEST)) * WIDEST);
    const isInline = workers === 1 || (list.length <= size && work < INLINE_EDGES);
    await runBatches(run, { list, first, end, size, isInline });
  };

  let pending = shortenRows(run.rows, Uint32Array.from(run.rows.leader.keys()));
  while (pending.length > 0) {
    run.nextPlace = 0;
    let end = stageEnd(run, 0, layers, { layers: 0, removed: 0 });
    const needsPlaces = end < layers || run.keepsActivations;
    let done = 0;
    // Rows may need as many places as there are of them: as many set out at a time as the pool has room for.
    while (done < pending.length) {
      const room = needsPlaces ? plan.poolRows - run.nextPlace : pending.length;
      const wave = Math.min(room, pending.length - done);
      if (wave < Math.min(WIDEST, pending.length - done)) break;
      await runPart(pending.subarray(done, done + wave), 0, end);
      done += wave;
    }
    const passed = pending.subarray(0, done);
    pending = pending.subarray(done);
    let list = passed;
    let before = list.length;
    let stageStart = 0;
    for (let first = end; first < layers; first = end) {
      list = shortenRows(run.rows, list);
      if (run.rowMode === "distinct") {
        await joinEqualRows(run.link, run.rows, list, partsInPool(run, run.work.place.layers[first - 1].width));
        list = shortenRows(run.rows, list);
      }
      if (list.length === 0) break;
      const history = { layers: first - stageStart, removed: 1 - list.length / before };
      before = list.length;
      stageStart = first;
      end = stageEnd(run, first, layers, history);
      await runPart(list, first, end);
    }
    if (kept !== null) keep(run, kept, passed);
    run.rows.place.fill(NO_PLACE);
  }
  return kept;
}

/** The own neurons of rows in the pool. */
function partsInPool({ rows, pool, work }: BatchRun, width: number): RowParts {
  const at = (row: number): number => pool.address + rows.place[row] * pool.rowBytes;
  return {
    hashOf: (row) => rows.hash[row],
    isSame: (a, b) => work.kernels.rowsEqual(at(a), at(b), width * 4) === 1,
  };
}

function stageEnd(run: BatchRun, first: number, layers: number, history: StageHistory): number {
  return run.rowMode === "all" ? layers : Math.min(layers, first + nextStageLayers(history));
}

function keep({ rows, pool, memory, work }: BatchRun, kept: KeptRows, list: Uint32Array): void {
  const { width } = work.place.layers[work.place.layers.length - 1];
  for (const row of list) {
    if (rows.leader[row] !== row || rows.place[row] === NO_PLACE) continue;
    kept.set(row, new Float32Array(memory.buffer, pool.address + rows.place[row] * pool.rowBytes, width).slice());
  }
}
