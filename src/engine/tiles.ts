// How a number of rows is cut into tiles: full tiles of the widest kind, then one narrower tile for the rest.

import { TILE_LANES } from "../kernels/kernels.ts";

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
const MAX_TILE_BYTES = 4 * 1024 * 1024;

/** Lanes of the widest tiles of a network: fewer where a row has so many neurons that the cache would not hold them. */
export function widestTile(width: number): number {
  return WIDEST_TILE * width * 4 <= MAX_TILE_BYTES ? WIDEST_TILE : WIDEST_TILE / 2;
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

/** Address of a tile of rows of `width` neurons, in a buffer of tiles. */
export function tileAddress(buffer: number, tile: Tile, width: number): number {
  return buffer + tile.laneOffset * width * 4;
}
