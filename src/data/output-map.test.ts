// Plan: the map from outputs to neurons of the last layer, in memory and in files: kept by writing and reading, left out
// with the first layers alone, restored by the oracle; maps that lie are refused with the place, in both.

import assert from "node:assert/strict";
import { join } from "node:path";
import { after, test } from "node:test";
import { FormatError, ShapeError, UnsupportedError } from "../core/errors.ts";
import { type Layer, makeNetwork, takeLayers } from "../network/network.ts";
import { inferOracle } from "../network/oracle.ts";
import { makeTemporaryFolder } from "../testing/temporary-folder.ts";
import { openNetwork, readNetwork } from "./read-network.ts";
import { writeNetwork } from "./write-network.ts";
import { writeNetworkFile } from "./write-network-file.ts";

const folder = makeTemporaryFolder("output-map");
after(() => folder[Symbol.dispose]());
const path = join(folder.path, "mapped.safetensors");

/** Two inputs, two neurons: y0 = x0, y1 = 2 x1. */
const LAYER: Layer = {
  weights: {
    format: "csc",
    nrows: 2,
    ncols: 2,
    colPtr: Uint32Array.of(0, 1, 2),
    rowIdx: Uint16Array.of(0, 1),
    values: Float32Array.of(1, 2),
  },
  bias: Float32Array.of(0),
  rule: { activation: { kind: "identity" }, biasRule: "all" },
};
const MAP = Uint32Array.of(1, 0, 1);

test("outputs are the mapped neurons", () => {
  const network = makeNetwork([LAYER, LAYER], MAP);
  assert.equal(network.outputs, 3);
  assert.deepEqual([...inferOracle(network, Float64Array.of(1, 10, 2, 20), 2)], [40, 1, 40, 80, 2, 80]);
  assert.deepEqual([...inferOracle(network, new Float64Array(0), 0)], []);
  assert.equal(takeLayers(network, 2).outputs, 3);
  assert.equal(takeLayers(network, 1).outputs, 2);
});

test("a file keeps the map, and its first layers alone have none", async () => {
  await writeNetwork(path, makeNetwork([LAYER, LAYER], MAP));
  assert.deepEqual([...((await readNetwork(path)).outputMap ?? [])], [...MAP]);
  await using source = await openNetwork(path);
  assert.deepEqual([source.outputs, [...(source.outputMap ?? [])]], [3, [...MAP]]);
  assert.equal((await readNetwork(path, { layers: 1 })).outputMap, null);
  const folderPath = join(folder.path, "layers");
  await assert.rejects(writeNetwork(folderPath, makeNetwork([LAYER], MAP)), UnsupportedError);
});

test("maps that lie are refused", async () => {
  for (const [map, message] of [
    [[0, 2], /output 1 is neuron 2 of the last layer, expected below 2/],
    [[0, 0], /no output is neuron 1 of the last layer/],
  ] as const) {
    const refused = (error: unknown): boolean => error instanceof ShapeError && message.test(error.message);
    assert.throws(() => makeNetwork([LAYER], Uint32Array.from(map)), refused);
    await writeNetworkFile(path, [LAYER], 1, { outputMap: () => Uint32Array.from(map) });
    for (const read of [readNetwork, openNetwork]) {
      await assert.rejects(
        read(path),
        (error) => error instanceof FormatError && /tensor outputs\.map/.test(error.message),
      );
    }
  }
});
