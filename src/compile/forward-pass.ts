// The rewriting itself, from the first layer to the last: each layer is written down when the layer after it is known,
// so two layers are held at a time, and the map between them.
//
// Proof. Layer by layer the rewritten network keeps this promise: a kept neuron has the activation of every original
// neuron that the map sends to it, for every row; an original neuron without a number matters to nobody or has the
// constant activation that the map says. It holds for the features, which keep their numbers. A reader's Z is a sum over
// its inputs: inputs of equal activation y contribute (w1 + w2 + ...) y, constants and zero weights as constants.ts and
// equal-columns.ts say, so it holds for the next layer. Of the last layer no neuron is dropped; equal ones are merged where a
// map restores the outputs, except under softmax, whose sum would lose the others.

import type { Layer } from "../network/network.ts";
import type { BackwardPlan } from "./backward-sweep.ts";
import { findConstants, findFoldable } from "./constants.ts";
import { countUp, type Grouping, groupEach, groupEqualColumns } from "./equal-columns.ts";
import { findRefusals } from "./merge-refusals.ts";
import { GONE, type NeuronMap } from "./neuron-map.ts";
import { account, type CompileReport, type CompileSettings } from "./passes.ts";
import { pickColumns, rewriteColumns } from "./rewrite-columns.ts";

export interface ForwardPass {
  /** Rewrites the next layer; `reader` is the original layer after it, null at the last. */
  step(layer: Layer, reader: Layer | null): Layer;
  /**
   * True when compiling the result again may remove more: neurons that nobody reads any more because weights cancelled,
   * or sums that needed rounding and may not after what else was removed.
   */
  readonly needsAnotherRound: boolean;
  /** After the last layer: for every neuron that it had the neuron that it has; null where each is its own. */
  readonly outputMap: Uint32Array | null;
}

/** @param report is added to */
export function makeForwardPass(settings: CompileSettings, plan: BackwardPlan, report: CompileReport): ForwardPass {
  const { passes } = settings;
  let l = 0;
  let map: NeuronMap | null = null;
  let newlyUnread = 0;
  let hasRefused = false;
  let hasRemoved = false;

  const step = (layer: Layer, reader: Layer | null): Layer => {
    const kept = listKept(layer, plan.live[l]);
    accountUnread(report, layer, kept);
    const all = groupEach(kept.length);
    // Equal as they are stored: equal for any inputs. Done first, so that only different columns are rewritten.
    const raw = passes.has("equal") ? timed("equal", () => groupEqualColumns(layer, kept, null)) : all;
    const columns = raw.first.map((k) => kept[k]);
    const rewriteStarted = performance.now();
    const { layer: distinct, zeros, constants: folded } = rewriteColumns(layer, columns, map, passes.has("zeros"));
    report.rewriteSeconds += (performance.now() - rewriteStarted) / 1000;

    const constants = findConstants(distinct);
    const isSame = zeros === null && constants === null;
    const each = groupEach(columns.length);
    const joined =
      !passes.has("equal") || isSame ? each : timed("equal", () => groupEqualColumns(distinct, each.group, constants));
    const classes: Classes = {
      of: raw.group.map((d) => joined.group[d]),
      count: joined.first.length,
      column: raw.group,
      constantOf: Float64Array.from(joined.first, (d) => constants?.[d] ?? Number.NaN),
    };
    const choice = choose(layer, kept, classes, reader);
    const result = pickColumns(distinct, choice.columns);

    accountWeights(layer, kept, raw, result, { zeros, folded });
    if (map !== null || zeros !== null) newlyUnread += passes.has("unread") && l > 0 ? countUnread(result) : 0;
    hasRemoved ||=
      result.weights.ncols < layer.weights.ncols || result.weights.rowIdx.length < layer.weights.rowIdx.length;
    map = choice.map;
    l++;
    return result;
  };

  /** Which columns are written, and under which numbers readers will know the neurons. */
  const choose = (layer: Layer, kept: Uint32Array, classes: Classes, reader: Layer | null): Choice => {
    if (reader === null) {
      const isFixed = settings.keepOutputs || layer.rule.activation.kind === "softmax";
      if (isFixed) return { columns: classes.column, map: null };
      return numberNeurons(layer.weights.ncols, kept, classes, null, null, report);
    }
    const classOf = new Int32Array(layer.weights.ncols).fill(GONE);
    for (let k = 0; k < kept.length; k++) classOf[kept[k]] = classes.of[k];
    const live = plan.live[l + 1];
    const exact = plan.exact[l + 1];
    const hasConstants = passes.has("constants") && classes.constantOf.some((c) => !Number.isNaN(c));
    const foldable = hasConstants
      ? timed("constants", () => findFoldable(reader, live, classOf, classes.constantOf, exact))
      : null;
    const hasEqual = classes.count < kept.length;
    const refused = hasEqual ? timed("equal", () => findRefusals(reader, live, classOf, classes.count, exact)) : null;
    hasRefused ||=
      refused !== null || (foldable?.some((can, c) => can === 0 && !Number.isNaN(classes.constantOf[c])) ?? false);
    return numberNeurons(layer.weights.ncols, kept, classes, foldable, refused, report);
  };

  const timed = <T>(pass: "equal" | "constants", work: () => T): T => {
    const started = performance.now();
    const result = work();
    account(report, pass, { seconds: (performance.now() - started) / 1000 });
    return result;
  };

  /** Weights that are gone from this layer, by the pass that took them; what no other pass took was merged. */
  const accountWeights = (
    layer: Layer,
    kept: Uint32Array,
    raw: Grouping,
    result: Layer,
    gone: { readonly zeros: Uint32Array | null; readonly folded: Uint32Array | null },
  ): void => {
    const { colPtr } = layer.weights;
    let entries = 0;
    let zeros = 0;
    let folded = 0;
    for (let k = 0; k < kept.length; k++) {
      entries += colPtr[kept[k] + 1] - colPtr[kept[k]];
      zeros += gone.zeros?.[raw.group[k]] ?? 0;
      folded += gone.folded?.[raw.group[k]] ?? 0;
    }
    account(report, "zeros", { weights: zeros });
    account(report, "constants", { weights: folded });
    account(report, "equal", { weights: entries - zeros - folded - result.weights.rowIdx.length });
  };

  return {
    step,
    get needsAnotherRound() {
      return newlyUnread > 0 || (hasRefused && hasRemoved);
    },
    get outputMap() {
      return map === null ? null : Uint32Array.from(map.target);
    },
  };
}

/** The kept neurons of a layer by what they compute. */
interface Classes {
  /** For every kept neuron its class. */
  readonly of: Uint32Array;
  readonly count: number;
  /** For every kept neuron its column among the distinct ones. */
  readonly column: Uint32Array;
  /** For every class its constant, or NaN. */
  readonly constantOf: Float64Array;
}

interface Choice {
  /** Distinct columns to write, in order. */
  readonly columns: Uint32Array;
  readonly map: NeuronMap | null;
}

function numberNeurons(
  ncols: number,
  kept: Uint32Array,
  classes: Classes,
  foldable: Uint8Array | null,
  refused: Uint8Array | null,
  report: CompileReport,
): Choice {
  const target = new Int32Array(ncols).fill(GONE);
  const columns = new Uint32Array(kept.length);
  const numberOf = new Int32Array(classes.count).fill(GONE);
  let constants: Float64Array | null = null;
  let count = 0;
  let folded = 0;
  let merged = 0;
  for (let k = 0; k < kept.length; k++) {
    const c = classes.of[k];
    if (foldable !== null && foldable[c] === 1) {
      folded++;
      if (classes.constantOf[c] === 0) continue;
      constants ??= new Float64Array(ncols);
      constants[kept[k]] = classes.constantOf[c];
    } else if (numberOf[c] !== GONE && (refused === null || refused[c] === 0)) {
      target[kept[k]] = numberOf[c];
      merged++;
    } else {
      columns[count] = classes.column[k];
      numberOf[c] = count;
      target[kept[k]] = count++;
    }
  }
  account(report, "constants", { neurons: folded });
  account(report, "equal", { neurons: merged });
  const isIdentity = count === ncols;
  return {
    columns: columns.slice(0, count),
    map: isIdentity ? null : { target, kept: count, merges: merged > 0, constants },
  };
}

function listKept({ weights: { ncols } }: Layer, live: Uint8Array | null): Uint32Array {
  const all = countUp(ncols);
  return live === null ? all : all.filter((j) => live[j] === 1);
}

function accountUnread(report: CompileReport, { weights }: Layer, kept: Uint32Array): void {
  if (kept.length === weights.ncols) return;
  let entries = weights.rowIdx.length;
  for (const j of kept) entries -= weights.colPtr[j + 1] - weights.colPtr[j];
  account(report, "unread", { neurons: weights.ncols - kept.length, weights: entries });
}

function countUnread({ weights: { nrows, rowIdx } }: Layer): number {
  const isRead = new Uint8Array(nrows);
  for (let p = 0; p < rowIdx.length; p++) isRead[rowIdx[p]] = 1;
  let unread = 0;
  for (const read of isRead) unread += 1 - read;
  return unread;
}
