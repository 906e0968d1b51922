// A program for tests of a row group: every rank infers cases with all ranks as one group, and compares its own neurons
// with the engine of one process, bit by bit. With the argument "fail" one of them breaks in the way that follows.

import assert from "node:assert/strict";
import type { GridGroupResult, GridSettings } from "../cluster/grid/grid-group.ts";
import { inferGridGroup } from "../cluster/grid/infer-grid-group.ts";
import type { LayerSource } from "../cluster/grid/deal-layers.ts";
import { GossamerError, UnsupportedError } from "../core/errors.ts";
import { openEngine } from "../engine/engine.ts";
import { ROW_MODES } from "../engine/options.ts";
import { probeFastestKernel } from "../kernels/catalog.ts";
import { categoriesOf } from "../network/categories.ts";
import type { Network } from "../network/network.ts";
import { type Mpi, openMpi } from "../mpi/mpi.ts";
import { HASH_METHODS, pieceStart } from "../partition/hashing.ts";
import { sliceCsrRows } from "../sparse/convert.ts";
import type { CsrMatrix } from "../sparse/matrix.ts";
import { activationsOf, makeChallengeCase, makeEngineCases, takeInputs } from "./engine-cases.ts";

const PLAIN: GridSettings = {
  workers: 1,
  rows: "distinct",
  hash: "none",
  hashMethod: "deal",
  seed: 1,
  kernel: probeFastestKernel(),
  keepActivations: true,
  warmUp: false,
};

function sourceOf(network: Network): LayerSource {
  return { layerCount: network.layers.length, inputs: network.inputs, readLayer: (l) => network.layers[l] };
}

/** Final activations by one process, nrows x outputs; computed by one of the ranks for all. */
async function inferAlone(mpi: Mpi, network: Network, inputs: CsrMatrix): Promise<Float32Array> {
  const all = new Float32Array(inputs.nrows * network.outputs);
  const computer = inputs.nrows % mpi.size;
  if (mpi.rank === computer) {
    await using engine = await openEngine(network, { workers: 1, keepActivations: true, warmUp: false });
    all.set(activationsOf(await engine.infer(inputs)));
  }
  await mpi.world.start.broadcast(all, computer).wait();
  return all;
}

/** Every rank has read a share of the rows, the first none. */
function infer(mpi: Mpi, network: LayerSource, inputs: CsrMatrix, settings: GridSettings): Promise<GridGroupResult> {
  const readers = Math.max(1, mpi.size - 1);
  const starts = mpi.size === 1 ? [0, 1] : [mpi.rank - 1, mpi.rank];
  const [first, end] = starts.map((share) => pieceStart(inputs.nrows, Math.max(0, share), readers));
  return inferGridGroup({
    comm: mpi.world,
    member: { rank: mpi.rank, host: mpi.host },
    network,
    inputs: sliceCsrRows(inputs, first, end),
    settings,
  });
}

/** Fails unless the categories are the same, and every bit of the rank's own neurons where they were kept. */
function compare(found: GridGroupResult, alone: Float32Array, isKept: boolean, what: string): void {
  const { nrows, outputs } = found;
  const width = nrows === 0 ? 0 : alone.length / nrows;
  const live = [...found.alive.keys()].filter((row) => found.alive[row] === 1);
  assert.deepEqual(live, [...categoriesOf(alone, nrows, width)], `${what}: categories`);
  if (!isKept) return;
  for (let row = 0; row < nrows; row++) {
    const own = found.activations(row);
    for (const [k, neuron] of outputs.entries()) {
      const expected = alone[row * width + neuron];
      const isSame = Object.is(own[k], expected);
      assert.ok(isSame, `${what}: row ${row}, neuron ${neuron} is ${own[k]}, alone it is ${expected}`);
    }
  }
}

/** Output neurons that the ranks own, all of them once. */
function checkOutputs(mpi: Mpi, { outputs }: GridGroupResult, neurons: number, what: string): void {
  const owned = new Int32Array(neurons);
  for (const neuron of outputs) owned[neuron]++;
  mpi.world.blocking.allreduce(owned, "sum");
  assert.ok(
    owned.every((count) => count === 1),
    `${what}: each output has one owner`,
  );
}

async function runCases(mpi: Mpi): Promise<void> {
  for (const [k, { name, network, inputs }] of makeEngineCases().entries()) {
    // Half of the cases for each number of ranks: the other half is for the next.
    if ((k >> 1) % 2 !== mpi.size % 2) continue;
    const settings = { ...PLAIN, rows: ROW_MODES[k % 3], hash: k % 2 === 0 ? ("none" as const) : ("layer" as const) };
    const what = `${name}, rows ${settings.rows}, hash ${settings.hash}`;
    const hasSoftmax = network.layers.some(({ rule }) => rule.activation.kind === "softmax");
    if (hasSoftmax) {
      await assert.rejects(infer(mpi, sourceOf(network), inputs, settings), UnsupportedError, what);
      continue;
    }
    const found = await infer(mpi, sourceOf(network), inputs, settings);
    compare(found, await inferAlone(mpi, network, inputs), true, what);
    checkOutputs(mpi, found, network.outputs, what);
  }
  console.log(`rank ${mpi.rank} of ${mpi.size}: cases ok`);
}

async function runSettings(mpi: Mpi): Promise<void> {
  const { network, inputs } = makeChallengeCase(30);
  const source = sourceOf(network);
  const alone = await inferAlone(mpi, network, inputs);
  for (const [k, rows] of ROW_MODES.entries()) {
    const hashMethod = HASH_METHODS[k];
    const workers = 1 + (k % 2);
    const keepActivations = k > 0;
    const found = await infer(mpi, source, inputs, {
      ...PLAIN,
      rows,
      hash: "both",
      hashMethod,
      workers,
      keepActivations,
    });
    compare(found, alone, keepActivations, `rows ${rows}, ${hashMethod}, ${workers} workers`);
    checkFigures(mpi, found, network, rows === "all" ? inputs.nrows : null);
  }
  for (const count of [0, 33]) {
    const few = takeInputs(makeChallengeCase(30), count);
    compare(await infer(mpi, source, few, PLAIN), await inferAlone(mpi, network, few), true, `${count} rows`);
  }
  const several = await infer(mpi, source, inputs, { ...PLAIN, poolRows: 70 });
  compare(several, alone, true, "several passes");
  console.log(`rank ${mpi.rank} of ${mpi.size}: settings ok`);
}

/** @param allRows rows that pass every layer; null where some are dropped */
function checkFigures(mpi: Mpi, { figures }: GridGroupResult, network: Network, allRows: number | null): void {
  const edges = Float64Array.of(figures.computedEdges);
  mpi.world.blocking.allreduce(edges, "sum");
  const perRow = network.layers.map(({ weights }) => weights.rowIdx.length);
  const expected = perRow.reduce((sum, nnz, l) => sum + nnz * figures.computedRows[l], 0);
  assert.equal(edges[0], expected, "the ranks' edges are those of the rows computed");
  if (allRows !== null) assert.ok(figures.computedRows.every((rows) => rows === allRows));
  assert.equal(
    figures.networkEdges,
    perRow.reduce((sum, nnz) => sum + nnz),
  );
  for (let l = 0; l < perRow.length; l++) {
    if (figures.linesSent[l] === 0 || allRows === null) continue;
    const lines = figures.linesSent[l] * figures.computedRows[l] * 4;
    assert.ok(
      figures.bytesSent[l] >= lines && figures.messagesSent[l] > 0,
      `layer ${l}: ${figures.bytesSent[l]} bytes`,
    );
  }
}

/** The last rank breaks; every rank tells what it was told. */
async function runFailure(mpi: Mpi, how: string): Promise<void> {
  const { network, inputs } = makeChallengeCase(30);
  const isLast = mpi.rank === mpi.size - 1;
  const source = sourceOf(network);
  const broken: LayerSource = {
    ...source,
    readLayer: (l) => {
      if (isLast && how === "read" && l > 5) throw new Error("the file is gone");
      return source.readLayer(l);
    },
  };
  const fault = isLast && how === "worker" ? ({ kind: "throw", worker: 0, beat: 1 } as const) : null;
  const memoryBytes = isLast && how === "memory" ? 20_000 : undefined;
  const many = {
    ...PLAIN,
    rows: "all" as const,
    workers: how === "worker" ? 2 : 1,
    fault,
    ...(memoryBytes === undefined ? {} : { memoryBytes }),
  };
  try {
    await infer(mpi, broken, inputs, many);
    console.log(`rank ${mpi.rank}: no error`);
  } catch (error) {
    const name = error instanceof GossamerError ? error.name : "Error";
    console.log(`rank ${mpi.rank}: ${name}: ${error instanceof Error ? error.message : String(error)}`);
  }
  mpi.world.blocking.barrier();
  process.exit(5);
}

using mpi = openMpi();
const [what = "", how = ""] = process.argv.slice(2);
if (what === "fail") await runFailure(mpi, how);
await runCases(mpi);
await runSettings(mpi);
assert.equal(mpi.pendingCount, 0);
mpi.close();
