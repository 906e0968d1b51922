// Plan: networks made on the fly are those that the generator gives, whole, layer by layer in any order, and straight into
// arrays of the caller's; options of the name; names that are refused, each in one line that shows the form; descriptions.

import assert from "node:assert/strict";
import { test } from "node:test";
import { FormatError, InterruptedError, UsageError } from "../core/errors.ts";
import { makeRandom, randomPermutation } from "../core/random.ts";
import type { Layer } from "../network/network.ts";
import { describeFile } from "./describe.ts";
import { isGeneratedName } from "./generated-name.ts";
import { radixNetLayers } from "./generate/radix-net.ts";
import { readInputs } from "./read-inputs.ts";
import { openNetwork, readNetwork } from "./read-network.ts";

/** Seven periods and a bit. */
const LAYERS = 23;
const NAME = `radixnet:128x${LAYERS}:seed=9`;
const EXPECTED = [...radixNetLayers({ neurons: 128, layers: LAYERS, seed: 9, permute: true })];

function plain({ weights, bias, rule }: Layer): object {
  const { nrows, ncols, colPtr, rowIdx, values } = weights;
  const width = rowIdx.BYTES_PER_ELEMENT;
  return { nrows, ncols, width, colPtr: [...colPtr], rowIdx: [...rowIdx], values: [...values], bias: [...bias], rule };
}

test("a network made on the fly is the generator's, in any order of reading", async () => {
  const whole = await readNetwork(NAME);
  assert.deepEqual(whole.layers.map(plain), EXPECTED.map(plain));
  for (const seed of [1, 2, 3]) {
    await using source = await openNetwork(NAME);
    const order = seed === 1 ? [...EXPECTED.keys()].toReversed() : [...randomPermutation(LAYERS, makeRandom(seed))];
    for (const l of order) assert.deepEqual(plain(await source.readLayer(l)), plain(EXPECTED[l]), `layer ${l}`);
    assert.deepEqual([source.inputs, source.outputs, source.layerCount], [128, 128, LAYERS]);
    assert.deepEqual([source.edges, source.bytes], [32 * 128 * LAYERS, 2 * 32 * 128 * LAYERS + 4 * 129 + 8]);
  }
});

test("layers go into arrays of the caller's", async () => {
  await using source = await openNetwork(NAME, { layers: 20 });
  assert.ok(source.direct !== null);
  const { ncols, nnz, indexBytes, valueCount, biasCount, places } = source.direct.outline(19);
  assert.deepEqual([indexBytes, places], [2, null]);
  const colPtr = new Uint32Array(new SharedArrayBuffer(4 * (ncols + 1)));
  const rowIdx = new Uint16Array(new SharedArrayBuffer(2 * nnz));
  const values = new Float32Array(valueCount);
  const bias = new Float32Array(biasCount);
  await source.direct.readInto(19, { colPtr, rowIdx, values, bias });
  const { weights, bias: expectedBias } = EXPECTED[19];
  assert.deepEqual([...colPtr], [...weights.colPtr]);
  assert.deepEqual([...rowIdx], [...weights.rowIdx]);
  assert.deepEqual([[...values], [...bias]], [[...weights.values], [...expectedBias]]);
  await assert.rejects(source.direct.readInto(20, {}), RangeError);
  await assert.rejects(source.direct.readInto(19, { rowIdx: new Uint16Array(nnz + 1) }), /rowIdx has/);
  await assert.rejects(source.readLayer(20), RangeError);
});

async function open(options: string): Promise<object[]> {
  const { layers } = await readNetwork(`radixnet:64x5${options}`);
  return layers.map(plain);
}

function make(options: object): object[] {
  const defaults = { neurons: 64, layers: 5, seed: 1, permute: true };
  return Array.from(radixNetLayers({ ...defaults, ...options }), plain);
}

test("every option of a name has its effect", async () => {
  assert.deepEqual(await open(""), make({}));
  assert.deepEqual(await open(":seed=7"), make({ seed: 7 }));
  assert.deepEqual(await open(":no-permute"), make({ permute: false }));
  assert.deepEqual(await open(":bias=-0.5:weight=0.125"), make({ bias: -0.5, weight: 0.125 }));
  assert.notDeepEqual(make({ seed: 7 }), make({}));
});

const REFUSED: readonly [name: string, message: RegExp][] = [
  ["radixnet:", /size is "", expected radixnet:NEURONSxLAYERS/],
  ["radixnet:1024", /size is "1024", expected/],
  ["radixnet:1024x", /size is "1024x", expected/],
  ["radixnet:1024x12:sede=1", /option is "sede=1", expected/],
  ["radixnet:1024x12:seed=", /option is "seed=", expected/],
  ["radixnet:1024x12:seed=x", /option is "seed=x", expected/],
  ["radixnet:1024x12:bias=NaN", /option is "bias=NaN", expected/],
  ["radixnet:1000x12", /neurons is 1000, expected a power of two/],
  ["radixnet:1024x0", /layers is 0, expected an integer from 1/],
  ["radixnet:1024x12:seed=0.5", /seed is 0\.5, expected an integer/],
];

for (const [name, message] of REFUSED) {
  test(`refused: ${name}`, async () => {
    for (const attempt of [openNetwork(name), readNetwork(name), describeFile(name)]) {
      await assert.rejects(attempt, (error) => {
        assert.ok(error instanceof UsageError && error.message.startsWith(`${name}: `), String(error));
        assert.match(error.message, message);
        return true;
      });
    }
  });
}

test("what else a name meets", async () => {
  assert.deepEqual([isGeneratedName(NAME), isGeneratedName("./radixnet:64x1")], [true, false]);
  await assert.rejects(openNetwork(NAME, { bias: 1 }), /bias is given, but radixnet.* holds its own/);
  await assert.rejects(openNetwork(NAME, { layers: 24 }), /layers is 24, expected an integer from 1 to 23/);
  await assert.rejects(readInputs(NAME, { ncols: 128 }), FormatError);
  await assert.rejects(readNetwork(NAME, { signal: AbortSignal.abort() }), InterruptedError);
  const described = await describeFile(NAME);
  assert.ok(described.kind === "network" && described.format === "generated");
  assert.deepEqual([described.edges, described.layers.length], [32 * 128 * LAYERS, LAYERS]);
});
