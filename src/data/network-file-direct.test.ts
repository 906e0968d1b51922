// Plan: layers of a file read into views of a shared WebAssembly memory, several at once, hold what readLayer gives, and
// nothing beside the views is written; arrays left out; the places in the outline, read by plain file reads; what each
// check finds and lets pass in damaged files; arrays of the wrong length; files that cannot be read so.

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { FormatError, ShapeError } from "../core/errors.ts";
import { makeTemporaryFolder } from "../testing/temporary-folder.ts";
import type { LayerArrays, LayerOutline } from "./direct-layers.ts";
import { radixNetLayers } from "./generate/radix-net.ts";
import { randomLayers } from "./generate/random-layers.ts";
import { openNetworkFile } from "./network-file.ts";
import type { NetworkSource } from "./network-source.ts";
import { openNetwork } from "./read-network.ts";
import { writeChallengeFolder } from "./write-network.ts";
import { writeNetworkFile } from "./write-network-file.ts";

const GUARD = 0xa5;
const RANDOM = { inputs: 40, neurons: 30, columnLengths: "uniform", biasRule: "all", seed: 3 } as const;

function makeNetworkLayers(name: "radixnet" | "few" | "wide"): Parameters<typeof writeNetworkFile>[1] {
  if (name === "radixnet") return radixNetLayers({ neurons: 64, layers: 5, seed: 1, permute: true });
  const inputs = name === "wide" ? 70_000 : RANDOM.inputs;
  const activation = { kind: "relu" } as const;
  return randomLayers({ ...RANDOM, inputs, layers: 5, nnzPerColumn: 7, weights: "few", activation });
}

type LaidOut = { readonly [name in keyof Required<LayerArrays>]: NonNullable<LayerArrays[name]> } & {
  readonly end: number;
};

/** Views of `memory` from byte `begin` on, with a gap of guard bytes between arrays. */
function layOut(memory: ArrayBufferLike, begin: number, outline: LayerOutline): LaidOut {
  const { ncols, nnz, indexBytes, valueCount, biasCount } = outline;
  let end = begin;
  const place = (bytes: number): number => {
    const at = end;
    end = at + 4 * Math.ceil(bytes / 4) + 8;
    return at;
  };
  const arrays = {
    colPtr: new Uint32Array(memory, place(4 * (ncols + 1)), ncols + 1),
    rowIdx:
      indexBytes === 2 ? new Uint16Array(memory, place(2 * nnz), nnz) : new Uint32Array(memory, place(4 * nnz), nnz),
    values: new Float32Array(memory, place(4 * valueCount), valueCount),
    bias: new Float32Array(memory, place(4 * biasCount), biasCount),
  };
  return { ...arrays, end };
}

function directOf(source: NetworkSource): NonNullable<NetworkSource["direct"]> {
  assert.ok(source.direct !== null);
  return source.direct;
}

for (const name of ["radixnet", "few", "wide"] as const) {
  test(`layers go straight into shared WebAssembly memory: ${name}`, async () => {
    using folder = makeTemporaryFolder("direct");
    const path = join(folder.path, "x.safetensors");
    await writeNetworkFile(path, makeNetworkLayers(name), 5);
    await using source = await openNetworkFile(path);
    const direct = directOf(source);
    const memory = new WebAssembly.Memory({ initial: 16, maximum: 16, shared: true })
      .buffer as unknown as SharedArrayBuffer;
    const bytes = new Uint8Array(memory).fill(GUARD);
    let end = 64;
    const laid = Array.from({ length: 5 }, (_, l) => {
      const arrays = layOut(memory, end, direct.outline(l));
      end = arrays.end;
      return arrays;
    });
    await Promise.all(laid.map((arrays, l) => direct.readInto(l, arrays)));
    const isWritten = new Uint8Array(bytes.length);
    for (const [l, arrays] of laid.entries()) {
      const { weights, bias, rule } = await source.readLayer(l);
      const { nrows, ncols, rule: outlined } = direct.outline(l);
      assert.deepEqual([nrows, ncols, outlined], [weights.nrows, weights.ncols, rule]);
      for (const [found, expected] of [
        [arrays.colPtr, weights.colPtr],
        [arrays.rowIdx, weights.rowIdx],
        [arrays.values, weights.values],
        [arrays.bias, bias],
      ] as const) {
        assert.deepEqual([...found], [...expected], `layer ${l}`);
        isWritten.fill(1, found.byteOffset, found.byteOffset + found.byteLength);
      }
    }
    assert.ok(bytes.every((byte, at) => isWritten[at] === 1 || byte === GUARD));
  });
}

test("arrays that are left out are not read, and places hold the bytes", async () => {
  using folder = makeTemporaryFolder("direct");
  const path = join(folder.path, "x.safetensors");
  await writeNetworkFile(path, makeNetworkLayers("radixnet"), 5);
  const file = readFileSync(path);
  await using source = await openNetworkFile(path);
  const direct = directOf(source);
  const outline = direct.outline(3);
  const rowIdx = new Uint16Array(outline.nnz);
  await direct.readInto(3, { rowIdx });
  const { places } = outline;
  assert.ok(places !== null && places.path === path);
  const { offset, bytes } = places.rowIdx;
  assert.deepEqual(new Uint8Array(rowIdx.buffer), new Uint8Array(file.subarray(offset, offset + bytes)));
  assert.deepEqual(direct.outline(1).places?.colPtr, places.colPtr, "equal pointers are stored once");
  assert.notEqual(direct.outline(1).places?.rowIdx.offset, offset);
});

test("what the checks find, and what they let pass", async () => {
  using folder = makeTemporaryFolder("direct");
  const path = join(folder.path, "x.safetensors");
  await writeNetworkFile(path, makeNetworkLayers("few"), 5);
  const whole = readFileSync(path);
  await using good = await openNetworkFile(path);
  const outline = directOf(good).outline(2);
  const { places } = outline;
  assert.ok(places !== null);
  const table: [what: string, offset: number, bytes: number[], all: RegExp, bounds: RegExp | null][] = [
    ["pointer", places.colPtr.offset + 4, [255, 255, 0, 0], /indptr: element 2 is/, /indptr: element 2 is/],
    [
      "index",
      places.rowIdx.offset + 6,
      [30, 0],
      /indices: element 3 is 30/,
      /indices: element 3 is 30, expected below 30/,
    ],
    ["order", places.rowIdx.offset, [whole[places.rowIdx.offset + 2] ?? 0, 0], /indices: element 1 is .* after/, null],
    ["value", places.values.offset, [0, 0, 192, 127], /values: element 0 is NaN/, null],
    ["bias", places.bias.offset, [0, 0, 128, 127], /bias: element 0 is Infinity/, null],
  ];
  for (const [what, offset, bytes, all, bounds] of table) {
    const copy = Buffer.from(whole);
    copy.set(bytes, offset);
    writeFileSync(path, copy);
    await using source = await openNetworkFile(path);
    const arrays = layOut(new SharedArrayBuffer(1 << 16), 0, outline);
    const read = (check?: "all" | "bounds" | "none"): Promise<void> => directOf(source).readInto(2, arrays, check);
    await assert.rejects(read(), (error) => error instanceof FormatError && all.test(error.message), what);
    if (bounds === null) await read("bounds");
    else await assert.rejects(read("bounds"), (error) => error instanceof FormatError && bounds.test(error.message));
    await read("none");
  }
});

test("arrays of another length, layers that are not there, sources without", async () => {
  using folder = makeTemporaryFolder("direct");
  const path = join(folder.path, "x.safetensors");
  await writeNetworkFile(path, makeNetworkLayers("radixnet"), 5);
  await using source = await openNetworkFile(path, { layers: 4 });
  const direct = directOf(source);
  const { nnz } = direct.outline(0);
  await assert.rejects(direct.readInto(0, { rowIdx: new Uint16Array(nnz - 1) }), ShapeError);
  await assert.rejects(
    direct.readInto(0, { rowIdx: new Uint32Array(nnz) }),
    /rowIdx has 4 bytes an element, expected 2/,
  );
  await assert.rejects(direct.readInto(0, { bias: new Float32Array(0) }), /bias has 0 elements, expected 1/);
  for (const l of [-1, 4, 0.5]) {
    assert.throws(() => direct.outline(l), RangeError);
    await assert.rejects(direct.readInto(l, {}), RangeError);
  }
  const layers = join(folder.path, "layers");
  await writeChallengeFolder(layers, makeNetworkLayers("radixnet"), 5, { ending: "bin" });
  await using text = await openNetwork(layers, { bias: -0.3 });
  assert.equal(text.direct, null);
});
