// The network and the activation matrices of a run in the formats that a study asks for, instead of tiles.

import type { FormatPair } from "../kernels/format-pairs.ts";
import { isByRows, isDense } from "../kernels/format-pairs.ts";
import {
  type PlacedMatrix,
  type PlacedRule,
  type PlacedTask,
  type PlacedWeights,
  placeActivations,
  placeRule,
  placeTask,
  placeWeights,
} from "../kernels/format-records.ts";
import type { Network } from "../network/network.ts";
import { type HashOptions, hashOrder, type Order } from "../partition/hashing.ts";
import { renumberCsc } from "../partition/neuron-order.ts";
import { toTriples, triplesToCsc } from "../sparse/convert.ts";
import type { CscMatrix } from "../sparse/matrix.ts";
import type { Arena } from "../threads/arena.ts";
import type { Settings } from "./options.ts";
import { columnLengths, readersOf, renumberBias } from "./place-network.ts";

export interface FormatLayer {
  readonly weights: PlacedWeights;
  readonly rule: PlacedRule;
  /** u32 x (columns + 1): stored weights before each column, whatever the format. */
  readonly columnStarts: number;
}

/** Two activation matrices that change roles after every layer. */
export type MatrixPair = readonly [PlacedMatrix, PlacedMatrix];

export interface FormatWorkspace {
  readonly matrices: MatrixPair;
  readonly task: PlacedTask;
  /** u32 x slots of the weights, for the entries where this worker's columns begin and end. */
  readonly cutBegin: number;
  readonly cutEnd: number;
  /** u8 x rows of a batch. */
  readonly flags: number;
  /** u32 x rows of a batch each: which rows leave a batch or stay, and scratch for finding that out. */
  readonly places: number;
  readonly scratch: number;
}

/** Everything that workers need to compute in formats; part of a task. */
export interface FormatPlan {
  readonly pair: FormatPair;
  readonly layers: readonly FormatLayer[];
  readonly workers: readonly FormatWorkspace[];
  /** Matrices that the whole team shares, for model parallelism. */
  readonly shared: MatrixPair;
  /** Rows of a batch of one worker, and of the team. */
  readonly batchRows: number;
  readonly sharedRows: number;
  /** For every leader u32 x 2 x workers, entries and task address of each part, then a flag and the rows left of the batch. */
  readonly parts: number;
}

export interface LoadedFormats {
  readonly layers: readonly FormatLayer[];
  readonly featureOrder: Order | null;
  readonly outputOrder: Order | null;
  readonly bytes: number;
}

/** Bytes of one activation matrix of a worker, and of the team, at most. */
const MATRIX_BYTES = 8 * 1024 * 1024;
const SHARED_MATRIX_BYTES = 32 * 1024 * 1024;
const MAX_BATCH_ROWS = 4096;
/**
 * Products of one phase at most: a worker is silent for that long, a few tenths of a second. Most kernels do 0.6e9 a second
 * and more; those of WebAssembly on dense columns do 4 to 12e9.
 */
const MAX_PHASE_PRODUCTS = 1e8;
const MAX_DENSE_PHASE_PRODUCTS = 1e9;
/** Index and value. */
const ENTRY_BYTES = 8;

/** Words of one leader's parts. */
export function partWords(workers: number): number {
  return 2 * workers + 2;
}

/** Places every layer in the pair's weight format, hashed where `hash` is given. @throws ResourceError */
export function loadFormats(network: Network, pair: FormatPair, arena: Arena, hash: HashOptions | null): LoadedFormats {
  const allocate = (bytes: number, what: string): number => arena.allocate(bytes, what);
  const first = network.layers[0].weights;
  const featureOrder = hash === null ? null : hashOrder(readersOf(first), hash);
  let rows = featureOrder;
  let bytes = 0;
  const layers = network.layers.map((layer, l): FormatLayer => {
    const name = `layer ${l + 1}`;
    const cols = hash === null ? null : hashOrder(columnLengths(layer.weights), hash);
    const weights = sorted(layer.weights, rows, cols);
    const placed = placeWeights(weights, pair.weights, arena.memory, allocate, name);
    const rule = placeRule({ ...layer, weights, bias: renumberBias(layer.bias, cols) }, arena.memory, allocate, name);
    bytes += placed.bytes;
    rows = cols;
    return { weights: placed, rule, columnStarts: copyColumnStarts(weights, arena, name) };
  });
  return { layers, featureOrder, outputOrder: rows, bytes };
}

function copyColumnStarts({ colPtr }: CscMatrix, arena: Arena, name: string): number {
  const address = arena.allocate(colPtr.byteLength, `column starts of ${name}`);
  new Uint32Array(arena.memory.buffer, address, colPtr.length).set(colPtr);
  return address;
}

/** Renumbered, and the entries of every column in rising order again: the formats promise it. */
function sorted(weights: CscMatrix, rows: Order | null, cols: Order | null): CscMatrix {
  if (rows === null && cols === null) return weights;
  return triplesToCsc(toTriples(renumberCsc(weights, rows, cols)));
}

/** Makes room for the activations and the scratch of `workers` workers. @throws ResourceError */
export function planFormats(
  loaded: LoadedFormats,
  pair: FormatPair,
  arena: Arena,
  { workers, kernel }: Pick<Settings, "workers" | "kernel">,
): FormatPlan {
  const hasDenseColumns = pair.activations === "dense-column" || pair.weights === "dense-column";
  const maxProducts = kernel !== "js" && hasDenseColumns ? MAX_DENSE_PHASE_PRODUCTS : MAX_PHASE_PRODUCTS;
  const { layers } = loaded;
  const allocate = (bytes: number, what: string): number => arena.allocate(bytes, what);
  const maxCols = Math.max(1, ...layers.map(({ weights }) => Math.max(weights.nrows, weights.ncols)));
  const maxInner = Math.max(1, ...layers.map(({ weights }) => weights.nrows));
  const maxSlots = Math.max(1, ...layers.map(({ weights }) => weights.slots));
  const format = pair.activations;
  const maxNnz = Math.max(1, ...layers.map(({ weights }) => weights.nnz));
  const rowBytes = maxCols * (isDense(format) ? 4 : ENTRY_BYTES);
  const rowsIn = (bytes: number): number =>
    Math.max(1, Math.floor(Math.min(MAX_BATCH_ROWS, bytes / rowBytes, maxProducts / maxNnz)));
  const batchRows = rowsIn(MATRIX_BYTES);
  const sharedRows = rowsIn(SHARED_MATRIX_BYTES);
  const matrices = (nrows: number, name: string): MatrixPair => {
    const room = { maxRows: nrows, maxCols, maxEntries: nrows * maxCols, maxParts: workers };
    return [
      placeActivations(format, room, arena.memory, allocate, name),
      placeActivations(format, room, arena.memory, allocate, name),
    ];
  };
  const cutBytes = isByRows(pair.weights) ? maxSlots * 4 : 0;
  const room = { maxRows: sharedRows, maxCols, maxInner };
  return {
    pair,
    layers,
    workers: Array.from({ length: workers }, (_, worker) => ({
      matrices: matrices(batchRows, `activations of worker ${worker}`),
      task: placeTask(format, room, arena.memory, allocate, `scratch of worker ${worker}`),
      cutBegin: allocate(cutBytes, `cuts of worker ${worker}`),
      cutEnd: allocate(cutBytes, `cuts of worker ${worker}`),
      flags: allocate(sharedRows, `flags of worker ${worker}`),
      places: allocate(sharedRows * 4, `places of rows of worker ${worker}`),
      scratch: allocate(sharedRows * 4, `hashes of rows of worker ${worker}`),
    })),
    shared: matrices(sharedRows, "activations of the team"),
    batchRows,
    sharedRows,
    parts: allocate(partWords(workers) * workers * 4, "parts of the team"),
  };
}
