// Hashing: renumbering rows or neurons by a bijection, so that contiguous pieces get about the same work. A mode says what
// is renumbered, a method says how; both are undone on every output. Pure functions of counts and seeds.

import { makeRandom, randomPermutation } from "../core/random.ts";

/** `input`: the input rows. `layer`: input features and the neurons of every layer. `both`: all of these. */
export const HASH_MODES = ["none", "input", "layer", "both"] as const;
export type HashMode = (typeof HASH_MODES)[number];

/**
 * `stride`: the reference system's permutation. `random`: a seeded random one. `deal`: items are dealt out to the pieces
 * by falling weight, as cards are, so that every piece gets the same count and nearly the same weight.
 */
export const HASH_METHODS = ["stride", "random", "deal"] as const;
export type HashMethod = (typeof HASH_METHODS)[number];

export interface HashOptions {
  readonly method: HashMethod;
  /** Contiguous pieces that the items will be cut into: workers, or ranks. */
  readonly pieces: number;
  readonly seed: number;
}

/** For every item its place: `place[old] = new`; a bijection of 0 .. length-1. */
export type Order = Uint32Array;

/** Parts a piece, of the stride permutation. Source: hmofrad/DistSparseDNN, src/hashers.hpp. */
const STRIDE_PARTS_PER_PIECE = 128;

/** Places of `weights.length` items; the weights (nonzeros of each) matter to `deal` only. */
export function hashOrder(weights: ArrayLike<number>, options: HashOptions): Order {
  switch (options.method) {
    case "stride":
      return strideOrder(weights.length, STRIDE_PARTS_PER_PIECE * options.pieces);
    case "random":
      return randomPermutation(weights.length, makeRandom(options.seed));
    case "deal":
      return dealOrder(weights, options.pieces);
  }
}

/** v -> floor(v / parts) + (v mod parts) h below parts h, with h = floor(length / parts); v -> v above. */
export function strideOrder(length: number, parts: number): Order {
  const height = Math.floor(length / parts);
  return Uint32Array.from({ length }, (_, v) =>
    v < parts * height ? Math.floor(v / parts) + (v % parts) * height : v,
  );
}

/** Start of contiguous piece `piece` of `pieces` nearly equal ones of `count` items. */
export function pieceStart(count: number, piece: number, pieces: number): number {
  return Math.floor((count * piece) / pieces);
}

/**
 * Deals the items by falling weight to the pieces, there and back again (0 1 2 2 1 0 ...), and numbers each piece's
 * items in the order dealt. A piece that is full is passed over, so pieces keep the sizes of `pieceStart`.
 */
export function dealOrder(weights: ArrayLike<number>, pieces: number): Order {
  const count = weights.length;
  const byWeight = Uint32Array.from({ length: count }, (_, v) => v).toSorted(
    (a, b) => weights[b] - weights[a] || a - b,
  );
  const next = Uint32Array.from({ length: pieces }, (_, piece) => pieceStart(count, piece, pieces));
  const end = Uint32Array.from({ length: pieces }, (_, piece) => pieceStart(count, piece + 1, pieces));
  const place = new Uint32Array(count);
  let turn = 0;
  for (const item of byWeight) {
    let piece = 0;
    do {
      const step = turn % (2 * pieces);
      piece = step < pieces ? step : 2 * pieces - 1 - step;
      turn++;
    } while (next[piece] === end[piece]);
    place[item] = next[piece]++;
  }
  return place;
}

/** The order that undoes `order`: `inverse[new] = old`. */
export function invertOrder(order: Order): Order {
  const inverse = new Uint32Array(order.length);
  for (let v = 0; v < order.length; v++) inverse[order[v]] = v;
  return inverse;
}

export function hashesRows(mode: HashMode): boolean {
  return mode === "input" || mode === "both";
}

export function hashesNeurons(mode: HashMode): boolean {
  return mode === "layer" || mode === "both";
}
