// Gossamer as a library: `import { openNetwork, openInputs } from "gossamer"`. This page is the whole public interface;
// everything else may change without notice. Examples: examples/01-load-and-infer.ts and those that follow it.

/** Open: from disk or memory to an engine that infers. Engines are disposed by `await using` or `close()`. */
export { openNetwork, type OpenNetworkOptions, type RunOptions } from "./open-network.ts";
export { type DenseRows, type DenseShape, type InputsFileOptions, openInputs } from "./open-inputs.ts";
export { type Engine, type InferOptions, openEngine } from "../engine/engine.ts";
export {
  type EngineOptions,
  MAX_WORKERS,
  ROW_MODES,
  type RowMode,
  type Settings,
  STRATEGIES,
  type Strategy,
} from "../engine/options.ts";

/** Results: categories, activations on demand, and the figures of the run. */
export type { InferenceResult, RunFigures } from "../engine/result.ts";
export type { WorkerReport } from "../engine/task.ts";
export { compareCategories, hashCategories, type TruthComparison } from "../network/categories.ts";
export { makeRunRecord, RUN_SCHEMA, type RunFacts, type RunRecord, type RuntimeFacts } from "../report/run-record.ts";
export { edgesPerSecond } from "../report/rates.ts";

/** Networks in memory: layers of act(Y W + b), W by columns. */
export { edgeCount, type Layer, makeNetwork, type Network, takeLayers } from "../network/network.ts";
export {
  type Activation,
  ACTIVATION_KINDS,
  type ActivationKind,
  BIAS_RULES,
  type BiasRule,
  CHALLENGE_RULE,
  challengeBias,
  type LayerRule,
} from "../network/layer-rule.ts";
export type { CscMatrix, CsrMatrix, IndexArray } from "../sparse/matrix.ts";
export { csrToCsc } from "../sparse/convert.ts";
/** The float64 reference that fast results are measured by; slow on purpose. */
export { inferOracle } from "../network/oracle.ts";

/** Files: reading whole networks, writing, truth files. */
export { type NetworkOptions, readNetwork } from "../data/read-network.ts";
export { writeNetwork } from "../data/write-network.ts";
export { writeInputs } from "../data/write-inputs.ts";
export { readTruth, writeCategories } from "../data/truth.ts";

/** Made networks and inputs: the challenge's, and random ones. */
export { mnistInputs } from "../data/generate/mnist.ts";
export { radixNetLayers, type RadixNetOptions } from "../data/generate/radix-net.ts";
export { randomInputs, type RandomInputsOptions } from "../data/generate/random-inputs.ts";
export { randomLayers, type RandomLayersOptions } from "../data/generate/random-layers.ts";

/** Exact rewriting of a network into a smaller one: docs/compile.md. */
export { type CompiledNetwork, compileNetwork } from "../compile/compile-network.ts";
export {
  type CompileOptions,
  type CompileReport,
  type Pass,
  type PassReport,
  PASSES,
  type Size,
  SUM_RULES,
  type SumRule,
} from "../compile/passes.ts";

/** Errors: every one has a `code`, and a message of one line that says what was found and what was expected. */
export {
  ERROR_CODES,
  type ErrorCode,
  FormatError,
  GossamerError,
  InterruptedError,
  InvariantError,
  MpiError,
  ResourceError,
  ShapeError,
  UnsupportedError,
  UsageError,
  WorkerError,
} from "../core/errors.ts";
