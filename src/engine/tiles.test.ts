// Plan: tiles cover every row once, in order, none is wider than asked or wider than needed, and none overlaps another in
// a buffer of count rounded up; all counts up to 200 for every width.

import assert from "node:assert/strict";
import { test } from "node:test";
import { TILE_LANES } from "../kernels/kernels.ts";
import { cutTiles, lanesFor, widestTile } from "./tiles.ts";

const COUNTS = Array.from({ length: 201 }, (_, count) => count);

test("lanes cover exactly all rows, in order and without overlap", () => {
  for (const widest of TILE_LANES) {
    for (const count of COUNTS) {
      let row = 0;
      let end = 0;
      for (const tile of cutTiles(count, widest)) {
        assert.equal(tile.firstRow, row);
        assert.ok(tile.count >= 1 && tile.count <= tile.lanes);
        assert.ok(tile.laneOffset >= end);
        assert.ok(TILE_LANES.some((lanes) => lanes === tile.lanes) && tile.lanes <= widest);
        row += tile.count;
        end = tile.laneOffset + tile.lanes;
      }
      assert.equal(row, count, `${count} rows in tiles of ${widest}`);
      assert.ok(end <= Math.ceil(count / widest) * widest, `${count} rows in tiles of ${widest} end at lane ${end}`);
    }
  }
});

test("only the last tile has lanes to spare, and is the narrowest that holds its rows", () => {
  for (const widest of TILE_LANES) {
    for (const count of COUNTS) {
      const tiles = cutTiles(count, widest);
      for (const tile of tiles.slice(0, -1)) assert.equal(tile.count, widest);
      const last = tiles.at(-1);
      if (last === undefined) continue;
      const narrower = TILE_LANES.filter((lanes) => lanes < last.lanes);
      assert.ok(narrower.every((lanes) => lanes < last.count));
    }
  }
});

test("lanes for a count, by hand", () => {
  const table: [count: number, widest: number, lanes: number][] = [
    [1, 32, 1],
    [2, 32, 4],
    [4, 32, 4],
    [5, 32, 16],
    [16, 32, 16],
    [17, 32, 32],
    [32, 32, 32],
    [17, 16, 16],
    [3, 1, 1],
  ];
  for (const [count, widest, lanes] of table) assert.equal(lanesFor(count, widest), lanes, `${count} of ${widest}`);
});

test("the widest tile of a network, by hand", () => {
  assert.equal(widestTile(1), 32);
  assert.equal(widestTile(32_768), 32);
  assert.equal(widestTile(32_769), 16);
  assert.equal(widestTile(65_536), 16);
});
