// How a number of rows is cut into tiles: full tiles of the widest kind, then one narrower tile for the rest.

import { TILE_LANES } from "../kernels/kernels.ts";
import type { PlacedLayer } from "../kernels/layer-record.ts";

export interface Tile {
  readonly lanes: number;
  /** First row of the tile in its batch, and rows in it; lanes beyond them hold zeros. */
  readonly firstRow: number;
  readonly count: number;
  /** Lanes of the tiles before it: its place in a buffer of width w is 4 w laneOffset bytes on. */
  readonly laneOffset: number;
}

export const WIDEST_TILE: number = TILE_LANES[TILE_LANES.length - 1];
/** Two workers with tiles of this size still have them in the third-level cache: some 12 MiB for both (docs/decisions.md). */
const MAX_SCATTERED_TILE_BYTES = 4 * 1024 * 1024;

/**
 * Lanes of the widest tiles for layers, of at most `maxWidth` neurons, that lie in memory: fewer where most weights read
 * lines all over a tile that is too large for the cache.
 */
export function widestTile(layers: readonly Pick<PlacedLayer, "nnz" | "hasOrder">[], maxWidth: number): number {
  if (WIDEST_TILE * maxWidth * 4 <= MAX_SCATTERED_TILE_BYTES) return WIDEST_TILE;
  const weights = (some: typeof layers): number => some.reduce((sum, { nnz }) => sum + nnz, 0);
  const scattered = weights(layers.filter(({ hasOrder }) => !hasOrder));
  return scattered > weights(layers) / 2 ? WIDEST_TILE / 2 : WIDEST_TILE;
}

/** The narrowest tile that holds `count` rows. */
export function lanesFor(count: number, widest: number): number {
  for (const lanes of TILE_LANES) if (count <= lanes && lanes <= widest) return lanes;
  return widest;
}

/** Tiles for `count` rows; their lanes add up to at most count rounded up to a multiple of `widest`. */
export function cutTiles(count: number, widest: number): Tile[] {
  const tiles: Tile[] = [];
  for (let row = 0; row < count; row += widest) {
    const rows = Math.min(widest, count - row);
    tiles.push({ lanes: lanesFor(rows, widest), firstRow: row, count: rows, laneOffset: row });
  }
  return tiles;
}
