// The JSON text kept under `gossamer` in the metadata of a network file: orientation, layer rules, shapes, and for
// each layer the numbers of the layers whose tensors it uses (equal arrays are stored once).

import { type Activation, ACTIVATION_KINDS, BIAS_RULES, type LayerRule } from "../network/layer-rule.ts";
import { FormatError } from "../core/errors.ts";
import { expectObject, wrong } from "./safetensors-header.ts";

export const NETWORK_FORMAT = "gossamer.network/1";
/** For every output its neuron of the last layer; only in a file whose metadata says `mappedOutputs`. */
export const OUTPUT_MAP_TENSOR = "outputs.map";
export const ORIENTATIONS = ["csc", "csr"] as const;
export type Orientation = (typeof ORIENTATIONS)[number];

export const LAYER_TENSORS = ["indptr", "indices", "values", "bias"] as const;
export type LayerTensor = (typeof LAYER_TENSORS)[number];

export interface StoredLayer {
  /** Inputs x neurons. */
  readonly shape: readonly [number, number];
  /** Index into `rules`. */
  readonly rule: number;
  /** For each tensor, the layer under whose number it is stored. */
  readonly stored: Readonly<Record<LayerTensor, number>>;
}

export interface NetworkMetadata {
  readonly orientation: Orientation;
  readonly rules: readonly LayerRule[];
  readonly layers: readonly StoredLayer[];
  /** Length of the tensor `outputs.map`; null for a file without one, whose outputs are the last layer's neurons. */
  readonly mappedOutputs: number | null;
}

const MAX_DIMENSION = 2 ** 32 - 2;

export function formatMetadata(metadata: NetworkMetadata): string {
  const layers = metadata.layers.map(({ shape, rule, stored }) => ({ shape, rule, ...stored }));
  const rules = metadata.rules.map(({ activation, biasRule }) => ({
    activation: packActivation(activation),
    biasRule,
  }));
  const outputs = metadata.mappedOutputs === null ? {} : { mappedOutputs: metadata.mappedOutputs };
  return JSON.stringify({ orientation: metadata.orientation, ...outputs, rules, layers });
}

/** @throws FormatError naming the field, as "gossamer.layers[3].shape". */
export function parseMetadata(path: string, text: string): NetworkMetadata {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new FormatError(path, null, "__metadata__.gossamer is not JSON", { cause: error });
  }
  const fields = expectObject(path, "gossamer", value);
  const orientation = ORIENTATIONS.find((known) => known === fields["orientation"]);
  if (orientation === undefined) throw wrong(path, "gossamer.orientation", fields["orientation"], '"csc" or "csr"');
  const rules = expectList(path, "gossamer.rules", fields["rules"]).map((rule, r) =>
    parseRule(path, `gossamer.rules[${r}]`, rule),
  );
  const list = expectList(path, "gossamer.layers", fields["layers"]);
  if (list.length === 0) throw wrong(path, "gossamer.layers", list, "at least one layer");
  const layers = list.map((layer, l) => parseLayer(path, layer, l, rules.length, list.length));
  checkChain(path, layers, rules);
  const mappedOutputs = fields["mappedOutputs"] ?? null;
  if (mappedOutputs !== null && !isCount(mappedOutputs, MAX_DIMENSION)) {
    throw wrong(path, "gossamer.mappedOutputs", mappedOutputs, "a whole number");
  }
  return { orientation, rules, layers, mappedOutputs };
}

function parseLayer(path: string, value: unknown, l: number, ruleCount: number, layerCount: number): StoredLayer {
  const field = `gossamer.layers[${l}]`;
  const fields = expectObject(path, field, value);
  const [inputs, neurons, ...rest] = expectList(path, `${field}.shape`, fields["shape"]);
  if (!isCount(inputs, MAX_DIMENSION) || !isCount(neurons, MAX_DIMENSION) || rest.length > 0) {
    throw wrong(path, `${field}.shape`, fields["shape"], "two whole numbers (inputs, neurons)");
  }
  const rule = fields["rule"];
  if (!isCount(rule, ruleCount - 1)) throw wrong(path, `${field}.rule`, rule, `0 to ${ruleCount - 1}`);
  const stored = { indptr: l, indices: l, values: l, bias: l };
  for (const tensor of LAYER_TENSORS) {
    const at = fields[tensor];
    if (at === undefined) continue;
    if (!isCount(at, layerCount - 1)) throw wrong(path, `${field}.${tensor}`, at, `0 to ${layerCount - 1}`);
    stored[tensor] = at;
  }
  return { shape: [inputs, neurons], rule, stored };
}

function checkChain(path: string, layers: readonly StoredLayer[], rules: readonly LayerRule[]): void {
  for (let l = 0; l < layers.length; l++) {
    const { shape, rule } = layers[l]!;
    const before = layers[l - 1];
    if (before !== undefined && before.shape[1] !== shape[0]) {
      const wanted = `${before.shape[1]} inputs, the neurons of the layer before`;
      throw wrong(path, `gossamer.layers[${l}].shape`, shape, wanted);
    }
    if (l < layers.length - 1 && rules[rule]!.activation.kind === "softmax") {
      throw wrong(path, `gossamer.layers[${l}].rule`, "softmax", "softmax on the last layer only");
    }
  }
}

function parseRule(path: string, field: string, value: unknown): LayerRule {
  const { activation, biasRule } = expectObject(path, field, value);
  const rule = BIAS_RULES.find((known) => known === biasRule);
  if (rule === undefined) throw wrong(path, `${field}.biasRule`, biasRule, BIAS_RULES.join(" or "));
  return { activation: parseActivation(path, `${field}.activation`, activation), biasRule: rule };
}

function parseActivation(path: string, field: string, value: unknown): Activation {
  const fields = expectObject(path, field, value);
  const kind = ACTIVATION_KINDS.find((known) => known === fields["kind"]);
  if (kind === undefined) throw wrong(path, `${field}.kind`, fields["kind"], ACTIVATION_KINDS.join(", "));
  if (kind === "clipped-relu") {
    const low = parseBound(path, `${field}.low`, fields["low"]);
    const high = parseBound(path, `${field}.high`, fields["high"]);
    if (low > high) throw wrong(path, `${field}.low`, low, `at most high, ${high}`);
    return { kind, low, high };
  }
  if (kind === "leaky-relu") {
    const slope = fields["slope"];
    if (typeof slope !== "number" || !Number.isFinite(Math.fround(slope))) {
      throw wrong(path, `${field}.slope`, slope, "a number in the range of float32");
    }
    return { kind, slope };
  }
  return { kind };
}

/** JSON has no infinity, which is a good bound: it is written as a string. */
function packActivation(activation: Activation): object {
  if (activation.kind !== "clipped-relu") return activation;
  const { kind, low, high } = activation;
  return { kind, low: packBound(low), high: packBound(high) };
}

function packBound(bound: number): number | string {
  return Number.isFinite(bound) ? bound : String(bound);
}

function parseBound(path: string, field: string, value: unknown): number {
  if (typeof value === "number") return value;
  if (value === "Infinity" || value === "-Infinity") return Number(value);
  throw wrong(path, field, value, 'a number, "Infinity" or "-Infinity"');
}

/** @throws FormatError unless `value` is a list. */
function expectList(path: string, field: string, value: unknown): unknown[] {
  if (Array.isArray(value)) return value;
  throw wrong(path, field, value, "a list");
}

/** True for a whole number from 0 to `max`. */
export function isCount(value: unknown, max: number): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= max;
}
