// The whole product on the official network: strategies x hashings x format pairs x workers gives the official categories.
// A cut: 30 layers, after which the categories of the full network stand, and the first 2000 rows, `distinct` and `nonzero`
// by turns; scripts/nightly.mjs runs it in full. Not covered here: activations (oracle.test.ts).

import assert from "node:assert/strict";
import { test } from "node:test";
import { mnistInputs } from "../data/generate/mnist.ts";
import { readNetwork } from "../data/read-network.ts";
import { readTruth } from "../data/truth.ts";
import { isDense, LISTED_PAIRS } from "../kernels/format-pairs.ts";
import { compareCategories } from "../network/categories.ts";
import { HASH_MODES } from "../partition/hashing.ts";
import { sliceCsrRows } from "../sparse/convert.ts";
import { challengeFolder, NO_CHALLENGE, skipOrFail } from "../testing/challenge.ts";
import { openEngine } from "./engine.ts";
import { type ActivationFormat, STRATEGIES, type WeightFormat } from "./options.ts";

const ROWS = 2000;
const LAYERS = 30;
/** Dense weights multiply 32 times as much for the same answer; 300 rows hold the first category. */
const DENSE_ROWS = 300;
const WORKERS = [1, 2, 3];

/** Tiles, and the pairs that the reference system runs or announces. */
const PAIRS: readonly (readonly [ActivationFormat, WeightFormat])[] = [
  ["tile", "csc"],
  ...LISTED_PAIRS.map(({ activations, weights }) => [activations, weights] as const),
];

for (const [activationFormat, weightFormat] of PAIRS) {
  test(`${activationFormat} x ${weightFormat}: every strategy, hashing and number of workers gives the official categories`, async (t) => {
    const folder = challengeFolder();
    if (folder === null) {
      skipOrFail(t, "challenge", NO_CHALLENGE);
      return;
    }
    const network = await readNetwork(`${folder}/neuron1024`, { layers: LAYERS });
    const all = await mnistInputs({ side: 32 });
    const count = isDense(weightFormat) ? DENSE_ROWS : ROWS;
    const inputs = sliceCsrRows(all, 0, count);
    const truth = (await readTruth(`${folder}/neuron1024-l120-categories.tsv`)).filter((row) => row < count);
    assert.ok(truth.length > 0);
    for (const [h, hash] of HASH_MODES.entries()) {
      for (const [w, workers] of WORKERS.entries()) {
        const rows = (h + w) % 2 === 0 ? "distinct" : "nonzero";
        await using engine = await openEngine(network, {
          hash,
          workers,
          rows,
          activationFormat,
          weightFormat,
          warmUp: false,
        });
        for (const strategy of STRATEGIES) {
          const { categories } = await engine.infer(inputs, { strategy });
          const { missing, extra } = compareCategories(categories, truth);
          assert.deepEqual(
            { missing, extra },
            { missing: 0, extra: 0 },
            `${strategy}, ${rows}, hash ${hash}, ${workers} workers`,
          );
        }
      }
    }
  });
}
