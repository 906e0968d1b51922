// Plan: the main job as a user starts it, with few layers: a first run makes inputs and network and keeps them, a second
// one reads them and gives the same categories, a third finds a changed byte, says so and makes that file anew; the
// sample is checked. Then the check itself: it must find a wrong activation, a wrong verdict and NaN. And the data folder
// by platform.

import assert from "node:assert/strict";
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { radixNetLayers } from "../../data/generate/radix-net.ts";
import { randomInputs } from "../../data/generate/random-inputs.ts";
import { openEngine } from "../../engine/engine.ts";
import type { InferenceResult } from "../../engine/result.ts";
import { makeNetwork } from "../../network/network.ts";
import type { RunRecord } from "../../report/run-record.ts";
import { runGossamer } from "../../testing/command.ts";
import { makeTemporaryFolder } from "../../testing/temporary-folder.ts";
import { checkSample, chooseRows, type SampleCheck } from "./check-sample.ts";
import { dataFolder } from "./data-folder.ts";
import { chooseReference, referenceLayer } from "./reference.ts";

type Account = RunRecord & { readonly check: SampleCheck };

test("the main job, cold, warm and with a damaged file", async (t) => {
  using folder = makeTemporaryFolder("main-job");
  const data = join(folder.path, "data");
  const start = async (): Promise<{ account: Account; stderr: string; seconds: number }> => {
    const run = await runGossamer(["challenge", "--layers", "20", "--json"], { env: { GOSSAMER_DATA: data } });
    assert.equal(run.status, 0, run.stderr);
    return { account: JSON.parse(run.stdout) as Account, stderr: run.stderr, seconds: run.seconds };
  };
  const cold = await start();
  const { account } = cold;
  assert.deepEqual([account.rows, account.network.layers, account.network.inputs], [60_000, 20, 1024]);
  assert.ok(
    account.categories.count > 1000 && account.categories.count < 3000,
    `${account.categories.count} categories`,
  );
  assert.deepEqual([account.check.rows.length, account.check.categories], [6, 3]);
  assert.deepEqual([account.check.wrongRows, account.check.reference], [[], "oracle"]);
  const names = ["mnist-1024.safetensors", "radixnet-1024x20-seed1.safetensors"];
  assert.deepEqual(
    readdirSync(data),
    names.flatMap((name) => [name, `${name}.sha256`]),
  );

  const times = names.map((name) => statSync(join(data, name)).mtimeMs);
  const warm = await start();
  assert.deepEqual(warm.account.categories, account.categories);
  assert.deepEqual(
    names.map((name) => statSync(join(data, name)).mtimeMs),
    times,
    "nothing is made again",
  );
  t.diagnostic(`cold ${cold.seconds.toFixed(2)} s, warm ${warm.seconds.toFixed(2)} s`);

  const network = join(data, names[1] ?? "");
  const whole = readFileSync(network);
  const damaged = Buffer.from(whole);
  damaged[damaged.length - 1000] = (damaged[damaged.length - 1000] ?? 0) ^ 1;
  writeFileSync(network, damaged);
  const again = await start();
  assert.match(again.stderr, /radixnet-1024x20-seed1\.safetensors: .*checksum.*made anew/);
  assert.deepEqual(again.account.categories, account.categories);
  assert.ok(readFileSync(network).equals(whole));
});

test("the check finds a wrong activation, a wrong verdict and NaN", async () => {
  const network = makeNetwork(Array.from(radixNetLayers({ neurons: 256, layers: 6, seed: 1, permute: true })));
  const inputs = randomInputs({ rows: 400, features: 256, density: 0.15, seed: 1 });
  await using engine = await openEngine(network, { keepActivations: true, workers: 2 });
  const result = await engine.infer(inputs);
  const seed = 3;
  const check = (changed: InferenceResult): Promise<SampleCheck> =>
    checkSample(network, inputs, changed, {
      seed,
      workers: 2,
      signal: new AbortController().signal,
      onProgress: () => {},
    });
  const right = await check(result);
  assert.equal(right.rows.length, 6);
  assert.deepEqual(right.wrongRows, []);

  const row = right.rows.find((candidate) => result.categories.includes(candidate)) ?? -1;
  const withValue = (change: (value: number) => number): InferenceResult => ({
    ...result,
    activations(asked) {
      const activations = result.activations(asked).slice();
      if (asked === row) activations[7] = change(activations[7] ?? 0);
      return activations;
    },
  });
  assert.deepEqual((await check(withValue((value) => value + 0.01))).wrongRows, [row]);
  assert.deepEqual((await check(withValue(() => Number.NaN))).wrongRows, [row]);
  assert.deepEqual((await check(withValue((value) => value))).wrongRows, []);

  // A category that the result leaves out: the sample of that result has it among the others for some seed.
  const without = { ...result, categories: result.categories.filter((category) => category !== row) };
  const seeds = Array.from({ length: 5000 }, (_, k) => k);
  const found = seeds.find((candidate) => chooseRows(without, candidate).includes(row)) ?? -1;
  assert.ok(found >= 0, "no seed draws the row");
  const verdict = await checkSample(network, inputs, without, {
    seed: found,
    workers: 1,
    signal: new AbortController().signal,
    onProgress: () => {},
  });
  assert.deepEqual(verdict.wrongRows, [row]);
});

test("the reference for large networks equals the oracle", () => {
  const [layer] = radixNetLayers({ neurons: 256, layers: 1, seed: 1, permute: true });
  assert.ok(layer !== undefined);
  const rows = Float64Array.from({ length: 3 * 256 }, (_, p) => (p % 7 === 0 ? p / 100 : 0));
  assert.deepEqual(referenceLayer("stored", layer, rows, 3), referenceLayer("oracle", layer, rows, 3));
  assert.equal(chooseReference([layer]), "oracle");
  assert.equal(
    chooseReference(Array.from(radixNetLayers({ neurons: 16384, layers: 1, seed: 1, permute: true }))),
    "stored",
  );
});

test("the data folder", () => {
  const home = homedir();
  assert.equal(dataFolder({ GOSSAMER_DATA: "/some/where" }, "linux"), "/some/where");
  assert.equal(dataFolder({ XDG_CACHE_HOME: "/cache" }, "linux"), join("/cache", "gossamer"));
  assert.equal(dataFolder({ XDG_CACHE_HOME: "relative" }, "linux"), join(home, ".cache", "gossamer"));
  assert.equal(dataFolder({}, "linux"), join(home, ".cache", "gossamer"));
  assert.equal(dataFolder({ XDG_CACHE_HOME: "/cache" }, "darwin"), join(home, "Library", "Caches", "gossamer"));
});
