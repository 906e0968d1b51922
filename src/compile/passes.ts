// The passes by name, what they may be asked for, and the account that they give. docs/compile.md holds their proofs.

import { checkChoice } from "../core/checks.ts";

/**
 * `unread`: drop neurons that nobody reads. `zeros`: drop stored weights of value zero. `constants`: fold neurons that
 * read nothing into the biases of their readers. `equal`: merge neurons that always have the same activation. `order`:
 * number hidden neurons so that those read together lie together.
 */
export const PASSES = ["unread", "zeros", "constants", "equal", "order"] as const;
/** Name of a pass. */
export type Pass = (typeof PASSES)[number];

/**
 * How sums of weights (and of weights and biases) are stored. `rounded`: to the nearest float32, except where a layer
 * asks whether a sum is exactly zero. `exact`: neurons are merged and folded only where every sum needs no rounding, so
 * that the compiled network is the same function over real numbers.
 */
export const SUM_RULES = ["rounded", "exact"] as const;
/** One of SUM_RULES. */
export type SumRule = (typeof SUM_RULES)[number];

/** What to compile with. */
export interface CompileOptions {
  /** Default: all. */
  readonly passes?: readonly Pass[];
  /** Default: `rounded`. */
  readonly sums?: SumRule;
  /** Leave the last layer's neurons as they are, instead of merging equal ones behind an output map. Default: false. */
  readonly keepOutputs?: boolean;
}

export interface CompileSettings {
  readonly passes: ReadonlySet<Pass>;
  readonly sums: SumRule;
  readonly keepOutputs: boolean;
}

/** Options with every default filled in. @throws UsageError */
export function resolveCompileOptions(options: CompileOptions = {}): CompileSettings {
  const passes = (options.passes ?? PASSES).map((pass) => checkChoice(pass, PASSES, "pass"));
  return {
    passes: new Set(passes),
    sums: checkChoice(options.sums ?? "rounded", SUM_RULES, "sums"),
    keepOutputs: options.keepOutputs ?? false,
  };
}

/** What a pass removed. Work that passes share is in `rewriteSeconds`. */
export interface PassReport {
  readonly pass: Pass;
  neurons: number;
  weights: number;
  /** Neurons that have another number than without the pass `order`, in the last round. */
  moved: number;
  seconds: number;
}

/** The account of a compilation: `before` less what the passes removed is `after`. */
export interface CompileReport {
  /** Those that ran, in the order of PASSES. */
  readonly passes: readonly PassReport[];
  readonly before: Size;
  readonly after: Size;
  /** Times that all layers were gone through, until nothing more could be removed. */
  rounds: number;
  /** Writing down what the passes found: shared by all of them. */
  rewriteSeconds: number;
}

/** Of all layers; the features of the input are no neurons. */
export interface Size {
  neurons: number;
  weights: number;
}

export function makeReport({ passes }: CompileSettings): CompileReport {
  const ran = PASSES.filter((pass) => passes.has(pass));
  return {
    passes: ran.map((pass) => ({ pass, neurons: 0, weights: 0, moved: 0, seconds: 0 })),
    before: { neurons: 0, weights: 0 },
    after: { neurons: 0, weights: 0 },
    rounds: 0,
    rewriteSeconds: 0,
  };
}

/** Forgets what an earlier round moved: only the last round's numbers are written. */
export function forgetMoves(report: CompileReport): void {
  for (const line of report.passes) line.moved = 0;
}

/** Adds to the account of a pass; of one that did not run there is nothing to add. */
export function account(report: CompileReport, pass: Pass, found: Partial<Omit<PassReport, "pass">>): void {
  const line = report.passes.find((candidate) => candidate.pass === pass);
  if (line === undefined) return;
  line.neurons += found.neurons ?? 0;
  line.weights += found.weights ?? 0;
  line.moved += found.moved ?? 0;
  line.seconds += found.seconds ?? 0;
}
