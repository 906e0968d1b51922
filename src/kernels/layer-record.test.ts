// Plan: the descriptor's fields against the offsets that the AssemblyScript side reads, and their contents for each
// weight format, bias shape and activation; which format the placement picks, on both sides of each boundary; that a
// failing allocation is passed on; and that the compiled modules own no byte of the memory.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { ResourceError } from "../core/errors.ts";
import { makeKernelMemory } from "../testing/kernel-memory.ts";
import { ACTIVATIONS, makeLayer } from "../testing/layer-cases.ts";
import type { CscMatrix } from "../sparse/matrix.ts";
import { FIELD, LAYER_RECORD_BYTES, placeLayer, SECOND_PASS, WEIGHT_FORMATS } from "./layer-record.ts";
import { WASM_BASE64 as RELAXED } from "./wasm/generated/relaxed.ts";
import { WASM_BASE64 as SIMD } from "./wasm/generated/simd.ts";

const space = makeKernelMemory();

/** Exported constants of wasm/assembly/layer.ts by name. */
function assemblyConstants(): Map<string, number> {
  // From src/kernels and from dist/kernels alike.
  const file = new URL("../../src/kernels/wasm/assembly/layer.ts", import.meta.url);
  const found = readFileSync(file, "utf8").matchAll(/^export const (\w+): (?:usize|i32) = (\d+);$/gm);
  return new Map(Array.from(found, ([, name, value]) => [name, Number(value)]));
}

/** "idxBytes" -> "IDX_BYTES", "leaky-relu" -> "LEAKY". */
const constantName = (field: string): string => field.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();

test("every field of the descriptor is where the kernels read it", () => {
  const constants = assemblyConstants();
  const layout = new Map([...constants].filter(([name]) => !/^(WEIGHTS_|SECOND_PASS_|LAYER_BYTES)/.test(name)));
  for (const [field, number] of Object.entries(FIELD)) {
    assert.equal(layout.get(constantName(field)), number * 4, field);
    layout.delete(constantName(field));
  }
  assert.deepEqual([...layout.keys()], [], "fields that only the kernels know");
  assert.equal(constants.get("LAYER_BYTES"), LAYER_RECORD_BYTES);
  assert.equal(Object.keys(FIELD).length * 4, LAYER_RECORD_BYTES);
});

test("weight formats and second passes have the kernels' numbers", () => {
  const constants = assemblyConstants();
  WEIGHT_FORMATS.forEach((format, k) => assert.equal(constants.get(`WEIGHTS_${format.toUpperCase()}`), k));
  for (const [kind, number] of Object.entries(SECOND_PASS)) {
    const name = kind === "leaky-relu" ? "LEAKY" : kind.toUpperCase();
    assert.equal(constants.get(`SECOND_PASS_${name}`), number, kind);
  }
});

/** One column that reads `values.length` inputs. */
function makeColumn(values: Float32Array, nnz = values.length): CscMatrix {
  const rowIdx = Uint16Array.from({ length: nnz }, (_, k) => k);
  return { format: "csc", nrows: nnz, ncols: 1, colPtr: Uint32Array.of(0, nnz), rowIdx, values };
}

test("the descriptor points to the layer's arrays", () => {
  for (const activation of ACTIVATIONS) {
    space.reset();
    const values = Float32Array.from({ length: 12 }, (_, k) => (k % 3) + 0.5);
    const weights: CscMatrix = {
      format: "csc",
      nrows: 6,
      ncols: 3,
      colPtr: Uint32Array.of(0, 5, 6, 12),
      rowIdx: Uint32Array.of(0, 1, 2, 3, 5, 4, 0, 1, 2, 3, 4, 5),
      values,
    };
    const bias = Float32Array.of(1, -2, 3);
    const layer = makeLayer(weights, bias, activation, "all");
    const placed = placeLayer(layer, space.memory, space.allocate, "layer");
    const { buffer } = space.memory;
    const fields = new Uint32Array(buffer, placed.address, LAYER_RECORD_BYTES / 4);
    const floats = new Float32Array(buffer, placed.address, LAYER_RECORD_BYTES / 4);
    assert.deepEqual([fields[FIELD.nrows], fields[FIELD.ncols], fields[FIELD.idxBytes]], [6, 3, 4]);
    assert.deepEqual(new Uint32Array(buffer, fields[FIELD.colPtr], 4).slice(), weights.colPtr);
    assert.deepEqual(new Uint32Array(buffer, fields[FIELD.rowIdx], 12).slice(), weights.rowIdx);
    assert.equal(fields[FIELD.weights], WEIGHT_FORMATS.indexOf("codebook"));
    const codes = new Uint8Array(buffer, fields[FIELD.values], 12);
    const codebook = new Float32Array(buffer, fields[FIELD.codebook], 256);
    assert.deepEqual(
      Float32Array.from(codes, (code) => codebook[code]),
      values,
    );
    assert.deepEqual(new Float32Array(buffer, fields[FIELD.bias], 3).slice(), bias);
    assert.deepEqual([fields[FIELD.biasStep], fields[FIELD.biasEverywhere]], [4, 0xffff_ffff]);
    assert.deepEqual(
      [fields[FIELD.colStart], fields[FIELD.columnOrder], fields[FIELD.columnRuns]],
      [fields[FIELD.colPtr], 0, 0],
    );
    const [low, high] = [floats[FIELD.low], floats[FIELD.high]];
    if (activation.kind === "clipped-relu") assert.deepEqual([low, high], [activation.low, activation.high]);
    else assert.deepEqual([low, high], [activation.kind === "relu" ? 0 : -Infinity, Infinity]);
    const isOnePass = ["clipped-relu", "relu", "identity"].includes(activation.kind);
    assert.equal(placed.secondPass, fields[FIELD.secondPass]);
    assert.equal(placed.secondPass === SECOND_PASS.none, isOnePass);
    assert.equal(floats[FIELD.slope], activation.kind === "leaky-relu" ? Math.fround(activation.slope) : 0);
    const bytes = weights.colPtr.byteLength + weights.rowIdx.byteLength + 12 + 1024 + bias.byteLength;
    assert.deepEqual(
      { ...placed, address: 0, secondPass: 0 },
      {
        address: 0,
        nrows: 6,
        ncols: 3,
        nnz: 12,
        weightFormat: "codebook",
        secondPass: 0,
        bytes,
      },
    );
  }
});

test("an order of the columns comes with where they begin and with the runs that share entries", () => {
  space.reset();
  const weights: CscMatrix = {
    format: "csc",
    nrows: 4,
    ncols: 4,
    colPtr: Uint32Array.of(0, 2, 3, 5, 6),
    rowIdx: Uint16Array.of(0, 3, 1, 0, 3, 1),
    values: Float32Array.of(0.5),
  };
  const layer = makeLayer(weights, Float32Array.of(0), { kind: "relu" }, "stored");
  const order = Uint32Array.of(2, 0, 1, 3);
  const placed = placeLayer(layer, space.memory, space.allocate, "layer", order);
  const fields = new Uint32Array(space.memory.buffer, placed.address, LAYER_RECORD_BYTES / 4);
  const words = (address: number, count: number): number[] => [...new Uint32Array(space.memory.buffer, address, count)];
  assert.deepEqual(words(fields[FIELD.colPtr], 5), [0, 2, 3, 5, 6]);
  assert.deepEqual([...new Uint16Array(space.memory.buffer, fields[FIELD.rowIdx], 3)], [0, 3, 1]);
  assert.deepEqual(words(fields[FIELD.colStart], 4), [0, 2, 0, 2]);
  assert.deepEqual(words(fields[FIELD.columnOrder], 4), [2, 0, 1, 3]);
  assert.deepEqual(words(fields[FIELD.columnRuns], 6), [0, 2, 2, 2, 3, 4]);
  assert.equal(placed.nnz, 6);
  assert.equal(placed.bytes, 4 * 5 + 2 * 3 + 4 * 4 + 4 * 4 + 4 * 6 + 4);
});

test("one bias has step 0; the bias rule `stored` clears the mask", () => {
  space.reset();
  const layer = makeLayer(makeColumn(Float32Array.of(2)), Float32Array.of(-0.5), { kind: "relu" }, "stored");
  const { address } = placeLayer(layer, space.memory, space.allocate, "layer");
  const fields = new Uint32Array(space.memory.buffer, address, LAYER_RECORD_BYTES / 4);
  assert.deepEqual([fields[FIELD.biasStep], fields[FIELD.biasEverywhere], fields[FIELD.idxBytes]], [0, 0, 2]);
});

const distinct = (nnz: number, codes: number): Float32Array => Float32Array.from({ length: nnz }, (_, p) => p % codes);
const FORMATS = [
  { what: "no entries", weights: makeColumn(new Float32Array(0)), format: "uniform" },
  { what: "no entries, one value", weights: makeColumn(Float32Array.of(3), 0), format: "uniform" },
  { what: "one entry", weights: makeColumn(Float32Array.of(3)), format: "uniform" },
  { what: "one value for five entries", weights: makeColumn(Float32Array.of(3), 5), format: "uniform" },
  { what: "five equal values", weights: makeColumn(new Float32Array(5).fill(3)), format: "uniform" },
  { what: "2 values in 7 entries", weights: makeColumn(distinct(7, 2)), format: "general" },
  { what: "2 values in 8 entries", weights: makeColumn(distinct(8, 2)), format: "codebook" },
  { what: "256 values", weights: makeColumn(distinct(1024, 256)), format: "codebook" },
  { what: "257 values", weights: makeColumn(distinct(1028, 257)), format: "general" },
] as const;

for (const { what, weights, format } of FORMATS) {
  test(`${what}: stored as ${format}`, () => {
    space.reset();
    const layer = makeLayer(weights, Float32Array.of(0), { kind: "identity" }, "all");
    assert.equal(placeLayer(layer, space.memory, space.allocate, "layer").weightFormat, format);
  });
}

test("a part is stored as the whole layer would be, even where its own weights are equal", () => {
  const weights = makeColumn(new Float32Array(5).fill(3));
  const layer = makeLayer(weights, Float32Array.of(0), { kind: "identity" }, "all");
  const formatOf = (isUniform: boolean): string => {
    space.reset();
    return placeLayer(layer, space.memory, space.allocate, "layer", null, isUniform).weightFormat;
  };
  assert.deepEqual([formatOf(true), formatOf(false)], ["uniform", "codebook"]);
});

test("a failing allocation is passed on, whichever it is, with the name of what did not fit", () => {
  const layer = makeLayer(makeColumn(distinct(8, 2)), Float32Array.of(0), { kind: "relu" }, "all");
  const names: string[] = [];
  space.reset();
  placeLayer(layer, space.memory, (bytes, what) => (names.push(what), space.allocate(bytes, what)), "layer 7");
  assert.equal(names.length, 6);
  for (let k = 0; k < names.length; k++) {
    assert.ok(names[k].endsWith("of layer 7"), names[k]);
    let calls = 0;
    const failing = (bytes: number, what: string): number => {
      if (calls++ === k) throw new ResourceError(`no room for ${what}`);
      return space.allocate(bytes, what);
    };
    space.reset();
    assert.throws(
      () => placeLayer(layer, space.memory, failing, "layer 7"),
      new ResourceError(`no room for ${names[k]}`),
    );
  }
});

const SECTION = { start: 8, data: 11, dataCount: 12 };

/** Ids of the sections of a WebAssembly binary. Source: WebAssembly core specification, 5.5.2. */
function sectionsOf(bytes: Uint8Array): number[] {
  const ids: number[] = [];
  let at = 8;
  while (at < bytes.length) {
    ids.push(bytes[at++]);
    let size = 0;
    let shift = 0;
    let byte: number;
    do {
      byte = bytes[at++];
      size |= (byte & 0x7f) << shift;
      shift += 7;
    } while (byte >= 0x80);
    at += size;
  }
  return ids;
}

test("the compiled modules have no data and nothing that runs at the start", () => {
  for (const base64 of [SIMD, RELAXED]) {
    const ids = sectionsOf(Buffer.from(base64, "base64"));
    assert.ok(ids.includes(10), "a code section is there");
    for (const [name, id] of Object.entries(SECTION)) assert.ok(!ids.includes(id), `section ${name}`);
  }
});
