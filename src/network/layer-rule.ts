// What a layer does after the product Z = Y W: where the bias is added, and the activation.
// docs/layer-rule.md states the same in words. Evaluation in float64 lives in oracle.ts, the fast one in the kernels.

/**
 * `stored`: b is added where Z is not zero (the Graph Challenge's rule). `all`: b is added everywhere.
 * They differ only for entries whose Z is zero.
 */
export const BIAS_RULES = ["stored", "all"] as const;
/** One of BIAS_RULES. */
export type BiasRule = (typeof BIAS_RULES)[number];

/** The activations that a layer can have. */
export const ACTIVATION_KINDS = [
  "clipped-relu",
  "relu",
  "leaky-relu",
  "sigmoid",
  "tanh",
  "identity",
  "softmax",
] as const;
/** One of ACTIVATION_KINDS. */
export type ActivationKind = (typeof ACTIVATION_KINDS)[number];

/** `clipped-relu`: min(high, max(low, z)). `leaky-relu`: z when z > 0, slope z otherwise. `softmax`: over the row, last layer only. */
export type Activation =
  | { readonly kind: "clipped-relu"; readonly low: number; readonly high: number }
  | { readonly kind: "leaky-relu"; readonly slope: number }
  | { readonly kind: "relu" | "sigmoid" | "tanh" | "identity" | "softmax" };

/** What a layer does after Z = Y W. */
export interface LayerRule {
  readonly activation: Activation;
  readonly biasRule: BiasRule;
}

/** The rule of the Sparse DNN Graph Challenge: min(32, max(0, Z + b)), b where Z is not zero. */
export const CHALLENGE_RULE: LayerRule = {
  activation: { kind: "clipped-relu", low: 0, high: 32 },
  biasRule: "stored",
};

/** The challenge's bias by number of neurons; null for another number. Source: graphchallenge.mit.edu, sparse DNN. */
export function challengeBias(neurons: number): number | null {
  const known: Record<number, number> = { 1024: -0.3, 4096: -0.35, 16384: -0.4, 65536: -0.45 };
  return known[neurons] ?? null;
}

/** act(z) for one value, in float64; softmax is not of one value and gives z itself. */
export function activate(activation: Activation, z: number): number {
  switch (activation.kind) {
    case "clipped-relu":
      return Math.min(activation.high, Math.max(activation.low, z));
    case "relu":
      return Math.max(0, z);
    case "leaky-relu":
      return z > 0 ? z : activation.slope * z;
    case "sigmoid":
      return 1 / (1 + Math.exp(-z));
    case "tanh":
      return Math.tanh(z);
    case "identity":
    case "softmax":
      return z;
  }
}
