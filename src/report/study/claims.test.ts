// Plan: every verdict of every claim from records made by hand, whose figures are chosen so that the verdict is plain;
// what was not measured is never judged; the page of findings names studies, records and all verdicts.

import assert from "node:assert/strict";
import { test } from "node:test";
import { makeStudyRecord, type RecordWish } from "../../testing/study-records.ts";
import { CLAIMS, type Verdict } from "./claims.ts";
import { formatFindings } from "./findings.ts";
import { groupPoints } from "./points.ts";
import { formatLineNumbers, type NumberedRecord } from "./study-record.ts";

function number(wishes: readonly RecordWish[]): NumberedRecord[] {
  return wishes.map((wish, k) => ({ line: k + 1, record: makeStudyRecord(wish) }));
}

function verdicts(wishes: readonly RecordWish[]): Verdict[] {
  const points = groupPoints(number(wishes));
  return CLAIMS.map(({ judge }) => judge(points).verdict);
}

/** Twice, with times a little apart. */
function twice(wish: RecordWish): RecordWish[] {
  return [wish, { ...wish, seconds: wish.seconds * 1.01 }];
}

const UNFAIR = { strategy: "data", hash: "none", workers: 2, seconds: 2, edges: [9, 1] } as const;
const DEALT = { strategy: "data", hash: "input", workers: 2, seconds: 1, edges: [5, 5] } as const;

test("balance: holds, not by the stride, partly, not at all, nothing to gain", () => {
  assert.equal(verdicts([UNFAIR, DEALT])[0], "holds");
  const strided = { ...DEALT, hashMethod: "stride", edges: [6, 4] } as const;
  assert.equal(verdicts([UNFAIR, DEALT, strided])[0], "holds, but not by the stride");
  const eight = { workers: 8, edges: [8, 2, 1, 1, 1, 1, 1, 1] } as const;
  assert.equal(verdicts([UNFAIR, DEALT, { ...UNFAIR, ...eight }, { ...DEALT, ...eight }])[0], "partly");
  assert.equal(verdicts([UNFAIR, { ...DEALT, edges: [9, 1] }])[0], "does not hold");
  assert.equal(verdicts([{ ...UNFAIR, edges: [5, 5] }, DEALT])[0], "nothing to gain");
});

test("balance of model parallelism is judged by layer hashing", () => {
  const model = { strategy: "model" } as const;
  assert.equal(
    verdicts([
      { ...UNFAIR, ...model },
      { ...DEALT, ...model, hash: "layer" },
    ])[1],
    "holds",
  );
  assert.equal(
    verdicts([
      { ...UNFAIR, ...model },
      { ...DEALT, ...model, hash: "input" },
    ])[1],
    "not measured",
  );
});

test("faster only where all samples are apart, and never with more workers than cores", () => {
  assert.equal(verdicts([...twice(UNFAIR), ...twice(DEALT)])[2], "holds");
  assert.equal(verdicts([UNFAIR, DEALT, { ...DEALT, seconds: 2.5 }])[2], "does not hold");
  const crowd = { workers: 8, edges: [1, 1, 1, 1, 1, 1, 1, 1] } as const;
  assert.equal(
    verdicts([
      { ...UNFAIR, ...crowd },
      { ...DEALT, ...crowd },
    ])[2],
    "not measured",
  );
});

test("data-then-model beside the others", () => {
  const joined = { ...UNFAIR, strategy: "data-then-model", seconds: 1 } as const;
  assert.equal(verdicts([UNFAIR, joined])[3], "holds");
  assert.equal(verdicts([UNFAIR, { ...UNFAIR, strategy: "work-stealing", seconds: 1 }, joined])[3], "partly");
  assert.equal(verdicts([UNFAIR, { ...joined, seconds: 2 }])[3], "does not hold");
  assert.equal(verdicts([joined])[3], "not measured");
});

test("speed-up needs one worker to compare with, and hashing to be more than linear", () => {
  const one = { ...DEALT, workers: 1, edges: [10] } as const;
  assert.equal(verdicts([{ ...one, seconds: 3 }, DEALT])[4], "partly");
  assert.equal(verdicts([{ ...one, seconds: 2 }, DEALT])[4], "does not hold");
  assert.equal(verdicts([DEALT])[4], "not measured");
});

test("auto beside the best of the others", () => {
  const auto = { ...UNFAIR, strategy: "auto" } as const;
  assert.equal(verdicts([UNFAIR, { ...auto, seconds: 2.05 }])[5], "holds");
  assert.equal(verdicts([UNFAIR, DEALT, { ...auto, seconds: 1.2 }])[5], "does not hold");
});

test("times are compared within one rows mode", () => {
  const all = { rows: "all", axes: { rows: "all" } } as const;
  const nonzero = { axes: { rows: "nonzero" } } as const;
  const auto = { ...UNFAIR, strategy: "auto" } as const;
  const joined = { ...UNFAIR, strategy: "data-then-model" } as const;
  const slow = (wish: RecordWish, seconds: number): RecordWish => ({ ...wish, seconds, ...all });
  const quick = (wish: RecordWish, seconds: number): RecordWish => ({ ...wish, seconds, ...nonzero });
  assert.equal(verdicts([slow(auto, 20), slow(UNFAIR, 20), quick(auto, 2), quick(UNFAIR, 2)])[5], "holds");
  assert.equal(verdicts([slow(auto, 20), slow(UNFAIR, 20), quick(auto, 2), quick(UNFAIR, 1)])[5], "partly");
  assert.equal(verdicts([slow(joined, 10), slow(UNFAIR, 20), quick(UNFAIR, 2)])[3], "holds");
});

test("a label names the axes that vary in its own case", () => {
  const [all, nonzero] = ["all", "nonzero"].map((rows) => ({ rows, kernel: "js" }));
  assert.ok(all !== undefined && nonzero !== undefined);
  const points = groupPoints(
    number([
      { ...UNFAIR, case: "one", axes: all },
      { ...DEALT, case: "one", axes: nonzero },
      { ...UNFAIR, case: "other", axes: all },
    ]),
  );
  assert.deepEqual(
    points.map(({ label }) => label),
    ["data, all", "data, nonzero", "data"],
  );
});

test("the page names studies, cases, verdicts and records", () => {
  const page = formatFindings([{ folder: "some/where/sorted/", records: number([UNFAIR, DEALT]) }]);
  assert.match(page, /from 2 records/);
  assert.match(page, /\| a case \| holds \| not measured \| holds \|/);
  assert.match(page, /Records of sorted: 1-2\./);
  assert.match(page, /1\.800 without hashing, with it 1\.000 \(deal\)/);
  assert.equal(page.includes("NaN"), false);
});

test("line numbers as people cite them", () => {
  assert.equal(formatLineNumbers([3, 1, 2, 7, 9, 8, 12, 12]), "1-3, 7-9, 12");
  assert.equal(formatLineNumbers([]), "");
});
