// Plan: pushing sparse rows through a layer by its rows (pushCsr) has the bits of filling a tile and pulling (spmm), in every
// kernel set: tables of layers with all weights, biases and clips, neurons with two readers and with any number, every tile
// width, 0, 1, lanes - 1 and lanes rows and some number between, 16- and 32-bit indices, one value for all. Products are
// counted; nothing is written outside the tile and the scratch.

import assert from "node:assert/strict";
import { test } from "node:test";
import { makeRandom } from "../core/random.ts";
import type { Layer } from "../network/network.ts";
import { csrToCsc, denseToCsr } from "../sparse/convert.ts";
import type { CsrMatrix } from "../sparse/matrix.ts";
import { assertWritesOnly, makeKernelMemory, readTiles, runLayer } from "../testing/kernel-memory.ts";
import { makeBitsCases } from "../testing/layer-bits.ts";
import { isExact, makeBias, makeLayer, widenIndices } from "../testing/layer-cases.ts";
import { compileKernels, KERNEL_IDS, makeKernels } from "./catalog.ts";
import { type Kernels, TILE_LANES } from "./kernels.ts";
import { placeLayerByRows } from "./layer-by-rows.ts";
import { placeLayer, writeArray } from "./layer-record.ts";

const ROWS = 32;
/** This row, and every fifth after it, has no entries. */
const EMPTY_ROW = 4;
const space = makeKernelMemory();

interface PushCase {
  readonly name: string;
  readonly layer: Layer;
}

const PAIR_SHAPES = [
  [1, 2],
  [40, 3],
  [64, 5],
  [33, 64],
] as const;

/** Every input is read by two neurons: the kernels have a loop for it. */
function makePairCases(): PushCase[] {
  const random = makeRandom(7);
  const cases: PushCase[] = [];
  for (const [nrows, ncols] of PAIR_SHAPES) {
    const colIdx = new Uint16Array(nrows * 2);
    for (let k = 0; k < nrows; k++) {
      const first = random.below(ncols - 1);
      colIdx.set([first, first + 1 + random.below(ncols - first - 1)], 2 * k);
    }
    const rowPtr = Uint32Array.from({ length: nrows + 1 }, (_, k) => 2 * k);
    for (const values of [Float32Array.of(0.1), Float32Array.from({ length: nrows * 2 }, () => random.normal())]) {
      const weights = csrToCsc({ format: "csr", nrows, ncols, rowPtr, colIdx, values });
      for (const biasRule of ["stored", "all"] as const) {
        const bias = makeBias("per neuron", ncols, random);
        const layer = makeLayer(weights, bias, { kind: "clipped-relu", low: 0, high: 2 }, biasRule);
        const name = `pairs ${nrows} x ${ncols}, ${values.length === 1 ? "uniform" : "general"}, ${biasRule}`;
        cases.push({ name, layer }, { name: `${name}, u32`, layer: widenIndices(layer) });
      }
    }
  }
  return cases;
}

const cases: PushCase[] = [
  ...makeBitsCases(3).filter(({ layer }) => isExact(layer.rule.activation)),
  ...makePairCases(),
];

function makeInputs(features: number, isOneValue: boolean, seed: number): CsrMatrix {
  const random = makeRandom(seed);
  const dense = Float32Array.from({ length: ROWS * features }, (_, at) => {
    const isEmpty = Math.floor(at / features) % 5 === EMPTY_ROW || random.next() < 0.6;
    return isEmpty ? 0 : isOneValue ? 0.3 : random.normal();
  });
  return denseToCsr(dense, ROWS, features);
}

function denseOf({ nrows, ncols, rowPtr, colIdx, values }: CsrMatrix): Float32Array {
  const dense = new Float32Array(nrows * ncols);
  for (let row = 0; row < nrows; row++) {
    for (let p = rowPtr[row]; p < rowPtr[row + 1]; p++)
      dense[row * ncols + colIdx[p]] = values[values.length === 1 ? 0 : p];
  }
  return dense;
}

function put(array: ArrayBufferView): number {
  const address = space.allocate(array.byteLength, "array");
  writeArray(space.memory, address, array);
  return address;
}

const bitsOf = (values: Float32Array): Uint32Array => new Uint32Array(values.buffer, values.byteOffset, values.length);

for (const id of KERNEL_IDS) {
  const kernels = makeKernels(await compileKernels(id), space.memory);
  for (const lanes of TILE_LANES) {
    test(`${id}, ${lanes} lanes: pushed rows have the bits of pulled ones`, () => {
      for (const [c, { name, layer }] of cases.entries()) {
        const inputs = makeInputs(layer.weights.nrows, c % 2 === 0, c);
        space.reset();
        const placed = placeLayer(layer, space.memory, space.allocate, name);
        const pull = runLayer({ space, kernels, layer: placed, lanes, what: name }, denseOf(inputs), ROWS);
        for (const idxBytes of [2, 4] as const) {
          for (const count of new Set([0, 1, lanes - 1, lanes, c % lanes])) {
            const what = `${name}, ${idxBytes} bytes, ${count} rows`;
            checkPush({ kernels, layer, lanes, count, idxBytes, inputs, pull, what });
          }
        }
      }
    });
  }
}

interface PushRun {
  readonly kernels: Kernels;
  readonly layer: Layer;
  readonly lanes: number;
  readonly count: number;
  readonly idxBytes: 2 | 4;
  readonly inputs: CsrMatrix;
  /** ROWS x ncols: what pulling makes of all rows. */
  readonly pull: Float32Array;
  readonly what: string;
}

/** Rows in another order than they lie in. */
function listedRow(r: number): number {
  return (7 * r + 3) % ROWS;
}

/** Pushes `count` rows, one of them twice, into a tile, and looks at lanes, products, and all that must stay. */
function checkPush({ kernels, layer, lanes, count, idxBytes, inputs, pull, what }: PushRun): void {
  const { ncols, nrows, rowIdx } = layer.weights;
  const { rowPtr, colIdx, values } = inputs;
  space.reset();
  const record = placeLayerByRows(layer, space.memory, space.allocate, what);
  const indices = put(idxBytes === 2 ? Uint16Array.from(colIdx) : Uint32Array.from(colIdx));
  const entries = [put(rowPtr), indices, idxBytes, put(values), values.length === 1 ? 0 : 4] as const;
  const listed = Array.from({ length: count }, (_, r) => listedRow(r === 2 ? 0 : r));
  const list = put(Uint32Array.from({ length: lanes }, (_, r) => listed[r] ?? ROWS));
  const sums = space.allocate(4 * ncols * 4, "sums");
  const out = space.allocate(ncols * lanes * 4, "tile");
  let products = 0;
  const written: [number, number][] = [
    [out, out + ncols * lanes * 4],
    [sums, sums + 16 * ncols],
  ];
  assertWritesOnly(space, written, what, () => {
    products = kernels.pushCsr(record, out, lanes, list, count, ...entries, sums);
  });
  const readers = new Uint32Array(nrows);
  for (const k of rowIdx) readers[k]++;
  const pushed = listed.flatMap((row) => Array.from(colIdx.subarray(rowPtr[row], rowPtr[row + 1]), (k) => readers[k]));
  assert.equal(
    products,
    pushed.reduce((sum, n) => sum + n, 0),
    `${what}: products`,
  );
  const got = readTiles(space, out, 0, lanes, lanes, ncols);
  for (let r = 0; r < lanes; r++) {
    const source = listed[r] ?? EMPTY_ROW;
    const wanted = pull.slice(source * ncols, (source + 1) * ncols);
    assert.deepEqual(bitsOf(got.slice(r * ncols, (r + 1) * ncols)), bitsOf(wanted), `${what}: lane ${r}`);
  }
}
