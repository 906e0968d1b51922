// Stages: runs of layers that rows pass in independent batches; between two stages the rows left are merged and dealt
// anew. Everything here is a pure function of counts, so that every worker decides the same.

/** How long stages are at first, in layers. Reason: on the challenge a third to a half of the rows dies a layer at first. */
export const FIRST_STAGE_LAYERS: number = 5;
/** A merge that removes less than this share of the rows doubles the next stage; one that removes more halves it. */
const FEW_REMOVED = 0.1;
const MANY_REMOVED = 0.25;
const MIN_STAGE_LAYERS = 2;

export interface StageHistory {
  /** Layers of the stage before, or 0 before the first. */
  readonly layers: number;
  /** Share of the rows that the stage before and its merge removed. */
  readonly removed: number;
}

/** Layers of the next stage. */
export function nextStageLayers(history: StageHistory): number {
  if (history.layers === 0) return FIRST_STAGE_LAYERS;
  if (history.removed < FEW_REMOVED) return history.layers * 2;
  if (history.removed > MANY_REMOVED) return Math.max(MIN_STAGE_LAYERS, history.layers >> 1);
  return history.layers;
}

/** Rates that decide between rows and neurons for few rows; measured on one core with AVX2, docs/decisions.md. */
const LANE_EDGES_PER_SECOND = 20e9;
const BARRIER_SECONDS = 3e-6;
const SLEEPING_BARRIER_SECONDS = 100e-6;

/** Expected seconds a layer, for two ways of sharing it. */
export interface SharingEstimate {
  readonly rows: number;
  readonly neurons: number;
}

/**
 * What a layer costs when `workers` share its rows (whole tiles), and when they share its neurons and meet afterwards.
 * @param tileLanes lanes of all tiles of the rows; @param tiles their number; @param edges weights of one layer.
 */
export function estimateSharing(
  tiles: number,
  tileLanes: number,
  edges: number,
  workers: number,
  hasCores: boolean,
): SharingEstimate {
  const alone = (tileLanes * edges) / LANE_EDGES_PER_SECOND;
  const barrier = workers === 1 ? 0 : hasCores ? BARRIER_SECONDS : SLEEPING_BARRIER_SECONDS;
  return { rows: (alone * Math.ceil(tiles / workers)) / Math.max(1, tiles), neurons: alone / workers + barrier };
}

/**
 * Sharing the neurons must promise this much: each worker reads what the others have just written (on layers that are not
 * listed that took it from 27e9 to 20e9 edges/s), it cannot pack, and everybody waits for the slowest after each layer.
 */
const NEURONS_SHARE = 0.7;

export function suitsNeurons({ rows, neurons }: SharingEstimate): boolean {
  return neurons < rows * NEURONS_SHARE;
}

/** True when sharing the neurons is expected to be clearly faster. Parameters: `estimateSharing`. */
export function prefersNeurons(
  tiles: number,
  tileLanes: number,
  edges: number,
  workers: number,
  hasCores: boolean,
): boolean {
  if (workers === 1) return false;
  return suitsNeurons(estimateSharing(tiles, tileLanes, edges, workers, hasCores));
}

/** Rows of one batch: as many as the buffers hold, but enough batches that the workers end together. */
export function batchRows(count: number, workers: number, lanes: number, batchLanes: number): number {
  const BATCHES_PER_WORKER = 8;
  const wanted = Math.ceil(count / (workers * BATCHES_PER_WORKER) / lanes) * lanes;
  return Math.max(Math.min(wanted, batchLanes), Math.min(lanes, batchLanes));
}
