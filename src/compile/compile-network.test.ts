// Plan: random networks with planted duplicates, constants, unread neurons, stored zeros and cancellations, for every
// activation, both bias rules and biases of every sign, each pass alone and all together: the compiled network against
// the original by the float64 oracle (bit by bit where all sums are exact), sizes against the account, and compiling
// twice against compiling once. Then what each pass must find on networks made by hand is in the tests of the passes.

import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { makeRandom } from "../core/random.ts";
import { type Activation, BIAS_RULES } from "../network/layer-rule.ts";
import type { Network } from "../network/network.ts";
import { inferLayerOracle, inferOracle } from "../network/oracle.ts";
import { ACTIVATIONS, isExact, makeExactRows, makeRealRows } from "../testing/layer-cases.ts";
import { makePlantedNetwork, type PlantedOptions } from "../testing/planted-network.ts";
import { assertWithin } from "../testing/tolerance.ts";
import { compileNetwork } from "./compile-network.ts";
import { PASSES, SUM_RULES } from "./passes.ts";

const SEED = 20251;
const RUNS = 3_000;
const ROWS = 7;
const IDENTITY: Activation = { kind: "identity" };
const PROMISE = { relative: 1e-5, absolute: 1e-5 };

const planted: fc.Arbitrary<PlantedOptions & { seed: number }> = fc.record({
  layers: fc.integer({ min: 1, max: 6 }),
  inputs: fc.integer({ min: 0, max: 8 }),
  values: fc.constantFrom("dyadic", "real"),
  biasRule: fc.constantFrom(...BIAS_RULES),
  activation: fc.constantFrom(...ACTIVATIONS),
  bias: fc.constantFrom("negative", "positive", "mixed", "single"),
  seed: fc.nat(2 ** 31),
});

const settings = fc.record({
  passes: fc.oneof(
    fc.constant([...PASSES]),
    fc.constantFrom(...PASSES).map((pass) => [pass]),
    fc.subarray([...PASSES]),
  ),
  sums: fc.constantFrom(...SUM_RULES),
  keepOutputs: fc.boolean(),
});

/** Everything of a network that a file would hold. */
function plain(network: Network): unknown {
  return {
    outputMap: network.outputMap,
    layers: network.layers.map(({ weights, bias, rule }) => ({ ...weights, bias: [...bias], rule })),
  };
}

/**
 * True when float64 itself cannot tell whether some Z is zero: a residue of rounding where exact sums would cancel. Under
 * the rule `stored` such a row may jump, in the original and in the compiled network, and says nothing about either.
 */
function hasResidue(network: Network, rows: Float64Array): boolean {
  let current = rows;
  for (const layer of network.layers) {
    const sums = { ...layer, bias: Float32Array.of(0), rule: { activation: IDENTITY, biasRule: "all" as const } };
    if (inferLayerOracle(sums, current, ROWS).some((z) => z !== 0 && Math.abs(z) < 1e-9)) return true;
    current = inferLayerOracle(layer, current, ROWS);
  }
  return false;
}

test("compiled networks compute the same, give a true account and compile to themselves", () => {
  const removed = new Map<string, number>();
  let residues = 0;
  fc.assert(
    fc.property(planted, settings, ({ seed, ...options }, compile) => {
      const random = makeRandom(seed);
      const network = makePlantedNetwork(options, random);
      const { network: compiled, report } = compileNetwork(network, compile);

      const make = options.values === "dyadic" ? makeExactRows : makeRealRows;
      const rows = make(ROWS, options.inputs, random);
      const expected = inferOracle(network, rows, ROWS);
      const found = inferOracle(compiled, rows, ROWS);
      const isAllExact = options.values === "dyadic" && isExact(options.activation);
      if (isAllExact) assert.ok(expected.every((value, p) => value === found[p]));
      else if (hasResidue(network, rows) || hasResidue(compiled, rows)) residues++;
      else assertWithin(found, expected, PROMISE, "compiled", network.outputs);

      const { before, after } = report;
      for (const key of ["neurons", "weights"] as const) {
        const gone = report.passes.reduce((sum, pass) => sum + pass[key], 0);
        assert.equal(before[key] - gone, after[key], `${key} gone`);
      }
      for (const { pass, weights, neurons, moved } of report.passes) {
        assert.ok(weights >= 0 && neurons >= 0, `${pass}: ${neurons} neurons, ${weights} weights`);
        assert.ok(pass === "order" ? neurons + weights === 0 : moved === 0, `${pass} does only its own work`);
        removed.set(pass, (removed.get(pass) ?? 0) + neurons + weights + moved);
      }
      assert.equal(compiled.outputs, network.outputs);
      if (compile.keepOutputs) assert.equal(compiled.outputMap, null);

      assert.deepEqual(plain(compileNetwork(compiled, compile).network), plain(compiled), "compiled twice");
    }),
    { seed: SEED, numRuns: RUNS },
  );
  assert.ok(residues < RUNS / 10, `${residues} networks have residues`);
  // Every pass had something to do, or nothing was tested.
  for (const pass of PASSES) assert.ok((removed.get(pass) ?? 0) > 500, `${pass} removed ${removed.get(pass)}`);
});
