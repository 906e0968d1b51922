// A memory for kernel tests: a bump allocator on one shared WebAssembly.Memory, tiles written and read by plain loops
// (no kernel involved), and a guard that sees every byte that a kernel writes where it must not.

import assert from "node:assert/strict";
import type { Allocate, PlacedLayer } from "../kernels/layer-record.ts";
import { LIST_ENTRIES, SECOND_PASS } from "../kernels/layer-record.ts";
import type { Kernels } from "../kernels/kernels.ts";

const PAGE_BYTES = 65_536;
/** Bytes left between two allocations, so that a write past an end hits none of them. */
const GAP_BYTES = 64;
const FILLER = 0xa5;

export interface KernelMemory {
  readonly memory: WebAssembly.Memory;
  readonly allocate: Allocate;
  /** Forgets all allocations; the next one starts at `origin` again. */
  reset(): void;
  /** First byte after the last allocation. */
  used(): number;
  readonly origin: number;
}

/** `origin`: where allocations begin; a high one tests addresses beyond 2 GiB. */
export function makeKernelMemory(origin = 1024, bytes = 4 << 20): KernelMemory {
  const memory = new WebAssembly.Memory({
    initial: Math.ceil((origin + bytes) / PAGE_BYTES),
    maximum: 65_536,
    shared: true,
  });
  let next = origin;
  return {
    memory,
    origin,
    allocate: (size) => {
      const address = next + GAP_BYTES;
      next = address + Math.ceil(size / 64) * 64;
      assert.ok(next + GAP_BYTES <= origin + bytes, "test memory is too small");
      new Uint8Array(memory.buffer, address, next - address).fill(FILLER);
      return address;
    },
    reset: () => {
      next = origin;
    },
    used: () => next,
  };
}

/** Runs `write` and fails when it changed a byte outside the ranges [first, end). */
export function assertWritesOnly(
  space: KernelMemory,
  ranges: readonly (readonly [number, number])[],
  what: string,
  write: () => void,
): void {
  const view = Buffer.from(space.memory.buffer, space.origin, space.used() + GAP_BYTES - space.origin);
  const expected = Buffer.from(view);
  write();
  for (const [first, end] of ranges)
    view.copy(expected, first - space.origin, first - space.origin, end - space.origin);
  if (view.equals(expected)) return;
  const at = view.findIndex((byte, p) => byte !== expected[p]);
  assert.fail(`${what}: wrote at byte ${at + space.origin}, expected only ${ranges.join("; ")}`);
}

/** Writes rows (nrows x ncols, row-major) into consecutive tiles; lanes without a row get `rest`. */
export function writeTiles(
  space: KernelMemory,
  address: number,
  step: number,
  lanes: number,
  rows: ArrayLike<number>,
  ncols: number,
  rest = 0,
): void {
  const nrows = ncols === 0 ? 0 : rows.length / ncols;
  for (let t = 0; t * lanes < nrows; t++) {
    const tile = new Float32Array(space.memory.buffer, address + t * step, ncols * lanes);
    for (let k = 0; k < ncols; k++) {
      for (let r = 0; r < lanes; r++) {
        const row = t * lanes + r;
        tile[k * lanes + r] = row < nrows ? rows[row * ncols + k] : rest;
      }
    }
  }
}

/** The inverse: nrows x ncols, row-major. */
export function readTiles(
  space: KernelMemory,
  address: number,
  step: number,
  lanes: number,
  nrows: number,
  ncols: number,
): Float32Array {
  const rows = new Float32Array(nrows * ncols);
  for (let row = 0; row < nrows; row++) {
    const tile = new Float32Array(space.memory.buffer, address + Math.floor(row / lanes) * step, ncols * lanes);
    for (let k = 0; k < ncols; k++) rows[row * ncols + k] = tile[k * lanes + (row % lanes)];
  }
  return rows;
}

export interface LayerRun {
  readonly space: KernelMemory;
  readonly kernels: Kernels;
  readonly layer: PlacedLayer;
  readonly lanes: number;
  readonly what: string;
  /** For wide tiles of a listed layer: the columns in its order, of which pieces are places. */
  readonly order?: Uint32Array | null;
  /** Whether lines of zeros may be passed over; true where nothing is said. */
  readonly passZeros?: boolean;
}

/**
 * The whole of one layer on `nrows` rows: tiles with gaps between them, spmm in pieces of columns that end at `ends`
 * (all at once by default), then the second pass. Every call is guarded. Shapes: `rows`: nrows x layer.nrows, row-major.
 */
export function runLayer(
  run: LayerRun,
  rows: ArrayLike<number>,
  nrows: number,
  ends?: readonly number[],
): Float32Array {
  const { space, kernels, layer, lanes, what, order = null, passZeros = true } = run;
  const tiles = Math.ceil(nrows / lanes);
  const inputStep = layer.nrows * lanes * 4 + 16;
  const outStep = layer.ncols * lanes * 4 + 32;
  const input = space.allocate(tiles * inputStep, "input");
  const out = space.allocate(tiles * outStep, "output");
  const list = space.allocate(LIST_ENTRIES * 4, "list");
  writeTiles(space, input, inputStep, lanes, rows, layer.nrows);
  const tileAt = (t: number): number => out + t * outStep;
  const range = (t: number, first: number, end: number): [number, number] => [
    tileAt(t) + first * lanes * 4,
    tileAt(t) + end * lanes * 4,
  ];
  const piece = (t: number, first: number, end: number): [number, number][] =>
    order === null ? [range(t, first, end)] : Array.from(order.subarray(first, end), (j) => range(t, j, j + 1));
  const all = Array.from({ length: tiles }, (_, t) => t);
  let first = 0;
  for (const end of ends ?? [layer.ncols]) {
    const begin = first;
    const written = all.flatMap((t) => piece(t, begin, end));
    assertWritesOnly(space, [...written, [list, list + LIST_ENTRIES * 4]], `${what} spmm`, () =>
      all.forEach((t) =>
        kernels.spmm(layer.address, lanes, tileAt(t), input + t * inputStep, begin, end, list, passZeros),
      ),
    );
    if (isElementwise(layer.secondPass)) {
      assertWritesOnly(space, written, `${what} activate`, () =>
        all.forEach((t) => kernels.activate(layer.address, lanes, tileAt(t), begin, end)),
      );
    }
    first = end;
  }
  if (layer.secondPass === SECOND_PASS.softmax) {
    const written = all.map((t) => range(t, 0, layer.ncols));
    assertWritesOnly(space, written, `${what} softmax`, () =>
      all.forEach((t) => kernels.softmax(layer.address, lanes, tileAt(t))),
    );
  }
  return readTiles(space, out, outStep, lanes, nrows, layer.ncols);
}

function isElementwise(secondPass: number): boolean {
  return secondPass !== SECOND_PASS.none && secondPass !== SECOND_PASS.softmax;
}
