// Build a network from arrays, give it rows from memory, and read final activations.
// Run it with `node examples/02-typed-arrays.ts` after `npm run build`.

import { type Layer, makeNetwork, openEngine, openInputs } from "gossamer";

// Exclusive or of two inputs in two layers. Weights by columns: one column, one neuron.
//   hidden = relu([x + y, x + y - 1])         output = hidden[0] - 2 hidden[1]
const hidden: Layer = {
  weights: {
    format: "csc",
    nrows: 2,
    ncols: 2,
    colPtr: Uint32Array.of(0, 2, 4),
    rowIdx: Uint16Array.of(0, 1, 0, 1),
    values: Float32Array.of(1), // one value stands for all weights
  },
  bias: Float32Array.of(0, -1),
  rule: { activation: { kind: "relu" }, biasRule: "all" },
};
const output: Layer = {
  weights: {
    format: "csc",
    nrows: 2,
    ncols: 1,
    colPtr: Uint32Array.of(0, 2),
    rowIdx: Uint16Array.of(0, 1),
    values: Float32Array.of(1, -2),
  },
  bias: Float32Array.of(0),
  rule: { activation: { kind: "identity" }, biasRule: "all" },
};

await using engine = await openEngine(makeNetwork([hidden, output]), { keepActivations: true, workers: 1 });
const rows = await openInputs([0, 0, 0, 1, 1, 0, 1, 1], { rows: 4, features: 2 });
const result = await engine.infer(rows);
const answers = [0, 1, 2, 3].map((row) => result.activations(row)[0]);
console.log(`exclusive or: ${answers.join(" ")}`);
