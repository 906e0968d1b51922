// Plan: the grid of axes without points that differ in nothing; every study that comes with the project is well formed;
// one table of bad specifications, each refused with the field's name; a file that is missing or no JSON.

import assert from "node:assert/strict";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { test } from "node:test";
import { FormatError, UsageError } from "../../core/errors.ts";
import { makeTemporaryFolder } from "../../testing/temporary-folder.ts";
import { comboKey, listCombos } from "./axes.ts";
import { checkSpec, DEFAULT_SPEC, readSpec } from "./spec.ts";

const STUDIES = fileURLToPath(new URL("../../../studies", import.meta.url));
const CASE = { name: "a", network: { radixnet: { neurons: 32, layers: 2 } }, inputs: { random: {} } };

test("an axis that means nothing at a point is left out, and points that are then the same are one", () => {
  const combos = listCombos({
    workers: [2],
    strategy: ["data", "data-then-model", "work-stealing"],
    pickOrder: ["slower-first", "faster-first"],
    tilesPerWorker: [4, 8],
    hash: ["none", "input"],
    hashMethod: ["stride", "deal"],
  });
  // Three hashings each of: data; data-then-model by two orders; work-stealing by two numbers of tiles.
  assert.equal(combos.length, 3 * (1 + 2 + 2));
  assert.equal(new Set(combos.map(comboKey)).size, combos.length);
  const plain = combos.find(({ strategy, hash }) => strategy === "data" && hash === "none") ?? {};
  assert.deepEqual(
    ["pickOrder", "tilesPerWorker", "hashMethod"].filter((name) => name in plain),
    [],
  );
});

test("the default study and all studies of the project are well formed", async () => {
  assert.ok(checkSpec(DEFAULT_SPEC).cases.length > 0);
  const files = readdirSync(STUDIES).filter((name) => name.endsWith(".json"));
  assert.ok(files.length >= 5);
  for (const file of files) assert.ok((await readSpec(join(STUDIES, file))).cases.length > 0, file);
});

test("a case has the study's axes and repeats, or its own", () => {
  const { cases } = checkSpec({
    repeats: 7,
    axes: { workers: [1], hash: ["none"] },
    cases: [CASE, { ...CASE, name: "b", repeats: 2, axes: { workers: [2, 3] } }],
  });
  assert.deepEqual(
    cases.map(({ repeats, axes }) => [repeats, axes]),
    [
      [7, { workers: [1], hash: ["none"] }],
      [2, { workers: [2, 3], hash: ["none"] }],
    ],
  );
});

const BAD: readonly [spec: unknown, field: RegExp][] = [
  [null, /the specification/],
  [[], /the specification/],
  [{}, /cases/],
  [{ cases: [] }, /cases/],
  [{ cases: [CASE], repeat: 3 }, /"repeat"/],
  [{ cases: [CASE], repeats: 0 }, /repeats/],
  [{ cases: [CASE], repeats: "3" }, /repeats/],
  [{ cases: [CASE], seed: -1 }, /seed/],
  [{ cases: [CASE], name: 5 }, /name/],
  [{ cases: [CASE, CASE] }, /two have the name "a"/],
  [{ cases: [{ ...CASE, name: " " }] }, /cases\[0\]\.name/],
  [{ cases: [{ ...CASE, network: {} }] }, /cases\[0\]\.network has no source/],
  [{ cases: [{ ...CASE, network: { path: "a", radixnet: {} } }] }, /path and radixnet/],
  [{ cases: [{ ...CASE, inputs: { sortedByNonzeros: true } }] }, /cases\[0\]\.inputs has no source/],
  [{ cases: [CASE], axes: { colour: ["red"] } }, /"colour"/],
  [{ cases: [CASE], axes: { workers: 2 } }, /workers/],
  [{ cases: [CASE], axes: { workers: [] } }, /workers/],
  [{ cases: [CASE], axes: { workers: [0] } }, /workers has 0/],
  [{ cases: [CASE], axes: { workers: [1.5] } }, /workers has 1\.5/],
  [{ cases: [CASE], axes: { hash: ["rows"] } }, /hash has "rows", expected one of none/],
  [{ cases: [CASE], axes: { hash: [1] } }, /hash has 1/],
];

test("a bad specification is refused with the name of the field", () => {
  for (const [spec, field] of BAD) {
    assert.throws(
      () => checkSpec(spec),
      (error) => error instanceof UsageError && field.test(error.message),
      JSON.stringify(spec),
    );
  }
});

test("a bad file is refused with its name", async () => {
  using folder = makeTemporaryFolder("spec");
  const path = join(folder.path, "spec.json");
  await assert.rejects(readSpec(path), FormatError);
  for (const text of ["", "{", "{}"]) {
    writeFileSync(path, text);
    await assert.rejects(readSpec(path), (error) => error instanceof FormatError && error.path === path);
  }
});
