// A feed-forward sparse network held in memory: layers of Y' = act(Y W + b), W by columns (one column, one neuron).

import { ShapeError } from "../core/errors.ts";
import { checkCsc } from "../sparse/check.ts";
import type { CscMatrix } from "../sparse/matrix.ts";
import { activate, type LayerRule } from "./layer-rule.ts";

/** One layer: act(Y W + b) under its rule. */
export interface Layer {
  /** Inputs of the layer x neurons of the layer. */
  readonly weights: CscMatrix;
  /** One bias for all neurons (length 1) or one a neuron (length ncols). */
  readonly bias: Float32Array;
  readonly rule: LayerRule;
}

/** Layers that fit each other; made by makeNetwork. */
export interface Network {
  readonly layers: readonly Layer[];
  /** Number of features of an input row. */
  readonly inputs: number;
  /** Values of an output row: as many as the last layer has neurons, or as `outputMap` has places. */
  readonly outputs: number;
  /** For every output the neuron of the last layer that gives it, every neuron being used; null: each gives its own. */
  readonly outputMap: Uint32Array | null;
}

/** Makes a network and checks that its layers fit each other. @throws ShapeError */
export function makeNetwork(layers: readonly Layer[], outputMap: Uint32Array | null = null): Network {
  if (layers.length === 0) throw new ShapeError("network has 0 layers, expected at least 1");
  for (let l = 0; l < layers.length; l++) checkLayer(layers[l], layers, l);
  const neurons = layers[layers.length - 1].weights.ncols;
  if (outputMap !== null) checkOutputMap(outputMap, neurons);
  return { layers, inputs: layers[0].weights.nrows, outputs: outputMap?.length ?? neurons, outputMap };
}

/** A neuron that gives no output could be the only one that is not zero: a category that no output shows. @throws ShapeError */
function checkOutputMap(outputMap: Uint32Array, neurons: number): void {
  const isUsed = new Uint8Array(neurons);
  for (let k = 0; k < outputMap.length; k++) {
    if (outputMap[k] >= neurons) {
      throw new ShapeError(`output ${k} is neuron ${outputMap[k]} of the last layer, expected below ${neurons}`);
    }
    isUsed[outputMap[k]] = 1;
  }
  const unused = isUsed.indexOf(0);
  if (unused >= 0) throw new ShapeError(`no output is neuron ${unused} of the last layer, expected every neuron`);
}

function checkLayer(layer: Layer, layers: readonly Layer[], l: number): void {
  const name = `layer ${l + 1}`;
  const { weights, bias, rule } = layer;
  checkCsc(weights, name);
  if (l > 0 && weights.nrows !== layers[l - 1].weights.ncols) {
    throw new ShapeError(
      `${name} reads ${weights.nrows} neurons, expected ${layers[l - 1].weights.ncols} of layer ${l}`,
    );
  }
  if (bias.length !== 1 && bias.length !== weights.ncols) {
    throw new ShapeError(`${name} has ${bias.length} biases, expected 1 or ${weights.ncols}`);
  }
  for (let j = 0; j < bias.length; j++) {
    if (!Number.isFinite(bias[j])) throw new ShapeError(`${name}: bias ${j} is ${bias[j]}, expected a finite number`);
  }
  const a = rule.activation;
  if (a.kind === "softmax" && l !== layers.length - 1) {
    throw new ShapeError(`${name} has softmax, expected on the last layer only`);
  }
  if (a.kind === "clipped-relu" && !(a.low <= a.high)) {
    throw new ShapeError(`${name}: bounds ${a.low} to ${a.high}, expected low <= high`);
  }
  if (a.kind === "leaky-relu" && !Number.isFinite(Math.fround(a.slope))) {
    throw new ShapeError(`${name}: slope ${a.slope}, expected a finite number`);
  }
}

/** Sizes of a network, for who does not need its weights. */
export interface NetworkFacts {
  readonly layers: number;
  readonly inputs: number;
  readonly outputs: number;
  readonly edges: number;
}

/** The sizes of a network, also of one that is only sizes. */
export function factsOf(network: Network | NetworkFacts): NetworkFacts {
  const { layers, inputs, outputs } = network;
  if (typeof layers === "number") return { layers, inputs, outputs, edges: (network as NetworkFacts).edges };
  return { layers: layers.length, inputs, outputs, edges: edgeCount(network as Network) };
}

/** What a run must know of a network beside its weights. */
export interface NetworkShape extends NetworkFacts {
  readonly outputMap: Uint32Array | null;
}

export function shapeOf(network: Network): NetworkShape {
  return { ...factsOf(network), outputMap: network.outputMap };
}

/** Stored weights of all layers: the edges that one row passes. */
export function edgeCount(network: Network): number {
  return network.layers.reduce((sum, layer) => sum + layer.weights.rowIdx.length, 0);
}

/** The first `count` layers as a network of their own. */
export function takeLayers(network: Network, count: number): Network {
  return makeNetwork(network.layers.slice(0, count), count < network.layers.length ? null : network.outputMap);
}

/** True when a row of zeros stays a row of zeros through this layer, so that it may be dropped. */
export function preservesZeroRows(layer: Pick<Layer, "rule" | "bias">): boolean {
  const { activation, biasRule } = layer.rule;
  if (activation.kind === "softmax") return false;
  if (biasRule === "stored") return activate(activation, 0) === 0;
  return layer.bias.every((b) => activate(activation, b) === 0);
}
