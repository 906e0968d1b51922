// Rows shared while others are computed, on ranks of one process: real engines, each a rank of a local world. Plan: inputs
// with one value and with many, features hashed and not, ranks of very different shares, one of them without rows, a pool
// that holds few; rows move before layer 0 and later, and the final activations are those of one engine, bit for bit.

import assert from "node:assert/strict";
import { test } from "node:test";
import { makeRandom } from "../core/random.ts";
import { randomInputs } from "../data/generate/random-inputs.ts";
import { radixNetLayers } from "../data/generate/radix-net.ts";
import { openEngine } from "../engine/engine.ts";
import type { EngineOptions } from "../engine/options.ts";
import { makeNetwork } from "../network/network.ts";
import { sliceCsrRows } from "../sparse/convert.ts";
import type { CsrMatrix } from "../sparse/matrix.ts";
import { makeLocalWorlds } from "../testing/local-worlds.ts";
import { makeRankDriver, type RankDriver } from "./rank-driver.ts";
import { resolveRows } from "./row-registry.ts";
import type { World } from "./world.ts";

const NETWORK = makeNetwork([...radixNetLayers({ neurons: 1024, layers: 12, seed: 3, permute: true })]);
const ROWS = 700;

const uniform = randomInputs({ rows: ROWS, features: 1024, density: 0.3, seed: 5 });
const random = makeRandom(7);
const valued: CsrMatrix = { ...uniform, values: Float32Array.from(uniform.colIdx, () => 0.25 + random.below(8)) };

/** Where each rank's rows begin, and the end. */
const SPLITS: readonly (readonly number[])[] = [
  [0, 200, 700],
  [0, 0, 700],
  [0, 640, 650, 700],
];

/** A world whose ranks are told at once, in their first round, that another has no rows left: all have all of theirs then. */
function makeHasty(world: World): World {
  let isFirst = true;
  return {
    ...world,
    openFinish(onFirst) {
      if (isFirst) onFirst();
      isFirst = false;
      return world.openFinish(onFirst);
    },
  };
}

async function runRank(world: World, inputs: CsrMatrix, split: readonly number[], options: EngineOptions) {
  const [first, end] = [split[world.rank], split[world.rank + 1]];
  const driver = makeRankDriver({
    world,
    redeal: "auto",
    rows: options.rows ?? "distinct",
    widths: NETWORK.layers.map(({ weights }) => weights.ncols),
    numbers: Uint32Array.from({ length: end - first }, (_, k) => first + k),
    link: { secondsPerMessage: 0, secondsPerByte: 0 },
    checkpoint: null,
  });
  await using engine = await openEngine(NETWORK, options);
  await engine.infer(sliceCsrRows(inputs, first, end), { driver });
  return driver;
}

/** Of every category row, the activations that some rank has for it. */
function collect(drivers: readonly RankDriver[]): Map<number, Float32Array> {
  const { end, isAlive } = resolveRows(
    ROWS,
    drivers.map((driver) => driver.outcomes()),
  );
  const found = new Map<number, Float32Array>();
  for (let row = 0; row < ROWS; row++) {
    if (isAlive[end[row]] === 0) continue;
    const values = drivers.map((driver) => driver.activationsByNumber().get(end[row])).find((one) => one !== undefined);
    assert.ok(values !== undefined, `nobody has row ${row}`);
    found.set(row, values);
  }
  return found;
}

const OPTIONS: readonly EngineOptions[] = [
  { workers: 2 },
  { workers: 1, hash: "both", rows: "nonzero" },
  { workers: 2, strategy: "data-then-model" },
  { workers: 2, strategy: "work-stealing", rows: "nonzero" },
];

for (const [name, inputs] of Object.entries({ uniform, valued })) {
  for (const options of OPTIONS) {
    test(`${name} inputs, ${JSON.stringify(options)}: what one engine computes`, async () => {
      const whole = { ...options, keepActivations: true };
      await using engine = await openEngine(NETWORK, whole);
      const solo = makeRankDriver({
        world: makeLocalWorlds(1)[0],
        redeal: "never",
        rows: options.rows ?? "distinct",
        widths: NETWORK.layers.map(({ weights }) => weights.ncols),
        numbers: Uint32Array.from({ length: ROWS }, (_, k) => k),
        link: { secondsPerMessage: 0, secondsPerByte: 0 },
        checkpoint: null,
      });
      await engine.infer(inputs, { driver: solo });
      const expected = collect([solo]);
      assert.ok(expected.size > 0 && expected.size < ROWS, `${expected.size} categories`);
      for (const split of SPLITS) {
        // A rank without rows has inputs of another form than the others where every entry has its value.
        const mayMove = !split.includes(0, 1);
        const worlds = makeLocalWorlds(split.length - 1).map(makeHasty);
        const drivers = await Promise.all(worlds.map((world) => runRank(world, inputs, split, whole)));
        const found = collect(drivers);
        assert.deepEqual([...found.keys()], [...expected.keys()]);
        for (const [row, values] of expected) assert.deepEqual(found.get(row), values, `row ${row}`);
        const moved = drivers[0].cuts.reduce((sum, cut) => sum + (cut.layer === 0 ? cut.moved : 0), 0);
        if (mayMove) assert.ok(moved > 0, `split ${split.join(" ")}: nothing moved before layer 0`);
      }
    });
  }
}
