// Networks with something to compile: neurons that read the same, neurons that read nothing, neurons that nobody reads,
// stored zeros, and weights that cancel once their inputs are merged. `dyadic` weights and biases are small multiples of
// 1/4, so that every sum is exact; `real` ones are normal deviates as float32.

import { randomPermutation, type Random } from "../core/random.ts";
import type { Activation, BiasRule } from "../network/layer-rule.ts";
import { type Layer, makeNetwork, type Network } from "../network/network.ts";
import { type CscMatrix, makeIndexArray } from "../sparse/matrix.ts";

export interface PlantedOptions {
  readonly layers: number;
  readonly inputs: number;
  readonly values: "dyadic" | "real";
  readonly biasRule: BiasRule;
  readonly activation: Activation;
  /** `mixed` has both signs and zero. */
  readonly bias: "negative" | "positive" | "mixed" | "single";
}

interface Column {
  readonly entries: ReadonlyMap<number, number>;
  readonly bias: number;
}

export function makePlantedNetwork(options: PlantedOptions, random: Random): Network {
  const layers: Layer[] = [];
  let width = options.inputs;
  let twins: readonly (readonly [number, number])[] = [];
  for (let l = 0; l < options.layers; l++) {
    const planted = plantColumns(width, twins, options, random);
    layers.push(makePlantedLayer(width, planted.columns, options, l === options.layers - 1));
    width = planted.columns.length;
    twins = planted.twins;
  }
  return makeNetwork(layers);
}

/** @param inputTwins pairs of inputs that are equal: some columns read both with opposite weights. */
function plantColumns(
  width: number,
  inputTwins: readonly (readonly [number, number])[],
  { values, bias }: PlantedOptions,
  random: Random,
): { columns: Column[]; twins: (readonly [number, number])[] } {
  const weight = (): number => {
    if (random.next() < 0.05) return 0;
    return values === "dyadic" ? (random.below(9) - 4) / 4 : Math.fround(random.normal());
  };
  const single = values === "dyadic" ? 0.5 : 0.3;
  const drawBias = (): number => {
    const size = values === "dyadic" ? random.below(4) / 4 : Math.fround(random.next());
    if (bias === "single") return single;
    return bias === "negative" ? -size : bias === "positive" ? size : (random.below(3) - 1) * size;
  };
  const columns: Column[] = [];
  const distinct = 3 + random.below(5);
  for (let c = 0; c < distinct; c++) {
    const entries = new Map<number, number>();
    // Some inputs are read by nobody.
    for (let k = 0; k < width; k++) if (k % 5 !== 3 && random.next() < 0.6) entries.set(k, weight());
    if (random.next() < 0.2) entries.clear();
    const twin = inputTwins[random.below(Math.max(1, inputTwins.length))];
    if (twin !== undefined && random.next() < 0.5) {
      if (random.next() < 0.5) entries.clear();
      const w = weight();
      entries.set(twin[0], w).set(twin[1], -w);
    }
    const column = { entries, bias: drawBias() };
    for (let copy = 1 + random.below(3); copy > 0; copy--) columns.push(column);
  }
  const order = randomPermutation(columns.length, random);
  const mixed = Array.from(order, (c) => columns[c]);
  const twins = mixed.flatMap((column, j) => {
    const first = mixed.indexOf(column);
    return first < j ? [[first, j] as const] : [];
  });
  return { columns: mixed, twins };
}

function makePlantedLayer(
  nrows: number,
  columns: readonly Column[],
  { activation, biasRule, bias }: PlantedOptions,
  isLast: boolean,
): Layer {
  const colPtr = new Uint32Array(columns.length + 1);
  const entries = columns.map((column) => [...column.entries].toSorted(([a], [b]) => a - b));
  entries.forEach((list, j) => {
    colPtr[j + 1] = colPtr[j] + list.length;
  });
  const rowIdx = makeIndexArray(colPtr[columns.length], nrows);
  rowIdx.set(entries.flatMap((list) => list.map(([row]) => row)));
  const values = Float32Array.from(entries.flatMap((list) => list.map(([, value]) => value)));
  const weights: CscMatrix = { format: "csc", nrows, ncols: columns.length, colPtr, rowIdx, values };
  const hidden: Activation = activation.kind === "softmax" ? { kind: "relu" } : activation;
  return {
    weights,
    bias: Float32Array.from(bias === "single" ? columns.slice(0, 1) : columns, (column) => column.bias),
    rule: { activation: isLast ? activation : hidden, biasRule },
  };
}
