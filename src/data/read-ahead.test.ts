// Plan: layers of many sizes read backwards, forwards and in any order are those of the source, and the two given before
// are still whole; memory is used again; a damaged layer is told to whoever asks for it and to nobody else, also when it
// was only read ahead; a network that has to be parsed passes through.

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { FormatError } from "../core/errors.ts";
import { makeRandom } from "../core/random.ts";
import type { Layer } from "../network/network.ts";
import { makeTemporaryFolder } from "../testing/temporary-folder.ts";
import { makePlantedNetwork } from "../testing/planted-network.ts";
import { radixNetLayers } from "./generate/radix-net.ts";
import { openNetworkFile } from "./network-file.ts";
import { openReadAhead } from "./read-ahead.ts";
import { openNetwork } from "./read-network.ts";
import { writeChallengeFolder } from "./write-network.ts";
import { writeNetworkFile } from "./write-network-file.ts";

function plain({ weights, bias, rule }: Layer): object {
  const { nrows, ncols, colPtr, rowIdx, values } = weights;
  return { nrows, ncols, colPtr: [...colPtr], rowIdx: [...rowIdx], values: [...values], bias: [...bias], rule };
}

const LAYERS = 9;
const network = makePlantedNetwork(
  { layers: LAYERS, inputs: 6, values: "real", biasRule: "all", activation: { kind: "tanh" }, bias: "mixed" },
  makeRandom(5),
);
const UP = network.layers.map((_, l) => l);
const ORDERS: readonly (readonly [name: string, order: readonly number[]])[] = [
  ["backwards, then forwards", [...UP.toReversed(), ...UP]],
  ["in any order", [3, 4, 4, 2, 8, 0, 1, 7, 5, 6, 6, 3]],
];

for (const [name, order] of ORDERS) {
  test(`layers ${name}`, async () => {
    using folder = makeTemporaryFolder("read-ahead");
    const path = join(folder.path, "x.safetensors");
    await writeNetworkFile(path, network.layers, LAYERS);
    await using source = await openNetworkFile(path);
    await using reader = openReadAhead(source);
    const given: { readonly layer: Layer; readonly l: number }[] = [];
    for (const l of order) {
      const layer = await reader.readLayer(l);
      assert.deepEqual(plain(layer), plain(network.layers[l]), `layer ${l}`);
      for (const before of given) assert.deepEqual(plain(before.layer), plain(network.layers[before.l]), "before");
      given.unshift({ layer, l });
      given.length = Math.min(given.length, 2);
    }
  });
}

test("however many layers, few arrays hold them", async () => {
  await using source = await openNetwork("radixnet:64x40");
  await using reader = openReadAhead(source);
  const buffers = new Set<ArrayBufferLike>();
  for (let l = 39; l >= 0; l--) buffers.add((await reader.readLayer(l)).weights.rowIdx.buffer);
  for (let l = 0; l < 40; l++) buffers.add((await reader.readLayer(l)).weights.rowIdx.buffer);
  assert.ok(buffers.size <= 5, `${buffers.size} arrays`);
});

function isDamage(error: unknown): boolean {
  return error instanceof FormatError && /layers\.3\.indices: element 5 is 64, expected below 64/.test(error.message);
}

test("a damaged layer is told to those who ask for it", async () => {
  using folder = makeTemporaryFolder("read-ahead");
  const path = join(folder.path, "x.safetensors");
  await writeNetworkFile(path, radixNetLayers({ neurons: 64, layers: 6, seed: 1, permute: true }), 6);
  await using whole = await openNetworkFile(path);
  const place = whole.direct?.outline(3).places?.rowIdx.offset ?? Number.NaN;
  const bytes = readFileSync(path);
  bytes.writeUInt16LE(64, place + 10);
  writeFileSync(path, bytes);
  await using source = await openNetworkFile(path);
  {
    await using reader = openReadAhead(source);
    // Layer 3 is read ahead, and wrong, and nobody's trouble.
    for (const l of [0, 1, 2]) await reader.readLayer(l);
  }
  await using reader = openReadAhead(source);
  for (const l of [5, 4]) await reader.readLayer(l);
  await assert.rejects(reader.readLayer(3), isDamage);
  assert.equal((await reader.readLayer(2)).weights.ncols, 64);
  await assert.rejects(reader.readLayer(3), isDamage);
  await assert.rejects(reader.readLayer(6), RangeError);
});

test("layers that have to be parsed pass through", async () => {
  using folder = makeTemporaryFolder("read-ahead");
  const path = join(folder.path, "layers");
  const layers = [...radixNetLayers({ neurons: 64, layers: 3, seed: 1, permute: true, bias: -0.3 })];
  await writeChallengeFolder(path, layers, 3, { ending: "tsv" });
  await using source = await openNetwork(path, { bias: -0.3 });
  await using reader = openReadAhead(source);
  for (const l of [2, 0, 1]) assert.deepEqual(plain(await reader.readLayer(l)), plain(layers[l]));
});
