// Plan: the length of the next stage for what the last removed, on both sides of each bound; rows or neurons at the ends
// (one worker, no work, one tile, many tiles, cores shared); batches that fit the buffers, are whole tiles and enough
// for all workers, for many counts. What is fastest is measured by the benchmark, not here.

import assert from "node:assert/strict";
import { test } from "node:test";
import { batchRows, nextStageLayers, prefersNeurons } from "./stage-plan.ts";

test("stages grow while little is removed and shrink while much is", () => {
  assert.ok(nextStageLayers({ layers: 0, removed: 0 }) >= 1);
  const table: [layers: number, removed: number, next: number][] = [
    [4, 0, 8],
    [4, 0.09, 8],
    [4, 0.11, 4],
    [4, 0.24, 4],
    [4, 0.26, 2],
    [4, 1, 2],
    [2, 0.9, 2],
    [1000, 0, 2000],
  ];
  for (const [layers, removed, next] of table) {
    assert.equal(nextStageLayers({ layers, removed }), next, `${layers} layers, ${removed} removed`);
  }
});

test("a chain of stages ends, whatever is removed", () => {
  for (const removed of [0, 0.2, 0.5, 1]) {
    let layers = 0;
    let end = 0;
    for (let stages = 0; end < 1920; stages++) {
      layers = nextStageLayers({ layers, removed });
      end += layers;
      assert.ok(Number.isInteger(layers) && layers >= 1 && stages <= 1920);
    }
  }
});

test("neurons are shared when few tiles leave workers idle and the layer outweighs a barrier", () => {
  const table: [tiles: number, lanes: number, edges: number, workers: number, hasCores: boolean, neurons: boolean][] = [
    [1, 32, 32_768, 1, true, false],
    [1, 32, 32_768, 2, true, true],
    [1, 1, 32, 2, true, false],
    [1, 1, 0, 2, true, false],
    [2, 64, 2_097_152, 2, true, false],
    [1000, 32_000, 32_768, 2, true, false],
    // Three tiles by two workers waste a quarter: less than sharing neurons costs.
    [3, 96, 2_097_152, 2, true, false],
    [9, 288, 2_097_152, 8, true, true],
    [1, 32, 32_768, 8, false, false],
  ];
  for (const [tiles, lanes, edges, workers, hasCores, neurons] of table) {
    const what = `${tiles} tiles, ${edges} edges, ${workers} workers`;
    assert.equal(prefersNeurons(tiles, lanes, edges, workers, hasCores), neurons, what);
  }
});

test("batches are whole tiles that fit, and there is one for every worker where there are tiles enough", () => {
  const lanes = 32;
  for (const batchLanes of [32, 64, 1024]) {
    for (const workers of [1, 2, 3, 256]) {
      for (const count of [1, 31, 32, 33, 500, 10_000, 60_000]) {
        const rows = batchRows(count, workers, lanes, batchLanes);
        assert.ok(rows >= lanes && rows <= batchLanes && rows % lanes === 0, `${rows} of ${count} rows`);
        const batches = Math.ceil(count / rows);
        assert.ok(batches >= Math.min(workers, Math.ceil(count / lanes)), `${batches} batches of ${count} rows`);
      }
    }
  }
});
