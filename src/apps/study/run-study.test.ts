// Plan: a small study from start to end: every point of the grid as often as asked, interleaved, without points that
// differ in nothing; the same categories everywhere. Interrupted and started again it runs only what is missing; half a
// line at the end of the file is dropped. A case that changed under its name, and a file that is none, are refused.

import assert from "node:assert/strict";
import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { FormatError, InterruptedError, UsageError } from "../../core/errors.ts";
import { groupPoints } from "../../report/study/points.ts";
import { ranksRows } from "../../report/study/ranks-table.ts";
import { requireMpi } from "../../testing/mpi-run.ts";
import { runSmallStudy, SMALL_SPEC } from "../../testing/small-study.ts";
import { makeTemporaryFolder } from "../../testing/temporary-folder.ts";
import { readRecords, RECORDS_FILE } from "./records-file.ts";
import { checkSpec } from "./spec.ts";

const folder = makeTemporaryFolder("study");
after(() => folder[Symbol.dispose]());
const file = join(folder.path, RECORDS_FILE);

test("an interrupted study keeps its records and goes on where it stopped", async () => {
  const controller = new AbortController();
  const steps: string[] = [];
  const broken = runSmallStudy(folder.path, SMALL_SPEC, {
    signal: controller.signal,
    onStep: (name) => steps.push(name),
    onProgress: (share) => {
      if (steps.at(-1)?.endsWith("measuring") === true && share >= 5 / 16) {
        controller.abort(new InterruptedError("interrupted"));
      }
    },
  });
  await assert.rejects(broken, InterruptedError);
  const before = readFileSync(file, "utf8");
  assert.equal(before.trimEnd().split("\n").length, 5);

  // As if the machine had stopped while it wrote.
  appendFileSync(file, '{"schema":"gossamer.run/1","netw');
  const halfLines: number[] = [];
  await readRecords(folder.path, { repair: false, onHalfLine: (line) => halfLines.push(line) });
  assert.deepEqual(halfLines, [6]);

  const records = await runSmallStudy(folder.path);
  assert.ok(readFileSync(file, "utf8").startsWith(before), "records were changed");
  const names = records.map(({ record }) => `${record.study.repeat} ${record.study.key}`);
  assert.equal(names.length, 16);
  assert.equal(new Set(names).size, 16);
  // All first repeats come before all second ones.
  const repeats = records.map(({ record }) => record.study.repeat);
  assert.deepEqual(
    repeats,
    Array.from({ length: 16 }, (_, k) => (k < 8 ? 1 : 2)),
  );
  assert.equal(new Set(records.map(({ record }) => record.categories.sha256)).size, 1);
  for (const { record } of records) {
    const { rows, referenceRows, reference, largestError } = record.study.verified;
    assert.deepEqual([rows, reference], [256, "oracle"]);
    assert.ok(referenceRows >= 3 && largestError < 1e-4);
  }

  const all = readFileSync(file, "utf8");
  await runSmallStudy(folder.path);
  assert.equal(readFileSync(file, "utf8"), all, "a complete study ran again");
});

test("settings that the engine refuses are left out, with a line for each reason", async () => {
  using other = makeTemporaryFolder("study-refused");
  const axes = { activationFormat: ["tile", "csc"], weightFormat: ["csc", "csr"], strategy: ["data"], hash: ["none"] };
  const cases = SMALL_SPEC.cases.map((item) => ({ ...item, repeats: 1, axes: { ...axes, workers: [1, 2] } }));
  const said: string[] = [];
  const records = await runSmallStudy(other.path, { ...SMALL_SPEC, cases }, { say: (text) => said.push(text) });
  assert.deepEqual(
    records.map(({ record }) => record.settings.activationFormat),
    ["tile", "csc", "tile", "csc"],
  );
  assert.equal(said.length, 2);
  assert.match(said[0] ?? "", /: 2 settings are left out: weight format is csr/);
  assert.match(said[1] ?? "", /: 2 settings are left out: csc x csr: .* outer products/);
});

test("a case that changed under its name is refused", async () => {
  const cases = SMALL_SPEC.cases.map((item) => ({ ...item, network: { radixnet: { neurons: 64, layers: 9 } } }));
  await assert.rejects(runSmallStudy(folder.path, { ...SMALL_SPEC, cases }), UsageError);
});

test("a line that is no record is refused with its number", async () => {
  using other = makeTemporaryFolder("study-bad");
  const bad = join(other.path, RECORDS_FILE);
  const read = (): Promise<unknown> => readRecords(other.path, { repair: false, onHalfLine: () => {} });
  for (const line of ["no JSON", "null", "[]", '{"schema":"gossamer.run/1"}']) {
    writeFileSync(bad, `${readFileSync(file, "utf8").split("\n")[0]}\n${line}\n`);
    await assert.rejects(read, (error) => error instanceof FormatError && error.line === 2);
  }
});

test("points on several ranks are jobs of their own, verified, and in the report", async (t) => {
  if (requireMpi(t, "open-mpi") === null) return;
  using other = makeTemporaryFolder("study-ranks");
  const axes = { strategy: ["auto"], workers: [1], hash: ["none"], ranks: [1, 3], redeal: ["never", "always"] };
  const more = { ...axes, ranks: [2], grid: ["1x2", "2x2"], redeal: ["never"] };
  const [small] = SMALL_SPEC.cases;
  assert.ok(small !== undefined);
  const cases = [
    { ...small, name: "rows", repeats: 1, axes },
    { ...small, name: "grids", repeats: 1, axes: more },
  ];
  const said: string[] = [];
  const records = await runSmallStudy(other.path, checkSpec({ name: "ranks", cases }), {
    say: (text) => said.push(text),
  });
  const points = records.map(({ record }) => [record.settings.ranks, record.study.key]);
  assert.deepEqual(points, [
    [1, "rows: workers=1 rows=nonzero kernel=auto activationFormat=tile weightFormat=csc strategy=auto hash=none"],
    ...["never", "always"].map((redeal) => [
      3,
      `rows: ranks=3 redeal=${redeal} workers=1 rows=nonzero kernel=auto activationFormat=tile weightFormat=csc strategy=auto hash=none`,
    ]),
    [
      2,
      "grids: ranks=2 grid=1x2 workers=1 rows=nonzero kernel=auto activationFormat=tile weightFormat=csc strategy=auto hash=none",
    ],
  ]);
  assert.equal(said.length, 1);
  assert.match(said[0] ?? "", /grids: 1 setting is left out: .*2x2/);
  assert.equal(new Set(records.map(({ record }) => record.categories.sha256)).size, 1);
  const rows = ranksRows(groupPoints(records));
  assert.deepEqual(
    rows.map(({ label, ranks, workers }) => [label, ranks, workers]),
    [
      ["auto, never, 3 ranks", 3, 1],
      ["auto, always, 3 ranks", 3, 1],
      ["auto, 2 ranks", 2, 1],
    ],
  );
  for (const { imbalance, sent } of rows) assert.ok(Number(imbalance) >= 1 && sent !== "", JSON.stringify(rows));
});
