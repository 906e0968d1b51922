// Plan: random networks (any shapes, activations, bias rules, index widths, one value or many) written and read back,
// whole and layer by layer; equal arrays stored once and held once; rows instead of columns; the header against the
// published format, parsed here by itself; writers that fail. Hostile files are in safetensors-hostile.test.ts.

import assert from "node:assert/strict";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import * as fc from "fast-check";
import { FormatError, InterruptedError, ShapeError, UsageError } from "../core/errors.ts";
import type { Activation } from "../network/layer-rule.ts";
import { edgeCount, type Layer, makeNetwork, type Network } from "../network/network.ts";
import { cscToCsr, triplesToCsc } from "../sparse/convert.ts";
import { makeTemporaryFolder } from "../testing/temporary-folder.ts";
import { openNetworkFile, readNetworkFile } from "./network-file.ts";
import { eachLayer } from "./network-source.ts";
import { openNetwork, readNetwork } from "./read-network.ts";
import { openSafetensorsWriter } from "./safetensors-writer.ts";
import { writeNetworkFile } from "./write-network-file.ts";

const SEED = 20_203;

function plain({ weights, bias, rule }: Layer): object {
  const { nrows, ncols, colPtr, rowIdx, values } = weights;
  const width = rowIdx.BYTES_PER_ELEMENT;
  return { nrows, ncols, width, colPtr: [...colPtr], rowIdx: [...rowIdx], values: [...values], bias: [...bias], rule };
}

const arbitraryActivation: fc.Arbitrary<Activation> = fc.oneof(
  fc.constantFrom<Activation>(
    { kind: "relu" },
    { kind: "sigmoid" },
    { kind: "tanh" },
    { kind: "identity" },
    { kind: "clipped-relu", low: 0, high: 32 },
    { kind: "clipped-relu", low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY },
    { kind: "leaky-relu", slope: 0.125 },
  ),
);

function arbitraryLayer(nrows: number, ncols: number): fc.Arbitrary<Layer> {
  const number = fc.float({ noNaN: true, noDefaultInfinity: true, min: -8, max: 8 }).map((value) => value + 0);
  const entry = fc.tuple(fc.nat(nrows - 1), fc.nat(ncols - 1), number);
  return fc
    .record({
      entries: fc.uniqueArray(entry, { selector: ([row, col]) => `${row} ${col}`, maxLength: 40 }),
      uniform: fc.boolean(),
      bias: fc.oneof(
        fc.array(number, { minLength: 1, maxLength: 1 }),
        fc.array(number, { minLength: ncols, maxLength: ncols }),
      ),
      activation: arbitraryActivation,
      biasRule: fc.constantFrom("stored" as const, "all" as const),
    })
    .map(({ entries, uniform, bias, activation, biasRule }) => {
      const rows = Uint32Array.from(entries, (item) => item[0]);
      const cols = Uint32Array.from(entries, (item) => item[1]);
      const values = uniform ? Float32Array.of(0.0625) : Float32Array.from(entries, (item) => item[2]);
      const weights = triplesToCsc({ nrows, ncols, rows, cols, values });
      return { weights, bias: Float32Array.from(bias), rule: { activation, biasRule } };
    });
}

const arbitraryNetwork: fc.Arbitrary<Network> = fc
  .array(fc.constantFrom(1, 2, 15, 16, 17), { minLength: 2, maxLength: 6 })
  .chain((sizes) => fc.tuple(...sizes.slice(1).map((ncols, l) => arbitraryLayer(sizes[l], ncols))))
  .map((layers) => makeNetwork(layers));

test("any network reads back the same, whole and layer by layer", async () => {
  using folder = makeTemporaryFolder("safetensors");
  const path = join(folder.path, "net.safetensors");
  const property = fc.asyncProperty(arbitraryNetwork, async (network) => {
    await writeNetworkFile(path, network.layers, network.layers.length);
    const found = await readNetworkFile(path);
    assert.deepEqual(found.layers.map(plain), network.layers.map(plain));
    await using source = await openNetwork(path);
    const { layerCount, inputs, outputs, edges, bytes } = source;
    assert.deepEqual(
      { layerCount, inputs, outputs },
      { layerCount: network.layers.length, inputs: network.inputs, outputs: network.outputs },
    );
    assert.equal(edges, edgeCount(network));
    assert.equal(bytes, statSync(path).size);
    assert.deepEqual(
      (await Promise.all(network.layers.map((_, l) => source.readLayer(l)))).map(plain),
      network.layers.map(plain),
    );
  });
  await fc.assert(property, { seed: SEED, numRuns: 100 });
});

function uniformLayer(neurons: number, shift: number): Layer {
  const rows = Uint32Array.from({ length: 2 * neurons }, (_, p) => (p + shift * (p % 2)) % neurons);
  const cols = Uint32Array.from({ length: 2 * neurons }, (_, p) => p >> 1);
  const weights = triplesToCsc({ nrows: neurons, ncols: neurons, rows, cols, values: Float32Array.of(0.5) });
  return { weights, bias: Float32Array.of(-0.25), rule: { activation: { kind: "relu" }, biasRule: "stored" } };
}

test("equal arrays are stored once and held once", async () => {
  using folder = makeTemporaryFolder("safetensors");
  const path = join(folder.path, "net.safetensors");
  const a = uniformLayer(64, 2);
  const b = uniformLayer(64, 4);
  await writeNetworkFile(path, [a, b, a, b, a], 5);
  const { header } = parseFile(readFileSync(path));
  const stored = Object.keys(header).filter((name) => name !== "__metadata__");
  assert.deepEqual(stored.toSorted(), [
    "layers.0.bias",
    "layers.0.indices",
    "layers.0.indptr",
    "layers.0.values",
    "layers.1.indices",
  ]);
  const network = await readNetworkFile(path);
  assert.equal(network.layers[0].weights, network.layers[4].weights);
  assert.equal(network.layers[1].weights, network.layers[3].weights);
  assert.deepEqual(network.layers.map(plain), [a, b, a, b, a].map(plain));
});

/** The format as published, read without the code under test. */
function parseFile(bytes: Buffer): {
  header: Record<string, { dtype: string; data_offsets: [number, number] }>;
  data: Buffer;
} {
  const length = Number(bytes.readBigUInt64LE(0));
  return { header: JSON.parse(bytes.subarray(8, 8 + length).toString()), data: bytes.subarray(8 + length) };
}

test("the file is what the published format says: sizes, offsets, data types, string metadata", async () => {
  using folder = makeTemporaryFolder("safetensors");
  const path = join(folder.path, "net.safetensors");
  const layer = uniformLayer(16, 3);
  await writeNetworkFile(path, [layer], 1);
  const { header, data } = parseFile(readFileSync(path));
  assert.equal((readFileSync(path).length - data.length) % 8, 0);
  const tensors = Object.entries(header).filter(([name]) => name !== "__metadata__");
  const dtypes = Object.fromEntries(tensors.map(([name, { dtype }]) => [name, dtype]));
  assert.deepEqual(dtypes, {
    "layers.0.indptr": "U32",
    "layers.0.indices": "U16",
    "layers.0.values": "F32",
    "layers.0.bias": "F32",
  });
  assert.equal(Math.max(...tensors.map(([, { data_offsets }]) => data_offsets[1])), data.length);
  const [begin] = header["layers.0.bias"].data_offsets;
  assert.equal(data.readFloatLE(begin), -0.25);
  const metadata = header["__metadata__"] as unknown as Record<string, string>;
  assert.equal(metadata["format"], "gossamer.network/1");
  assert.deepEqual(JSON.parse(metadata["gossamer"]), {
    orientation: "csc",
    rules: [{ activation: { kind: "relu" }, biasRule: "stored" }],
    layers: [{ shape: [16, 16], rule: 0, indptr: 0, indices: 0, values: 0, bias: 0 }],
  });
});

test("a network stored by rows is turned into columns", async () => {
  using folder = makeTemporaryFolder("safetensors");
  const path = join(folder.path, "net.safetensors");
  const layer = fc.sample(arbitraryLayer(15, 17), { seed: SEED, numRuns: 1 })[0];
  const byRows = cscToCsr(layer.weights);
  await using writer = await openSafetensorsWriter(path, 4096);
  await writer.write("layers.0.indptr", "U32", byRows.rowPtr);
  await writer.write("layers.0.indices", "U16", byRows.colIdx);
  await writer.write("layers.0.values", "F32", byRows.values);
  await writer.write("layers.0.bias", "F32", layer.bias);
  const rules = [{ activation: { kind: "relu" }, biasRule: "all" }];
  const gossamer = JSON.stringify({ orientation: "csr", rules, layers: [{ shape: [15, 17], rule: 0 }] });
  await writer.finish({ format: "gossamer.network/1", gossamer });
  const network = await readNetworkFile(path);
  const expected = { ...layer, rule: { activation: { kind: "relu" }, biasRule: "all" } } as const;
  assert.deepEqual(network.layers.map(plain), [plain(expected)]);
});

test("the first layers only; layers that a source does not have; an abort", async () => {
  using folder = makeTemporaryFolder("safetensors");
  const path = join(folder.path, "net.safetensors");
  const layers = [uniformLayer(16, 1), uniformLayer(16, 2), uniformLayer(16, 3)];
  await writeNetworkFile(path, layers, 3);
  assert.deepEqual((await readNetwork(path, { layers: 2 })).layers.map(plain), layers.slice(0, 2).map(plain));
  for (const count of [0, 4, 1.5]) await assert.rejects(() => readNetwork(path, { layers: count }), UsageError);
  await assert.rejects(() => readNetwork(path, { bias: 0 }), /bias is given, but .* holds its own/);
  await assert.rejects(() => readNetwork(path, { signal: AbortSignal.abort() }), InterruptedError);
  await using source = await openNetworkFile(path, { layers: 2 });
  assert.equal(source.layerCount, 2);
  for (const l of [2, -1, 0.5]) await assert.rejects(() => source.readLayer(l), RangeError);
  const copy = join(folder.path, "copy.safetensors");
  await writeNetworkFile(copy, eachLayer(source), 2);
  assert.deepEqual((await readNetwork(copy)).layers.map(plain), layers.slice(0, 2).map(plain));
});

test("layers that do not fit, a wrong count and a failing source leave no file", async () => {
  using folder = makeTemporaryFolder("safetensors");
  const path = join(folder.path, "net.safetensors");
  const layer = uniformLayer(16, 1);
  async function* failing(): AsyncGenerator<Layer> {
    yield layer;
    throw new FormatError("other.tsv", 3, "bad");
  }
  const softmax: Layer = { ...layer, rule: { activation: { kind: "softmax" }, biasRule: "all" } };
  await assert.rejects(() => writeNetworkFile(path, [layer, uniformLayer(8, 1)], 2), ShapeError);
  await assert.rejects(() => writeNetworkFile(path, [{ ...layer, bias: new Float32Array(3) }], 1), ShapeError);
  await assert.rejects(() => writeNetworkFile(path, [{ ...layer, bias: Float32Array.of(Number.NaN) }], 1), ShapeError);
  await assert.rejects(() => writeNetworkFile(path, [layer], 2), /1 layers came, 2 were announced/);
  await assert.rejects(() => writeNetworkFile(path, [layer, layer], 1), /more than the 1 layers/);
  await assert.rejects(() => writeNetworkFile(path, [], 0), UsageError);
  await assert.rejects(() => writeNetworkFile(path, failing(), 2), /other\.tsv:3: bad/);
  await assert.rejects(() => writeNetworkFile(path, [softmax, layer], 2), /softmax on the last layer only/);
  await assert.rejects(() => writeNetworkFile(path, [layer], 1, { signal: AbortSignal.abort() }), InterruptedError);
  assert.deepEqual(readdirSync(folder.path), []);
  await writeNetworkFile(path, [layer, softmax], 2);
  assert.equal((await readNetwork(path)).layers[1].rule.activation.kind, "softmax");
});
