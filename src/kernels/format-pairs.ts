// Which formats of activations can be multiplied by which formats of weights, and where the reference system lists each
// pair: its README (compression types 0-4, multiplication types 0-4), the formats of its src/spmat.hpp, and the pairs that
// src/net.hpp lets through. Results have the format of the activations.

import type { LayerRule } from "../network/layer-rule.ts";

/** Formats of a factor of a product: all but coordinates, in which nothing can be found. */
export const FACTOR_FORMATS = ["dense-column", "csc", "dcsc", "tcsc", "dense-row", "csr", "dcsr", "tcsr"] as const;
export type FactorFormat = (typeof FACTOR_FORMATS)[number];

/**
 * `runs`: src/net.hpp runs it. `not implemented`: its README names it so ("compressed by doubly, by triply compressed"), or its
 * command line takes both numbers and src/net.hpp then refuses. `format only`: src/spmat.hpp names both formats, nothing
 * takes them. `unlisted`: nowhere there; here because it is asked for or costs nothing.
 */
export const REFERENCE_STATES = ["runs", "not implemented", "format only", "unlisted"] as const;
export type ReferenceState = (typeof REFERENCE_STATES)[number];

/** Activations, weights, where the reference system lists the pair. */
export const FORMAT_PAIRS = [
  ["dense-column", "dense-column", "runs"],
  ["dense-column", "csc", "runs"],
  ["dense-column", "dcsc", "not implemented"],
  ["dense-column", "tcsc", "not implemented"],
  ["csc", "dense-column", "runs"],
  ["csc", "csc", "runs"],
  ["csc", "dcsc", "not implemented"],
  ["csc", "tcsc", "not implemented"],
  ["dcsc", "dense-column", "not implemented"],
  ["dcsc", "csc", "not implemented"],
  ["dcsc", "dcsc", "not implemented"],
  ["dcsc", "tcsc", "not implemented"],
  ["tcsc", "dense-column", "not implemented"],
  ["tcsc", "csc", "not implemented"],
  ["tcsc", "dcsc", "not implemented"],
  ["tcsc", "tcsc", "not implemented"],
  ["csr", "csr", "runs"],
  ["csr", "dcsr", "format only"],
  ["csr", "tcsr", "format only"],
  ["csr", "dense-row", "format only"],
  ["dcsr", "csr", "format only"],
  ["dcsr", "dcsr", "format only"],
  ["dcsr", "tcsr", "format only"],
  ["dcsr", "dense-row", "format only"],
  ["tcsr", "csr", "format only"],
  ["tcsr", "dcsr", "format only"],
  ["tcsr", "tcsr", "format only"],
  ["tcsr", "dense-row", "format only"],
  ["dense-row", "dense-row", "format only"],
  ["dense-row", "csr", "format only"],
  ["dense-row", "dcsr", "format only"],
  ["dense-row", "tcsr", "format only"],
  ["dense-row", "dense-column", "unlisted"],
  ["dense-row", "csc", "unlisted"],
  ["dense-row", "dcsc", "unlisted"],
  ["dense-row", "tcsc", "unlisted"],
] as const;

/** The pairs that the reference system runs, or lists and refuses. */
export const LISTED_PAIRS: readonly FormatPair[] = FORMAT_PAIRS.filter(
  ([, , state]) => state === "runs" || state === "not implemented",
).map(([activations, weights]) => ({ activations, weights }));

export interface FormatPair {
  readonly activations: FactorFormat;
  readonly weights: FactorFormat;
}

export function isByRows(format: FactorFormat): boolean {
  return format === "dense-row" || format.endsWith("r");
}

export function isDense(format: FactorFormat): boolean {
  return format.startsWith("dense");
}

/** True for formats that list their non-empty rows or columns. */
export function isListed(format: FactorFormat): boolean {
  return isTriply(format) || format.startsWith("dc");
}

/** True for formats that renumber the other dimension too. */
export function isTriply(format: FactorFormat): boolean {
  return format.startsWith("tc");
}

/**
 * Why a pair cannot run, or null when it can. Every layer rule can: one that makes zeros other than zero (sigmoid, a positive
 * bias everywhere) is computed and stored in full, which sparse formats pay for but get right.
 */
export function refuseReason({ activations, weights }: FormatPair, rule?: LayerRule): string | null {
  const pairs: readonly (readonly [FactorFormat, FactorFormat, ReferenceState])[] = FORMAT_PAIRS;
  if (pairs.some(([a, w]) => a === activations && w === weights)) return null;
  const after = rule === undefined ? "" : `, whatever the layer's rule (${rule.activation.kind})`;
  if (isByRows(weights)) {
    const twin = isDense(activations) ? "dense-row" : "csr";
    return `${activations} x ${weights}: activations by columns and weights by rows meet in outer products, which fill the whole result for every neuron read${after}; use ${twin} x ${weights}, or weights by columns`;
  }
  return `${activations} x ${weights}: sparse rows and weights by columns meet in one search for each entry of the result${after}; use ${activations} x csr, or dense-row x ${weights}`;
}
