// Plan: `study` as a user runs it: a study from a file, its folder and its rows on stdout; the report made anew; the
// findings as text; Ctrl-C leaves whole records and the same command goes on; wrong usage and bad files in one line each.
// And `infer --trace`, whose file needs a whole program to be written.

import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { runGossamer } from "../../../testing/command.ts";
import { writeSmallModel } from "../../../testing/small-model.ts";
import { makeTemporaryFolder } from "../../../testing/temporary-folder.ts";

const folder = makeTemporaryFolder("study-command");
after(() => folder[Symbol.dispose]());
const spec = join(folder.path, "spec.json");
writeFileSync(
  spec,
  JSON.stringify({
    name: "tiny",
    repeats: 2,
    cases: [
      {
        name: "tiny",
        network: { radixnet: { neurons: 64, layers: 4 } },
        inputs: { random: { rows: 200, features: 64, density: 0.3 }, sortedByNonzeros: true },
        axes: { strategy: ["data"], hash: ["none", "input"], workers: [1, 2] },
      },
    ],
  }),
);
const out = join(folder.path, "out");

test("Ctrl-C ends with status 130, and the same command goes on", async () => {
  const broken = await runGossamer(["study", spec, "--out", out], {
    onStart: (child) => {
      const timer = setInterval(() => {
        if (!existsSync(join(out, "records.jsonl"))) return;
        clearInterval(timer);
        child.kill("SIGINT");
      }, 10);
      child.on("exit", () => clearInterval(timer));
    },
  });
  assert.deepEqual([broken.status, broken.stdout], [130, ""]);
  const kept = readFileSync(join(out, "records.jsonl"), "utf8");
  assert.ok(kept.endsWith("\n"));
  assert.deepEqual(readdirSync(out), ["records.jsonl"]);

  const { status, stdout } = await runGossamer(["study", spec, "--out", out, "--json", "--quiet"]);
  assert.equal(status, 0);
  const rows = JSON.parse(stdout) as { repeats: number; hash: string; edgesMaxOverMean: number }[];
  assert.deepEqual(
    rows.map(({ repeats }) => repeats),
    [2, 2, 2, 2],
  );
  assert.deepEqual(readdirSync(out).toSorted(), ["records.jsonl", "report.html", "summary.csv"]);
  const lines = readFileSync(join(out, "records.jsonl"), "utf8");
  assert.ok(lines.startsWith(kept) && lines.trimEnd().split("\n").length === 8);
});

test("the report is made anew from the records, to the same bytes", async () => {
  const before = readFileSync(join(out, "report.html"), "utf8");
  rmSync(join(out, "report.html"));
  assert.equal((await runGossamer(["study", "--report-only", out, "--quiet"])).status, 0);
  assert.equal(readFileSync(join(out, "report.html"), "utf8"), before);
});

test("findings go to stdout", async () => {
  const { status, stdout } = await runGossamer(["study", "--findings", out, "--quiet"]);
  assert.equal(status, 0);
  assert.match(stdout, /^# Results\n[\s\S]*from 8 records/);
});

const empty = join(folder.path, "empty.json");
writeFileSync(empty, "");
const WRONG: readonly [args: readonly string[], status: number, text: RegExp][] = [
  [[], 2, /--out/],
  [["--out", out, "--report-only", out], 2, /one of/],
  [[spec], 2, /--out/],
  [["--report-only", folder.path], 2, /no records/],
  [[join(folder.path, "none.json"), "--out", out], 3, /none\.json/],
  [[empty, "--out", out], 3, /empty\.json/],
];

test("wrong usage and bad files end with one line", async () => {
  for (const [args, wanted, text] of WRONG) {
    const { status, stdout, stderr } = await runGossamer(["study", ...args]);
    assert.deepEqual([status, stdout], [wanted, ""], args.join(" "));
    assert.match(stderr, text);
    assert.equal(stderr.trimEnd().split("\n").length, 1, stderr);
  }
});

test("infer --trace writes JSON lines, or Chrome's format by the name", async () => {
  const { networkPath, inputsPath } = await writeSmallModel(folder.path);
  const infer = ["infer", networkPath, "--input", inputsPath, "--workers", "2", "--quiet"];
  const lines = join(folder.path, "trace.jsonl");
  assert.equal((await runGossamer([...infer, "--trace", lines])).status, 0);
  const objects = readFileSync(lines, "utf8").trimEnd().split("\n");
  assert.ok(objects.map((line) => JSON.parse(line) as { type: string }).some(({ type }) => type === "span"));
  const chrome = join(folder.path, "trace.json");
  assert.equal((await runGossamer([...infer, "--trace", chrome])).status, 0);
  assert.ok((JSON.parse(readFileSync(chrome, "utf8")) as { traceEvents: unknown[] }).traceEvents.length > 3);
  const refused = await runGossamer([...infer, "--trace", join(folder.path, "none", "trace.json")]);
  assert.equal(refused.status, 2);
});
