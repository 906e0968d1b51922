// Plan: the official network is what the generator says that it is: base layers exactly, every later layer the base
// layer with its rows renumbered, one renumbering a period. Generated layers have the same structure at every size, are
// well-formed, do not depend on how many are asked for, differ by seed, and keep a fixed checksum. Refused sizes.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import * as fc from "fast-check";
import { UsageError } from "../../core/errors.ts";
import { makeNetwork } from "../../network/network.ts";
import type { CscMatrix } from "../../sparse/matrix.ts";
import { challengeFolder, NO_CHALLENGE, skipOrFail } from "../../testing/challenge.ts";
import { type RadixNetOptions, radixNetLayers } from "./radix-net.ts";

const NODE_WIDTH = 16;

function weightsOf(options: RadixNetOptions): CscMatrix[] {
  return Array.from(radixNetLayers(options), (layer) => layer.weights);
}

/** Rows of every column, rising. */
function columnsOf(weights: CscMatrix): number[][] {
  return Array.from({ length: weights.ncols }, (_, j) => [
    ...weights.rowIdx.subarray(weights.colPtr[j], weights.colPtr[j + 1]),
  ]);
}

function readOfficialColumns(folder: string, layer: number): number[][] {
  const text = gunzipSync(readFileSync(`${folder}/neuron1024/n1024-l${layer}.tsv.gz`)).toString();
  const columns: number[][] = Array.from({ length: 1024 }, () => []);
  for (const line of text.trim().split("\n")) {
    const [row, column, value] = line.split("\t").map(Number);
    assert.equal(value, 1 / 16);
    columns[column - 1].push(row - 1);
  }
  for (const column of columns) column.sort((a, b) => a - b);
  return columns;
}

/**
 * Asserts that the layers of one period are the base layers with their rows renumbered: the rows of node c are what the
 * columns of nodes c and c - 1 of the first layer share, and they explain every column of every layer.
 * @returns the rows of every node.
 */
function checkPeriod(layers: readonly number[][][], what: string): number[][] {
  const first = layers[0];
  const nodes = first.length / NODE_WIDTH;
  const rowsOf = Array.from({ length: nodes }, (_, c) => {
    const before = new Set(first[(c + nodes - 1) % nodes]);
    return first[c].filter((row) => before.has(row));
  });
  assert.ok(
    rowsOf.every((rows) => rows.length === NODE_WIDTH),
    `${what}: a node has not ${NODE_WIDTH} rows`,
  );
  layers.forEach((columns, k) => {
    columns.forEach((rows, j) => {
      const expected = [...rowsOf[j % nodes], ...rowsOf[(j + 2 ** k) % nodes]].toSorted((a, b) => a - b);
      assert.deepEqual(rows, expected, `${what}, base layer ${k}, column ${j}`);
    });
    const timesSeen = new Map<string, number>();
    for (const rows of columns) timesSeen.set(String(rows), (timesSeen.get(String(rows)) ?? 0) + 1);
    const last = k === layers.length - 1;
    assert.equal(timesSeen.size, last ? nodes / 2 : nodes, `${what}: distinct columns of base layer ${k}`);
    assert.ok([...timesSeen.values()].every((times) => times === (last ? 2 * NODE_WIDTH : NODE_WIDTH)));
  });
  return rowsOf;
}

test("without permutation the first layers are the official ones", (t) => {
  const folder = challengeFolder();
  if (folder === null) return skipOrFail(t, "challenge", NO_CHALLENGE);
  const layers = weightsOf({ neurons: 1024, layers: 6, seed: 0, permute: false });
  layers.forEach((weights, l) => assert.deepEqual(columnsOf(weights), readOfficialColumns(folder, l + 1)));
});

test("the official and the generated network have the same structure", (t) => {
  const folder = challengeFolder();
  if (folder === null) return skipOrFail(t, "challenge", NO_CHALLENGE);
  const generated = weightsOf({ neurons: 1024, layers: 120, seed: 5, permute: true });
  const networks: [string, (layer: number) => number[][]][] = [
    ["official", (layer) => readOfficialColumns(folder, layer)],
    ["generated", (layer) => columnsOf(generated[layer - 1])],
  ];
  for (const [name, columns] of networks) {
    const renumberings = new Set<string>();
    for (const period of [0, 1, 2, 19]) {
      const layers = Array.from({ length: 6 }, (_, k) => columns(6 * period + k + 1));
      renumberings.add(String(checkPeriod(layers, `${name}, period ${period}`)));
    }
    assert.equal(renumberings.size, 4, `${name}: every period has a renumbering of its own`);
  }
});

for (const neurons of [64, 128, 256, 1024, 4096, 16_384, 65_536]) {
  test(`${neurons} neurons: well-formed, base layers in the first period, renumbered rows in the second`, () => {
    const depth = Math.log2(neurons / NODE_WIDTH);
    // Large sizes: only the layers around the start of the second period.
    const count = neurons > 4096 ? depth + 1 : 2 * depth;
    const layers = [...radixNetLayers({ neurons, layers: count, seed: 3, permute: true })];
    makeNetwork(layers);
    assert.ok(layers.every((layer) => layer.weights.rowIdx.length === 32 * neurons));
    assert.ok(layers.every((layer) => layer.weights.rowIdx instanceof Uint16Array));
    if (neurons > 4096) return;
    const columns = layers.map((layer) => columnsOf(layer.weights));
    checkPeriod(columns.slice(0, depth), "period 0");
    checkPeriod(columns.slice(depth), "period 1");
  });
}

test("more than 65536 neurons have 32-bit indices", () => {
  const [layer] = radixNetLayers({ neurons: 131_072, layers: 1, seed: 0, permute: false });
  assert.ok(layer.weights.rowIdx instanceof Uint32Array);
  makeNetwork([layer]);
});

test("32 neurons: one base layer that joins everything", () => {
  const all = Array.from({ length: 32 }, (_, i) => i);
  for (const weights of weightsOf({ neurons: 32, layers: 3, seed: 1, permute: true })) {
    assert.deepEqual(
      columnsOf(weights),
      all.map(() => all),
    );
  }
});

test("the same seed gives the same layers however many; another seed gives others", () => {
  fc.assert(
    fc.property(fc.nat(2 ** 32 - 1), fc.integer({ min: 1, max: 12 }), (seed, layers) => {
      const options = { neurons: 64, layers, seed, permute: true };
      const longer = weightsOf({ ...options, layers: layers + 5 });
      assert.deepEqual(longer.slice(0, layers), weightsOf(options));
    }),
    { seed: 11, numRuns: 30 },
  );
  const [a, b] = [1, 2].map((seed) => weightsOf({ neurons: 1024, layers: 7, seed, permute: true }));
  assert.deepEqual(a.slice(0, 6), b.slice(0, 6));
  assert.notDeepEqual(a[6], b[6]);
});

test("layers come one at a time", () => {
  const layers = radixNetLayers({ neurons: 65_536, layers: 1_000_000, seed: 1, permute: true });
  // All of them would take 4 TB.
  assert.equal(layers.next().done, false);
});

test("the network of a seed stays what it was", () => {
  const hash = createHash("sha256");
  for (const weights of weightsOf({ neurons: 1024, layers: 12, seed: 2020, permute: true }))
    hash.update(weights.rowIdx);
  assert.equal(hash.digest("hex"), "3dfe699a99baca8b746fe5cd580251cb97a24c128f399d9148e98c3608cefaf5");
});

function firstNumbers(options: Partial<RadixNetOptions>): { bias: number; weight: number } {
  const [layer] = radixNetLayers({ neurons: 1024, layers: 1, seed: 0, permute: false, ...options });
  return { bias: layer.bias[0], weight: layer.weights.values[0] };
}

test("bias and weight: the challenge's, its series continued, or given", () => {
  assert.deepEqual(firstNumbers({}), { bias: Math.fround(-0.3), weight: 1 / 16 });
  assert.deepEqual(firstNumbers({ neurons: 65_536 }), { bias: Math.fround(-0.45), weight: 1 / 16 });
  assert.deepEqual(firstNumbers({ neurons: 256 }), { bias: -0.25, weight: 1 / 16 });
  assert.deepEqual(firstNumbers({ bias: 0.5, weight: 2 }), { bias: 0.5, weight: 2 });
});

const REFUSED: Partial<RadixNetOptions>[] = [
  { neurons: 0 },
  { neurons: 16 },
  { neurons: 48 },
  { neurons: 1000 },
  { neurons: 1024.5 },
  { neurons: 2 ** 25 },
  { neurons: Number.NaN },
  { layers: 0 },
  { layers: -1 },
  { layers: 1.5 },
  { seed: -1 },
  { seed: 0.5 },
  { bias: Number.NaN },
  { weight: Number.POSITIVE_INFINITY },
];
for (const options of REFUSED) {
  const [name, value] = Object.entries(options)[0];
  test(`${name} ${value} is refused at the call`, () => {
    const all = { neurons: 1024, layers: 1, seed: 0, permute: true, ...options };
    assert.throws(() => radixNetLayers(all), { name: UsageError.name, message: new RegExp(`^${name}`) });
  });
}
