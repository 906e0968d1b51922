// Plan: a good file of one layer, 4 x 4 with 8 weights, in which each case spoils one thing: the header's length, its
// JSON, a tensor's type, shape or place, the metadata, the contents. Each is refused with a FormatError that names the
// field, when the file is opened where the header alone tells, otherwise when the layer is read. Inputs likewise.

import assert from "node:assert/strict";
import { readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { FormatError, ShapeError } from "../core/errors.ts";
import { edgeCount } from "../network/network.ts";
import { makeTemporaryFolder } from "../testing/temporary-folder.ts";
import { readInputsFile, writeInputsFile } from "./inputs-file.ts";
import { openNetwork, readNetwork } from "./read-network.ts";

interface Tensor {
  dtype: string;
  shape: unknown;
  bytes: Buffer;
  data_offsets?: unknown;
}

interface Draft {
  tensors: Record<string, Tensor>;
  metadata: Record<string, unknown>;
  gossamer: Record<string, unknown> & { layers: Record<string, unknown>[]; rules: Record<string, unknown>[] };
}

function tensor(dtype: string, array: Uint16Array | Uint32Array | Float32Array): Tensor {
  return { dtype, shape: [array.length], bytes: Buffer.from(array.buffer, array.byteOffset, array.byteLength) };
}

function makeDraft(): Draft {
  return {
    tensors: {
      "layers.0.indptr": tensor("U32", Uint32Array.of(0, 2, 4, 6, 8)),
      "layers.0.indices": tensor("U16", Uint16Array.of(0, 1, 1, 2, 2, 3, 0, 3)),
      "layers.0.values": tensor("F32", Float32Array.of(0.5)),
      "layers.0.bias": tensor("F32", Float32Array.of(-0.25)),
    },
    metadata: { format: "gossamer.network/1" },
    gossamer: {
      orientation: "csc",
      rules: [{ activation: { kind: "relu" }, biasRule: "stored" }],
      layers: [{ shape: [4, 4], rule: 0 }],
    },
  };
}

function encode({ tensors, metadata, gossamer }: Draft): Buffer {
  const header: Record<string, unknown> = { __metadata__: { gossamer: JSON.stringify(gossamer), ...metadata } };
  let end = 0;
  for (const [name, { dtype, shape, bytes, data_offsets }] of Object.entries(tensors)) {
    header[name] = { dtype, shape, data_offsets: data_offsets ?? [end, end + bytes.length] };
    end += bytes.length;
  }
  return frame(
    JSON.stringify(header),
    Object.values(tensors).map(({ bytes }) => bytes),
  );
}

function frame(json: string, data: readonly Buffer[], length = BigInt(Buffer.byteLength(json))): Buffer {
  const head = Buffer.alloc(8);
  head.writeBigUInt64LE(length);
  return Buffer.concat([head, Buffer.from(json), ...data]);
}

function spoil(change: (draft: Draft) => void): Buffer {
  const draft = makeDraft();
  change(draft);
  return encode(draft);
}

function u32(...values: number[]): Buffer {
  return Buffer.from(Uint32Array.from(values).buffer);
}

function u16(...values: number[]): Buffer {
  return Buffer.from(Uint16Array.from(values).buffer);
}

function f32(...values: number[]): Buffer {
  return Buffer.from(Float32Array.from(values).buffer);
}

const INDPTR = "layers.0.indptr";
const INDICES = "layers.0.indices";
const VALUES = "layers.0.values";
const BIAS = "layers.0.bias";

/** Refused when the file is opened, from the header alone. */
const BAD_HEADERS: readonly (readonly [name: string, bytes: Buffer, problem: RegExp])[] = [
  ["empty file", Buffer.alloc(0), /size is 0 bytes, expected at least 8/],
  ["five bytes", Buffer.alloc(5), /size is 5 bytes, expected at least 8/],
  [
    "length beyond the file",
    frame("{}", [], 1000n),
    /header length is 1000, expected at most 2 \(the file has 10 bytes\)/,
  ],
  ["length of 2^63", frame("{}", [], 2n ** 63n), /header length is 9223372036854775808, expected at most 2/],
  ["not JSON", frame("{oops}", []), /the header is not JSON/],
  ["not UTF-8", frame("", [Buffer.from([0x7b, 0xff, 0x7d])], 3n), /the header is not JSON/],
  ["a list", frame("[]", []), /the header is \[\], expected a JSON object/],
  ["null", frame("null", []), /the header is null, expected a JSON object/],
  ["metadata not an object", frame('{"__metadata__":[]}', []), /__metadata__ is \[\], expected a JSON object/],
  ["metadata not strings", spoil((d) => (d.metadata["x"] = 1)), /__metadata__\.x is 1, expected a string/],
  ["tensor not an object", frame('{"t":7}', []), /tensor t is 7, expected a JSON object/],
  [
    "dtype unknown",
    spoil((d) => (d.tensors[VALUES].dtype = "F31")),
    /tensor layers\.0\.values: dtype is "F31", expected one of/,
  ],
  [
    "dtype inherited",
    spoil((d) => (d.tensors[VALUES].dtype = "constructor")),
    /dtype is "constructor", expected one of/,
  ],
  [
    "dtype of another kind",
    spoil((d) => (d.tensors[VALUES].dtype = "I32")),
    /tensor layers\.0\.values: dtype is "I32", expected F32/,
  ],
  [
    "shape not a list",
    spoil((d) => (d.tensors[BIAS].shape = 1)),
    /tensor layers\.0\.bias: shape is 1, expected a list/,
  ],
  ["shape negative", spoil((d) => (d.tensors[BIAS].shape = [-1])), /shape is \[-1\], expected a list of whole numbers/],
  [
    "shape huge",
    spoil((d) => (d.tensors[BIAS].shape = [2 ** 40, 2 ** 40])),
    /tensor layers\.0\.bias: shape is \[1099511627776,1099511627776\], expected the 4 bytes/,
  ],
  [
    "shape too large",
    spoil((d) => (d.tensors[BIAS].shape = [2])),
    /tensor layers\.0\.bias: shape is \[2\], expected the 4 bytes that its data_offsets give \(F32, 4 bytes each\)/,
  ],
  [
    "two dimensions",
    spoil((d) => (d.tensors[VALUES].shape = [1, 1])),
    /tensor layers\.0\.values: shape is \[1,1\], expected one dimension/,
  ],
  [
    "offsets missing",
    frame('{"t":{"dtype":"U8","shape":[0]}}', []),
    /tensor t: data_offsets is missing, expected two whole numbers/,
  ],
  [
    "offsets beyond the file",
    spoil((d) => (d.tensors[BIAS].data_offsets = [42, 46])),
    /tensor layers\.0\.bias: data_offsets is \[42,46\], expected a rising range within the 44 bytes/,
  ],
  [
    "offsets falling",
    spoil((d) => (d.tensors[BIAS].data_offsets = [8, 4])),
    /data_offsets is \[8,4\], expected a rising range/,
  ],
  [
    "offsets negative",
    spoil((d) => (d.tensors[BIAS].data_offsets = [-4, 0])),
    /data_offsets is \[-4,0\], expected two whole numbers/,
  ],
  ["overlap", spoil((d) => (d.tensors[BIAS].data_offsets = [18, 22])), /its bytes overlap those of tensor/],
  [
    "another format",
    spoil((d) => (d.metadata["format"] = "pt")),
    /__metadata__\.format is "pt", expected "gossamer\.network\/1"/,
  ],
  ["no format", spoil((d) => (d.metadata = {})), /__metadata__\.format is missing/],
  [
    "inputs for a network",
    spoil((d) => (d.metadata["format"] = "gossamer.inputs/1")),
    /expected "gossamer\.network\/1"/,
  ],
  ["metadata not JSON", spoil((d) => (d.metadata["gossamer"] = "{")), /__metadata__\.gossamer is not JSON/],
  [
    "orientation",
    spoil((d) => (d.gossamer["orientation"] = "coo")),
    /gossamer\.orientation is "coo", expected "csc" or "csr"/,
  ],
  ["no layers", spoil((d) => (d.gossamer.layers = [])), /gossamer\.layers is \[\], expected at least one layer/],
  [
    "shape of a layer",
    spoil((d) => (d.gossamer.layers[0]["shape"] = [4])),
    /gossamer\.layers\[0\]\.shape is \[4\], expected two whole numbers/,
  ],
  ["shape of 2^40", spoil((d) => (d.gossamer.layers[0]["shape"] = [4, 2 ** 40])), /gossamer\.layers\[0\]\.shape is/],
  [
    "rule number",
    spoil((d) => (d.gossamer.layers[0]["rule"] = 1)),
    /gossamer\.layers\[0\]\.rule is 1, expected 0 to 0/,
  ],
  [
    "stored elsewhere",
    spoil((d) => (d.gossamer.layers[0]["bias"] = 9)),
    /gossamer\.layers\[0\]\.bias is 9, expected 0 to 0/,
  ],
  [
    "bias rule",
    spoil((d) => (d.gossamer.rules[0]["biasRule"] = "some")),
    /gossamer\.rules\[0\]\.biasRule is "some", expected stored or all/,
  ],
  [
    "activation",
    spoil((d) => (d.gossamer.rules[0]["activation"] = { kind: "gelu" })),
    /gossamer\.rules\[0\]\.activation\.kind is "gelu"/,
  ],
  [
    "bounds",
    spoil((d) => (d.gossamer.rules[0]["activation"] = { kind: "clipped-relu", low: 2, high: 1 })),
    /activation\.low is 2, expected at most high, 1/,
  ],
  [
    "slope",
    spoil((d) => (d.gossamer.rules[0]["activation"] = { kind: "leaky-relu" })),
    /activation\.slope is missing, expected a number/,
  ],
  [
    "layers that do not fit",
    spoil((d) => d.gossamer.layers.push({ shape: [5, 4], rule: 0, indptr: 0, indices: 0, values: 0, bias: 0 })),
    /gossamer\.layers\[1\]\.shape is \[5,4\], expected 4 inputs/,
  ],
  ["tensor missing", spoil((d) => delete d.tensors[INDICES]), /tensor layers\.0\.indices is missing/],
  ["bias missing", spoil((d) => delete d.tensors[BIAS]), /tensor layers\.0\.bias is missing/],
  [
    "indptr too short",
    spoil((d) => (d.tensors[INDPTR] = { dtype: "U32", shape: [4], bytes: u32(0, 2, 4, 8) })),
    /tensor layers\.0\.indptr: has 4 elements, expected 5/,
  ],
  [
    "values of neither length",
    spoil((d) => (d.tensors[VALUES] = { dtype: "F32", shape: [2], bytes: f32(1, 2) })),
    /tensor layers\.0\.values: has 2 elements, expected 1 or 8/,
  ],
  [
    "bias of neither length",
    spoil((d) => (d.tensors[BIAS] = { dtype: "F32", shape: [3], bytes: f32(1, 2, 3) })),
    /tensor layers\.0\.bias: has 3 elements, expected 1 or 4/,
  ],
];

/** Refused when the layer is read. */
const BAD_CONTENTS: readonly (readonly [name: string, bytes: Buffer, problem: RegExp])[] = [
  [
    "indptr starts late",
    spoil((d) => (d.tensors[INDPTR].bytes = u32(1, 2, 4, 6, 8))),
    /tensor layers\.0\.indptr: starts with 1, expected 0/,
  ],
  [
    "indptr falls",
    spoil((d) => (d.tensors[INDPTR].bytes = u32(0, 6, 4, 6, 8))),
    /tensor layers\.0\.indptr: element 2 is 4 after 6, expected rising/,
  ],
  [
    "indptr ends early",
    spoil((d) => (d.tensors[INDPTR].bytes = u32(0, 2, 4, 6, 7))),
    /tensor layers\.0\.indptr: ends with 7, expected 8/,
  ],
  [
    "indptr ends beyond",
    spoil((d) => (d.tensors[INDPTR].bytes = u32(0, 2, 4, 6, 4e9))),
    /tensor layers\.0\.indptr: ends with 4000000000, expected 8/,
  ],
  [
    "index out of range",
    spoil((d) => (d.tensors[INDICES].bytes = u16(0, 1, 1, 2, 2, 4, 0, 3))),
    /tensor layers\.0\.indices: element 5 is 4, expected below 4/,
  ],
  [
    "indices not rising",
    spoil((d) => (d.tensors[INDICES].bytes = u16(0, 1, 2, 1, 2, 3, 0, 3))),
    /tensor layers\.0\.indices: element 3 is 1 after 2, expected rising/,
  ],
  [
    "index twice",
    spoil((d) => (d.tensors[INDICES].bytes = u16(0, 0, 1, 2, 2, 3, 0, 3))),
    /element 1 is 0 after 0, expected rising/,
  ],
  [
    "value NaN",
    spoil((d) => (d.tensors[VALUES].bytes = f32(Number.NaN))),
    /tensor layers\.0\.values: element 0 is NaN, expected a finite number/,
  ],
  [
    "bias infinite",
    spoil((d) => (d.tensors[BIAS].bytes = f32(Number.POSITIVE_INFINITY))),
    /tensor layers\.0\.bias: element 0 is Infinity, expected a finite/,
  ],
];

test("the unspoilt file is good, also with a gap between its tensors", async () => {
  using folder = makeTemporaryFolder("safetensors");
  const path = join(folder.path, "net.safetensors");
  writeFileSync(path, encode(makeDraft()));
  assert.equal(edgeCount(await readNetwork(path)), 8);
  writeFileSync(path, Buffer.concat([spoil((d) => (d.tensors[BIAS].data_offsets = [48, 52])), f32(0, 0.5)]));
  assert.equal((await readNetwork(path)).layers[0].bias[0], 0.5);
});

async function assertRefused(
  path: string,
  bytes: Buffer,
  problem: RegExp,
  open: () => Promise<unknown>,
  name: string,
): Promise<void> {
  writeFileSync(path, bytes);
  await assert.rejects(open, (error) => {
    assert.ok(error instanceof FormatError, `${name}: ${String(error)}`);
    assert.equal(error.path, path);
    assert.match(error.message, problem, name);
    assert.ok(!error.message.includes("\n") && error.message.length < 400);
    return true;
  });
}

test("each hostile header is refused when the file is opened", async () => {
  using folder = makeTemporaryFolder("safetensors");
  const path = join(folder.path, "net.safetensors");
  for (const [name, bytes, problem] of BAD_HEADERS) {
    await assertRefused(path, bytes, problem, () => openNetwork(path), name);
    await assertRefused(path, bytes, problem, () => readNetwork(path), name);
  }
  await assert.rejects(
    () => readNetwork(join(folder.path, "none.safetensors")),
    /none\.safetensors: no such file or folder/,
  );
});

test("a header beyond the format's limit is refused even where the file is as long", async () => {
  using folder = makeTemporaryFolder("safetensors");
  const path = join(folder.path, "net.safetensors");
  writeFileSync(path, frame("{}", [], 150_000_000n));
  truncateSync(path, 200_000_000);
  await assert.rejects(
    () => openNetwork(path),
    /header length is 150000000, expected at most 100000000 \(the format's limit\)/,
  );
});

test("each hostile content is refused when the layer is read", async () => {
  using folder = makeTemporaryFolder("safetensors");
  const path = join(folder.path, "net.safetensors");
  for (const [name, bytes, problem] of BAD_CONTENTS) {
    await assertRefused(path, bytes, problem, () => readNetwork(path), name);
    await using source = await openNetwork(path);
    await assert.rejects(() => source.readLayer(0), problem, name);
  }
});

test("inputs: hostile files are refused with the field", async () => {
  using folder = makeTemporaryFolder("safetensors");
  const path = join(folder.path, "x.safetensors");
  const good: Parameters<typeof writeInputsFile>[1] = {
    format: "csr",
    nrows: 2,
    ncols: 3,
    rowPtr: Uint32Array.of(0, 1, 2),
    colIdx: Uint16Array.of(2, 0),
    values: Float32Array.of(1),
  };
  await writeInputsFile(path, good);
  const bytes = readFileSync(path);
  const replace = (from: string, to: string): Buffer =>
    Buffer.from(bytes.toString("latin1").replace(from, to), "latin1");
  const cases: readonly (readonly [Buffer, RegExp])[] = [
    [
      replace("gossamer.inputs/1", "gossamer.inputs/9"),
      /__metadata__\.format is "gossamer\.inputs\/9", expected "gossamer\.inputs\/1"/,
    ],
    [
      replace('shape\\":[2,3]', 'shape\\":[2,9]').fill(9, bytes.length - 4, bytes.length - 2),
      /tensor inputs\.indices: element 0 is 2313, expected below 9/,
    ],
    [replace('shape\\":[2,3]', 'shape\\":[9,3]'), /tensor inputs\.indptr: has 3 elements, expected 10/],
    [replace('\\"csr\\"', '\\"csc\\"'), /gossamer\.orientation is "csc", expected "csr"/],
    [bytes.subarray(0, bytes.length - 1), /data_offsets/],
    [bytes.subarray(0, 100), /header length is 4096, expected at most 92/],
  ];
  for (const [spoilt, problem] of cases)
    await assertRefused(path, spoilt, problem, () => readInputsFile(path), String(problem));
  await assert.rejects(() => writeInputsFile(path, { ...good, colIdx: Uint16Array.of(3, 0) }), ShapeError);
});
