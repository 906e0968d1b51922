// Plan: layers streamed from a file, and from a network that is made, through a ring as small as the largest layer and
// larger ones: the bits of an engine that holds all layers, for every case of the oracle, every strategy and rows mode,
// inputs in blocks of a few rows, held or from a file, pools too small for all. Runs one after the other. Then faults: a file cut short, and
// bad indices, pointers, weights and biases, in a layer that is read while others are computed; bad rows; a worker that fails; a
// signal; closing during a run: an error soon, no thread left, the file closed. What cannot be streamed is refused.

import assert from "node:assert/strict";
import { copyFileSync, openSync, closeSync, truncateSync, writeSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { FormatError, InterruptedError, ResourceError, UsageError, WorkerError } from "../../core/errors.ts";
import { sourceOfMatrix } from "../../data/input-source.ts";
import { openInputsFile, writeInputsFile } from "../../data/inputs-file.ts";
import { openNetworkFile } from "../../data/network-file.ts";
import { openGeneratedNetwork } from "../../data/generated-network.ts";
import { readNetwork } from "../../data/read-network.ts";
import { randomInputs } from "../../data/generate/random-inputs.ts";
import { openSafetensors } from "../../data/safetensors-file.ts";
import { writeNetworkFile } from "../../data/write-network-file.ts";
import type { Network } from "../../network/network.ts";
import { makeChallengeCase, makeEngineCases, makeVariedCase, takeInputs } from "../../testing/engine-cases.ts";
import { assertNoThreads, failureOf } from "../../testing/failures.ts";
import { makeTemporaryFolder } from "../../testing/temporary-folder.ts";
import { openEngine } from "../engine.ts";
import { type EngineOptions, ROW_MODES, STRATEGIES } from "../options.ts";
import type { InferenceResult } from "../result.ts";
import { openStreamingEngine, type StreamingOptions } from "./open-streaming-engine.ts";
import type { StreamedNetwork } from "./sources.ts";

const MIB = 1024 * 1024;
const folder = makeTemporaryFolder("streaming");
after(() => folder[Symbol.dispose]());

const BASE: EngineOptions = { kernel: "wasm-simd", warmUp: false, keepActivations: true };
/** The first layer is placed; the ring holds one layer of 64 neurons, or somewhat more. */
const TINY = { headLayers: 1, ringBytes: 5120, inputBytes: 4096 };

interface Streamable extends StreamedNetwork, AsyncDisposable {}

async function openStreamed(path: string): Promise<Streamable> {
  const source = await openNetworkFile(path, { shared: false });
  assert.ok(source.direct !== null);
  return { ...source, direct: source.direct };
}

async function save(network: Network, name: string): Promise<string> {
  const path = join(folder.path, `${name}.safetensors`);
  await writeNetworkFile(path, network.layers, network.layers.length, { outputMap: () => network.outputMap });
  return path;
}

function assertSame(actual: InferenceResult, expected: InferenceResult, what: string): void {
  assert.deepEqual(actual.categories, expected.categories, what);
  if (!actual.figures.settings.keepActivations) return;
  for (let row = 0; row < expected.nrows; row++) {
    assert.deepEqual(actual.activations(row), expected.activations(row), `${what}: row ${row}`);
  }
}

test("every case of the oracle, streamed: the bits of an engine that holds all layers", async () => {
  for (const [k, given] of makeEngineCases().entries()) {
    const path = await save(given.network, `case-${k}`);
    const strategy = STRATEGIES[k % STRATEGIES.length];
    const rows = ROW_MODES[k % ROW_MODES.length];
    const options = { ...BASE, strategy, rows, workers: 1 + (k % 3) };
    await using whole = await openEngine(given.network, options);
    const expected = await whole.infer(given.inputs);
    await using source = await openStreamed(path);
    const inputsPath = join(folder.path, `rows-${k}.safetensors`);
    await writeInputsFile(inputsPath, given.inputs);
    await using file = await openInputsFile(inputsPath, false);
    for (const sizes of [
      { pieceEntries: 150 },
      { headLayers: 1, ringBytes: 16_384, inputBytes: 600, pieceEntries: 40 },
    ]) {
      await using engine = await openStreamingEngine(source, { ...options, sizes });
      for (const inputs of [sourceOfMatrix("rows", given.inputs), file]) {
        const { result, stream } = await engine.infer(inputs);
        assertSame(result, expected, `${given.name}, ${strategy}, ${rows}, ${inputs.path}`);
        if ("inputBytes" in sizes) assert.ok(stream.inputBlocks > 3, `${stream.inputBlocks} blocks`);
      }
    }
  }
});

const LAYERS = 60;
const CASE = makeChallengeCase(LAYERS);
const VARIED = makeVariedCase();
const INPUTS = takeInputs(CASE, 300);
const PATH = await save(CASE.network, "challenge");
const MADE = "radixnet:256x40:seed=2";

test("every strategy and rows mode, tiny and large rings, rows in blocks", async () => {
  await using whole = await openEngine(CASE.network, { ...BASE, workers: 1, rows: "all" });
  const expected = await whole.infer(INPUTS);
  assert.ok(expected.categories.length > 0 && expected.categories.length < INPUTS.nrows);
  await using source = await openStreamed(PATH);
  for (const [s, strategy] of STRATEGIES.entries()) {
    for (const [r, rows] of ROW_MODES.entries()) {
      const sizes = (s + r) % 2 === 0 ? TINY : { headLayers: 3, ringBytes: 64 * 1024 };
      const options = { ...BASE, strategy, rows, workers: 1 + ((s + r) % 3), sizes };
      await using engine = await openStreamingEngine(source, options);
      for (let again = 0; again < 2; again++) {
        const { result, stream } = await engine.infer(sourceOfMatrix("rows", INPUTS));
        assertSame(result, expected, `${strategy}, ${rows}, run ${again}`);
        // 60 layers of 64 neurons with 32 16-bit indices, but for those that are placed; all else is shared.
        if (rows === "all") assert.equal(stream.bytes, (LAYERS - sizes.headLayers) * 64 * 32 * 2);
        if (rows === "all") assert.equal(result.figures.computedEdges, result.figures.nominalEdges);
      }
    }
  }
});

test("layers put in order as they are read, every strategy and rows mode: the same bits", async () => {
  const { network } = VARIED;
  await using whole = await openEngine(network, { ...BASE, workers: 1, rows: "all" });
  const inputs = takeInputs(VARIED, 300);
  const expected = await whole.infer(inputs);
  assert.ok(new Set(expected.activations(expected.categories[0])).size > 32, "neurons are equal");
  await using source = await openStreamed(await save(network, "varied"));
  for (const [s, strategy] of STRATEGIES.entries()) {
    for (const [r, rows] of ROW_MODES.entries()) {
      const sizes = { headLayers: 1, ringBytes: 16_384, minListedRows: 1 };
      const options = { ...BASE, strategy, rows, workers: 1 + ((s + r) % 3), sizes };
      await using engine = await openStreamingEngine(source, options);
      const { result, stream } = await engine.infer(sourceOfMatrix("rows", inputs));
      assertSame(result, expected, `${strategy}, ${rows}`);
      assert.ok(stream.listedLayers > 0, `${strategy}, ${rows}: no layer was put in order`);
    }
  }
});

test("a network that is made, streamed, and a pool too small for all rows", async () => {
  const network = await readNetwork(MADE);
  const inputs = randomInputs({ rows: 20_000, features: 256, density: 0.15, seed: 4 });
  await using whole = await openEngine(network, { ...BASE, keepActivations: false, workers: 2 });
  const expected = await whole.infer(inputs);
  assert.ok(expected.categories.length > 100 && expected.categories.length < 20_000);
  const { direct, ...source } = openGeneratedNetwork(MADE);
  assert.ok(direct !== null);
  for (const rows of ROW_MODES) {
    const options: StreamingOptions = { ...BASE, keepActivations: false, rows, workers: 2, memoryBytes: 16 * MIB };
    await using engine = await openStreamingEngine({ ...source, direct }, options);
    const { result } = await engine.infer(sourceOfMatrix("rows", inputs));
    assertSame(result, expected, rows);
    assert.ok(result.figures.peakMemoryBytes <= 16 * MIB);
    if (rows === "all") assert.equal(result.figures.computedEdges, result.figures.nominalEdges);
  }
});

/** Opens the streaming engine on a copy of the file, lets `harm` at it, and gives what the run ends with. */
async function failureAfter(
  harm: (path: string) => void,
  name: string,
  options: StreamingOptions = {},
): Promise<Error> {
  const path = join(folder.path, `${name}.safetensors`);
  copyFileSync(PATH, path);
  await using source = await openStreamed(path);
  await using engine = await openStreamingEngine(source, { ...BASE, workers: 2, sizes: TINY, ...options });
  harm(path);
  const error = await failureOf(engine.infer(sourceOfMatrix("rows", INPUTS)), name);
  assertNoThreads(name);
  assert.ok((await failureOf(engine.infer(sourceOfMatrix("rows", INPUTS)), "a run after it")) instanceof UsageError);
  return error;
}

/** Writes bytes into an array of layer 41. */
async function overwrite(
  array: "rowIdx" | "colPtr" | "bias",
  at: number,
  bytes: Uint8Array,
): Promise<(path: string) => void> {
  await using source = await openStreamed(PATH);
  const places = source.direct.outline(40).places;
  assert.ok(places !== null);
  return (path) => {
    const file = openSync(path, "r+");
    writeSync(file, bytes, 0, bytes.length, places[array].offset + at);
    closeSync(file);
  };
}

test("a file that is cut short, or wrong in a layer far behind: the error that names it", async () => {
  const cut = await failureAfter((path) => truncateSync(path, 120_000), "cut");
  assert.ok(cut instanceof FormatError && /cut\.safetensors: ends at byte \d+/.test(cut.message), cut.message);
  for (const [name, array, at, bytes, expected] of [
    ["an index too large", "rowIdx", 100, Uint8Array.of(255, 255), /layers\.40\.indices: element 50 is 65535/],
    ["indices that fall", "rowIdx", 2, Uint8Array.of(0, 0), /layers\.40\.indices: element 1 is 0 after/],
  ] as const) {
    const error = await failureAfter(await overwrite(array, at, bytes), name.replaceAll(" ", "-"));
    assert.ok(error instanceof FormatError, error.message);
    assert.match(error.message, expected);
  }
});

test("rows that are wrong in the file: the error that names the entry, and a file cut short", async () => {
  const rows = randomInputs({ rows: 300, features: 64, density: 0.2, values: "general", seed: 5 });
  const begin = rows.rowPtr[200];
  await using source = await openStreamed(PATH);
  for (const [name, tensor, element, bytes, expected] of [
    ["a feature too large", "inputs.indices", begin, Uint8Array.of(64, 0), `inputs.indices: element ${begin} is 64`],
    [
      "features that fall",
      "inputs.indices",
      begin + 1,
      Uint8Array.of(0, 0),
      `inputs.indices: element ${begin + 1} is 0`,
    ],
    [
      "a value that is none",
      "inputs.values",
      begin,
      Uint8Array.of(0, 0, 192, 127),
      `inputs.values: element ${begin} is NaN`,
    ],
    ["cut", "inputs.values", 0, null, "ends at byte"],
  ] as const) {
    const path = join(folder.path, `${name.replaceAll(" ", "-")}.safetensors`);
    await writeInputsFile(path, rows);
    await using inputs = await openInputsFile(path, false);
    const place = (await placesOf(path)).get(tensor);
    assert.ok(place !== undefined);
    if (bytes === null) truncateSync(path, place.begin);
    else {
      const file = openSync(path, "r+");
      writeSync(file, bytes, 0, bytes.length, place.begin + element * (tensor === "inputs.values" ? 4 : 2));
      closeSync(file);
    }
    await using engine = await openStreamingEngine(source, { ...BASE, workers: 2, sizes: TINY });
    const error = await failureOf(engine.infer(inputs), name);
    assert.ok(error instanceof FormatError, error.message);
    assert.ok(error.message.includes(expected), error.message);
    assertNoThreads(name);
  }
});

async function placesOf(path: string): Promise<ReadonlyMap<string, { readonly begin: number }>> {
  await using file = await openSafetensors(path);
  return file.header.tensors;
}

test("pointers and biases that every layer shares are read once, and checked", async () => {
  for (const [name, array, at, bytes, expected] of [
    ["pointers", "colPtr", 4, Uint8Array.of(1, 0, 0, 0), /expected rising|indices/],
    ["bias", "bias", 0, Uint8Array.of(0, 0, 192, 127), /bias: element 0 is NaN/],
  ] as const) {
    const path = join(folder.path, `${name}.safetensors`);
    copyFileSync(PATH, path);
    await using source = await openStreamed(path);
    // The first layer shares them: it is refused when it is placed.
    (await overwrite(array, at, bytes))(path);
    const error = await failureOf(openStreamingEngine(source, { ...BASE, workers: 1, sizes: TINY }), name);
    assert.ok(error instanceof FormatError, error.message);
    assert.match(error.message, expected);
    assertNoThreads(name);
  }
});

test("a worker that fails between and in segments, a signal, and closing during a run", async () => {
  for (const kind of ["throw", "exit"] as const) {
    for (const beat of [1, 30, 90]) {
      const error = await failureAfter(() => {}, `${kind}-${beat}`, { fault: { kind, worker: 1, beat } });
      assert.ok(error instanceof WorkerError && error.worker === 1, error.message);
    }
  }
  await using source = await openStreamed(PATH);
  for (const delay of [0, 1, 5, 20]) {
    const controller = new AbortController();
    await using engine = await openStreamingEngine(source, { ...BASE, workers: 2, sizes: TINY });
    const run = engine.infer(sourceOfMatrix("rows", INPUTS), { signal: controller.signal });
    setTimeout(() => controller.abort(), delay);
    assert.ok((await failureOf(run, "a signal")) instanceof InterruptedError);
    assertNoThreads("a signal");
    await using other = await openStreamingEngine(source, { ...BASE, workers: 2, sizes: TINY });
    const left = other.infer(sourceOfMatrix("rows", INPUTS));
    setTimeout(() => void other.close(), delay);
    assert.ok((await failureOf(left, "closing")) instanceof InterruptedError);
    assertNoThreads("closing");
  }
});

test("a signal while inputs are read: what is left of them is not", async () => {
  await using source = await openStreamed(PATH);
  await using engine = await openStreamingEngine(source, { ...BASE, workers: 1 });
  const rows = randomInputs({ rows: 150_000, features: 64, density: 1, seed: 1 });
  const held = sourceOfMatrix("rows", rows);
  const controller = new AbortController();
  let read = 0;
  const counted: typeof held = {
    ...held,
    async readRows(first, end) {
      read += end - first;
      controller.abort();
      return held.readRows(first, end);
    },
  };
  const error = await failureOf(engine.infer(counted, { signal: controller.signal }), "a signal while reading");
  assert.ok(error instanceof InterruptedError);
  assert.ok(read < rows.nrows / 2, `${read} rows were read`);
  assertNoThreads("a signal while reading");
});

test("what cannot be streamed is refused", async () => {
  await using source = await openStreamed(PATH);
  for (const options of [{ hash: "layer" }, { hash: "both" }, { activationFormat: "csc" }] as const) {
    assert.ok((await failureOf(openStreamingEngine(source, options), "refused")) instanceof UsageError);
  }
  const small = openStreamingEngine(source, { ...BASE, sizes: { headLayers: 1, ringBytes: 1024 } });
  const error = await failureOf(small, "a ring too small");
  assert.ok(error instanceof ResourceError);
  assert.match(error.message, /^no memory for the largest layer: .* KiB, 1\.00 KiB are set aside$/);
  assertNoThreads("refused");
});
