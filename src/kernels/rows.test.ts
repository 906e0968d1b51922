// Plan: rows into tiles and out of them (loadCsr, loadRows, storeRows, liveMask) in every kernel set and tile width,
// against plain loops: fewer rows than lanes, no rows, the edge sizes, 16- and 32-bit indices, one value for all;
// nothing written outside the tile or the row.

import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { makeRandom } from "../core/random.ts";
import { copyDenseRows, denseToCsr } from "../sparse/convert.ts";
import { assertWritesOnly, makeKernelMemory, readTiles, writeTiles } from "../testing/kernel-memory.ts";
import { compileKernels, KERNEL_IDS, makeKernels } from "./catalog.ts";
import { TILE_LANES } from "./kernels.ts";

const SIZES = [0, 1, 3, 4, 5, 15, 16, 17, 33];
/** Rows are turned in blocks of neurons: one block, and one neuron more. */
const BLOCK_SIZES = [64, 65, 129];
const space = makeKernelMemory();
const { memory } = space;

function put(array: Uint16Array | Uint32Array | Float32Array): number {
  const address = space.allocate(array.byteLength, "array");
  const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
  new Uint8Array(memory.buffer, address, array.byteLength).set(bytes);
  return address;
}

/** Sparse rows with no special values. */
function makeRows(nrows: number, n: number, seed: number): Float32Array {
  const random = makeRandom(seed);
  return Float32Array.from({ length: nrows * n }, () => (random.next() < 0.5 ? 0 : random.normal()));
}

for (const id of KERNEL_IDS) {
  const kernels = makeKernels(await compileKernels(id), memory);
  for (const lanes of TILE_LANES) {
    const counts = [...new Set([0, 1, Math.floor(lanes / 2), lanes - 1, lanes])];

    test(`${id}, ${lanes} lanes: loadRows puts rows into lanes; other lanes are zero`, () => {
      for (const n of [...SIZES, ...BLOCK_SIZES]) {
        for (const count of counts) {
          const what = `${n} neurons, ${count} rows`;
          space.reset();
          const rows = makeRows(count, n, n + 1);
          const at = Array.from({ length: count }, (_, r) => put(rows.subarray(r * n, (r + 1) * n)));
          const addresses = put(Uint32Array.from(at));
          const tile = space.allocate(n * lanes * 4, "tile");
          assertWritesOnly(space, [[tile, tile + n * lanes * 4]], what, () =>
            kernels.loadRows(tile, lanes, n, addresses, count),
          );
          const expected = new Float32Array(lanes * n);
          expected.set(rows);
          assert.deepEqual(readTiles(space, tile, 0, lanes, lanes, n), expected, what);
        }
      }
    });

    test(`${id}, ${lanes} lanes: gatherLines copies the listed lines, in their order`, () => {
      const random = makeRandom(9);
      for (const n of SIZES) {
        for (const count of n === 0 ? [0] : [0, 1, 5, n]) {
          space.reset();
          const rows = makeRows(lanes, n, n + 2);
          const tile = space.allocate(n * lanes * 4, "tile");
          writeTiles(space, tile, 0, lanes, rows, n);
          const picked = Uint32Array.from({ length: count }, () => random.below(n));
          const list = put(picked);
          const out = space.allocate(count * lanes * 4, "lines");
          assertWritesOnly(space, [[out, out + count * lanes * 4]], `${count} of ${n}`, () =>
            kernels.gatherLines(out, tile, lanes, list, count),
          );
          const expected = Float32Array.from({ length: lanes * count }, (_, p) => {
            return rows[Math.floor(p / count) * n + picked[p % count]];
          });
          assert.deepEqual(readTiles(space, out, 0, lanes, lanes, count), expected, `${count} of ${n}`);
          const copy = space.allocate(count * lanes * 4, "copy");
          kernels.copyBytes(copy, out, count * lanes * 4);
          assert.deepEqual(readTiles(space, copy, 0, lanes, lanes, count), expected, `copy of ${count} of ${n}`);
        }
      }
    });

    test(`${id}, ${lanes} lanes: storeRows copies the wanted rows to their addresses and no others`, () => {
      const random = makeRandom(8);
      for (const n of [...SIZES, ...BLOCK_SIZES]) {
        for (const count of counts) {
          for (const share of [0, 0.3, 1]) {
            space.reset();
            const rows = makeRows(lanes, n, n + 1);
            const tile = space.allocate(n * lanes * 4, "tile");
            writeTiles(space, tile, 0, lanes, rows, n);
            const unwanted = space.allocate(n * 4, "unwanted");
            const at = Array.from({ length: lanes }, () => space.allocate(n * 4, "row"));
            const isWanted = at.map((_, r) => r < count && random.next() >= share);
            const addresses = put(Uint32Array.from(at, (row, r) => (isWanted[r] ? row : unwanted)));
            const what = `${n} neurons, ${count} rows, wanted ${isWanted.map(Number).join("")}`;
            const written = [unwanted, ...at.filter((_, r) => isWanted[r])].map((row): [number, number] => [
              row,
              row + n * 4,
            ]);
            assertWritesOnly(space, written, what, () => kernels.storeRows(tile, lanes, n, addresses, count, unwanted));
            for (const [r, row] of at.entries()) {
              if (!isWanted[r]) continue;
              const actual = new Float32Array(memory.buffer, row, n).slice();
              assert.deepEqual(actual, rows.slice(r * n, (r + 1) * n), `${what}, lane ${r}`);
            }
          }
        }
      }
    });

    test(`${id}, ${lanes} lanes: loadCsr fills the listed rows, in the listed order`, () => {
      const random = makeRandom(9);
      for (const n of SIZES) {
        for (const count of counts) {
          for (const kind of ["values", "one value"] as const) {
            for (const width of [2, 4]) {
              space.reset();
              const nrows = count + 3;
              const rows = makeRows(nrows, n, n + count);
              if (kind === "one value") rows.forEach((v, p) => (rows[p] = v === 0 ? 0 : 2.5));
              const csr = denseToCsr(rows, nrows, n);
              const isOne = csr.values.length === 1;
              // Some row twice, the rest in any order.
              const list = Uint32Array.from({ length: count }, () => random.below(nrows));
              const tile = space.allocate(n * lanes * 4, "tile");
              const rowList = put(list);
              const rowPtr = put(csr.rowPtr);
              const colIdx = put(width === 2 ? csr.colIdx : Uint32Array.from(csr.colIdx));
              const values = put(csr.values);
              const what = `${n} neurons, rows ${[...list].join(" ")}, ${kind}, ${width}-byte indices`;
              assertWritesOnly(space, [[tile, tile + n * lanes * 4]], what, () =>
                kernels.loadCsr(tile, lanes, n, rowList, count, rowPtr, colIdx, width, values, isOne ? 0 : 4),
              );
              const expected = new Float32Array(lanes * n);
              list.forEach((row, r) => expected.set(copyDenseRows(csr, row, row + 1), r * n));
              assert.deepEqual(readTiles(space, tile, 0, lanes, lanes, n), expected, what);
            }
          }
        }
      }
    });

    test(`${id}, ${lanes} lanes: liveMask marks the rows that are not all zero`, () => {
      const parameters = fc.record({
        n: fc.constantFrom(...SIZES),
        entries: fc.array(
          fc.record({
            row: fc.nat(31),
            neuron: fc.nat(32),
            value: fc.constantFrom(1, -1, 1e-45, -0, 0, Number.NaN, Number.NEGATIVE_INFINITY),
          }),
          { maxLength: 6 },
        ),
      });
      fc.assert(
        fc.property(parameters, ({ n, entries }) => {
          space.reset();
          const rows = new Float32Array(lanes * n);
          for (const { row, neuron, value } of entries) {
            if (row < lanes && neuron < n) rows[row * n + neuron] = value;
          }
          const tile = space.allocate(n * lanes * 4, "tile");
          writeTiles(space, tile, 0, lanes, rows, n);
          let expected = 0;
          for (let r = 0; r < lanes; r++) {
            if (rows.subarray(r * n, (r + 1) * n).some((value) => value !== 0)) expected |= 1 << r;
          }
          let actual = 0;
          assertWritesOnly(space, [], "liveMask", () => {
            actual = kernels.liveMask(tile, lanes, n);
          });
          assert.equal(actual, expected);
        }),
        { seed: 13, numRuns: 300 },
      );
    });
  }
}

for (const id of KERNEL_IDS) {
  const kernels = makeKernels(await compileKernels(id), memory);
  const blocks = [1, 17, 1023, 1024, 1025, 2100];

  for (const lanes of TILE_LANES) {
    test(`${id}, ${lanes} lanes: packLanes takes lanes of several tiles, and zeros`, () => {
      for (const n of blocks) {
        const what = `${n} neurons`;
        space.reset();
        const sources = TILE_LANES.map((width) => {
          const rows = makeRows(width, n, n + width);
          const tile = space.allocate(n * width * 4, "source");
          writeTiles(space, tile, 0, width, rows, n);
          return { width, rows, tile };
        });
        const random = makeRandom(n);
        const list = new Uint32Array(2 * lanes);
        const expected = new Float32Array(lanes * n);
        for (let r = 0; r < lanes; r++) {
          const source = sources[random.below(sources.length + 1)];
          if (source === undefined) continue;
          const lane = random.below(source.width);
          list.set([source.tile + lane * 4, source.width * 4], 2 * r);
          expected.set(source.rows.subarray(lane * n, (lane + 1) * n), r * n);
        }
        const at = put(list);
        const out = space.allocate(n * lanes * 4, "tile");
        assertWritesOnly(space, [[out, out + n * lanes * 4]], what, () => kernels.packLanes(out, lanes, n, at));
        assert.deepEqual(readTiles(space, out, 0, lanes, lanes, n), expected, what);
      }
    });

    test(`${id}, ${lanes} lanes: loadSortedCsr fills what loadCsr fills`, () => {
      for (const n of blocks) {
        for (const count of new Set([0, 1, lanes])) {
          space.reset();
          const csr = denseToCsr(makeRows(lanes + 2, n, n), lanes + 2, n);
          const rowPtr = put(csr.rowPtr);
          const colIdx = put(csr.colIdx);
          const values = put(csr.values);
          const rows = put(Uint32Array.from({ length: 2 * count }, (_, r) => (r < count ? count + 1 - r : 0)));
          const tiles = [1, 2].map((k) => space.allocate(n * lanes * 4, `tile ${k}`));
          const entries = [rowPtr, colIdx, csr.colIdx.BYTES_PER_ELEMENT, values, 4] as const;
          kernels.loadCsr(tiles[0], lanes, n, rows, count, ...entries);
          kernels.loadSortedCsr(tiles[1], lanes, n, rows, count, ...entries);
          const [expected, found] = tiles.map((tile) => readTiles(space, tile, 0, lanes, lanes, n));
          assert.deepEqual(found, expected, `${n} neurons, ${count} rows`);
        }
      }
    });
  }
}
