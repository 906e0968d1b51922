// The layers, each read by one rank of the group, in turn, and dealt out by columns: every weight is read once, and every
// rank keeps its own columns only.

import { deserialize, serialize } from "node:v8";
import { hasEqualWeights } from "../../kernels/layer-record.ts";
import type { LayerRule } from "../../network/layer-rule.ts";
import { type Layer, preservesZeroRows } from "../../network/network.ts";
import { type HashOptions, hashOrder, pieceStart } from "../../partition/hashing.ts";
import { type CscMatrix, makeIndexArray } from "../../sparse/matrix.ts";
import { shareColumns } from "./column-share.ts";
import { findTwins } from "./find-twins.ts";
import { type GroupLink, LAYER_TAG } from "./group-link.ts";

/** What is needed of a network: its layers, one by one. */
export interface LayerSource {
  readonly layerCount: number;
  /** Features of an input row. */
  readonly inputs: number;
  readLayer(l: number): Promise<Layer> | Layer;
}

/** One rank's columns of a layer. */
export interface LayerPart {
  /** For every neuron of the layer the rank of the group that computes it. */
  readonly owners: Uint16Array;
  /** For every neuron the first that always has the same value; null when all differ. */
  readonly twins: Uint32Array | null;
  /** Numbers of the own neurons, rising. */
  readonly columns: Uint32Array;
  /** Inputs of the layer x own neurons; entries in the order of the whole layer's. */
  readonly weights: CscMatrix;
  /** One for all, or one an own neuron. */
  readonly bias: Float32Array;
  readonly rule: LayerRule;
  /** Facts of the whole layer: all weights equal; rows of zeros stay so; stored weights. */
  readonly isUniform: boolean;
  readonly keepsZeroRows: boolean;
  readonly nnz: number;
}

/** Rank of the group that reads layer l. */
function readerOf(l: number, size: number): number {
  return l % size;
}

/**
 * This rank's part of every layer. Collective.
 * @param hash where neurons are to be hashed; otherwise ranks own contiguous columns of about equal weight
 * @throws what reading throws, on the rank that reads; RankError on the others
 */
export async function dealLayers(link: GroupLink, source: LayerSource, hash: HashOptions | null): Promise<LayerPart[]> {
  const parts: LayerPart[] = [];
  const read = (l: number): Promise<Layer> | null => {
    if (l >= source.layerCount) return null;
    const reading = Promise.resolve(source.readLayer(l));
    // Awaited later; until then a failure is no accident of the process.
    reading.catch(() => undefined);
    return reading;
  };
  let next = read(link.rank);
  for (let l = 0; l < source.layerCount; l++) {
    const reader = readerOf(l, link.size);
    if (reader !== link.rank || next === null) {
      parts.push(deserialize(await link.receiveBytes(reader, LAYER_TAG)) as LayerPart);
      continue;
    }
    const layer = await next;
    next = read(l + link.size);
    const all = cutLayer(layer, dealColumns(layer, link.size, hash), link.size);
    const sends = all.flatMap((part, to) => {
      return to === link.rank ? [] : [link.comm.start.send(serialize(part), { to, tag: LAYER_TAG })];
    });
    parts.push(all[link.rank]);
    for (const send of sends) await link.wait(send);
  }
  return parts;
}

/** For every column of the layer the rank that owns it. */
export function dealColumns({ weights }: Layer, size: number, hash: HashOptions | null): Uint16Array {
  const { ncols, colPtr } = weights;
  const owners = new Uint16Array(ncols);
  if (hash === null) {
    const starts = shareColumns(colPtr, size);
    for (let c = 0; c < size; c++) owners.fill(c, starts[c], starts[c + 1]);
    return owners;
  }
  const lengths = Uint32Array.from({ length: ncols }, (_, j) => colPtr[j + 1] - colPtr[j]);
  const place = hashOrder(lengths, hash);
  let owner = 0;
  const ownerOfPlace = Uint16Array.from({ length: ncols }, (_, at) => {
    while (owner + 1 < size && at >= pieceStart(ncols, owner + 1, size)) owner++;
    return owner;
  });
  for (let j = 0; j < ncols; j++) owners[j] = ownerOfPlace[place[j]];
  return owners;
}

/** The part of every rank. */
function cutLayer(layer: Layer, owners: Uint16Array, size: number): LayerPart[] {
  const { weights, bias, rule } = layer;
  const facts = {
    owners,
    twins: findTwins(layer),
    rule,
    isUniform: hasEqualWeights(weights.values),
    keepsZeroRows: preservesZeroRows(layer),
    nnz: weights.rowIdx.length,
  };
  return Array.from({ length: size }, (_, rank): LayerPart => {
    const columns = numbersWhere(owners.length, (j) => owners[j] === rank);
    const part = takeColumns(weights, columns);
    return { ...facts, columns, weights: part, bias: takeBias(bias, columns) };
  });
}

/** The listed columns as a matrix of their own, in that order. */
export function takeColumns(weights: CscMatrix, columns: Uint32Array): CscMatrix {
  const colPtr = new Uint32Array(columns.length + 1);
  for (let k = 0; k < columns.length; k++) {
    colPtr[k + 1] = colPtr[k] + weights.colPtr[columns[k] + 1] - weights.colPtr[columns[k]];
  }
  const nnz = colPtr[columns.length];
  const rowIdx = makeIndexArray(nnz, weights.nrows);
  const isOne = weights.values.length === 1;
  const values = isOne ? weights.values.slice() : new Float32Array(nnz);
  for (let k = 0; k < columns.length; k++) {
    const begin = weights.colPtr[columns[k]];
    const end = weights.colPtr[columns[k] + 1];
    rowIdx.set(weights.rowIdx.subarray(begin, end), colPtr[k]);
    if (!isOne) values.set(weights.values.subarray(begin, end), colPtr[k]);
  }
  return { format: "csc", nrows: weights.nrows, ncols: columns.length, colPtr, rowIdx, values };
}

export function takeBias(bias: Float32Array, columns: Uint32Array): Float32Array {
  return bias.length === 1 ? bias.slice() : Float32Array.from(columns, (j) => bias[j]);
}

/** The numbers below `length` that pass, rising. */
export function numbersWhere(length: number, passes: (number: number) => boolean): Uint32Array {
  return Uint32Array.from({ length }, (_, number) => number).filter(passes);
}
