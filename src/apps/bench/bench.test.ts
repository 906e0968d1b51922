// Plan: the benchmark as a program: a quick run writes one record with what a reader needs, wrong usage ends with
// status 2 and writes nothing, and the peer either ran and agreed or says why it did not. Rates are not judged here.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { after, test } from "node:test";
import { skipOrFail } from "../../testing/challenge.ts";
import type { BenchRecord } from "./record.ts";

const folder = mkdtempSync(join(tmpdir(), "gossamer-bench-"));
after(() => rmSync(folder, { recursive: true, force: true }));
// Starts the program from wherever this test runs: built, or from its sources.
const mainUrl = new URL(`./main${extname(import.meta.filename)}`, import.meta.url);
const starter = join(folder, "start.mjs");
writeFileSync(starter, `import { main } from ${JSON.stringify(mainUrl.href)};\nawait main(process.argv);\n`);

function bench(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [starter, ...args], { encoding: "utf8", cwd: folder });
}

test("a quick run of the kernels writes one complete record and prints the ceiling", () => {
  const out = join(folder, "record.json");
  const { status, stdout, stderr } = bench("--quick", "--only", "kernels", "--neurons", "256", "--out", out);
  assert.equal(status, 0, stderr);
  const record = JSON.parse(readFileSync(out, "utf8")) as BenchRecord;
  assert.equal(record.schema, "gossamer.bench/1");
  assert.deepEqual(record.command.slice(-6), ["--only", "kernels", "--neurons", "256", "--out", out]);
  assert.equal(record.machine.node, process.versions.node);
  assert.ok(record.kernels !== null && record.ceiling !== null);
  assert.deepEqual([record.sizes, record.inference, record.peer], [null, null, null]);
  assert.equal(record.kernels.length, 3 * 4 * 3, "weight formats x lanes x kernel sets");
  for (const { timing, edgesPerSecond, ofCeiling } of record.kernels) {
    assert.equal(timing.samplesMs.length, 2);
    assert.equal(timing.spread, null);
    assert.ok(edgesPerSecond > 0 && ofCeiling !== null && ofCeiling > 0);
  }
  assert.ok(Object.values(record.ceiling.edgesPerSecond).every((rate) => rate > 0));
  assert.match(stdout, /Ceiling of loads and adds alone/);
});

test("sizes: both kinds of layers in every width, each beside the smallest of its kind", () => {
  const out = join(folder, "sizes.json");
  const { status, stdout, stderr } = bench("--quick", "--only", "sizes", "--sizes", "256,512", "--out", out);
  assert.equal(status, 0, stderr);
  const { sizes } = JSON.parse(readFileSync(out, "utf8")) as BenchRecord;
  assert.ok(sizes !== null);
  assert.equal(sizes.length, 2 * (4 + 1) + 2 * 4, "RadiX-Net with and without zero lines, random");
  for (const { neurons, ofSmallest, ofSmallestFastest, edgesPerSecond } of sizes) {
    assert.ok(edgesPerSecond > 0 && ofSmallest > 0);
    if (neurons === 256) assert.deepEqual([ofSmallest, ofSmallestFastest], [1, 1]);
  }
  assert.match(stdout, /What size costs/);
});

test("whole inference: verified, then every row mode with one worker and two", () => {
  const out = join(folder, "inference.json");
  const sizes = ["--neurons", "1024", "--layers", "6", "--rows", "200"];
  const { status, stderr } = bench("--quick", "--only", "inference", ...sizes, "--out", out);
  assert.equal(status, 0, stderr);
  const { inference } = JSON.parse(readFileSync(out, "utf8")) as BenchRecord;
  assert.ok(inference !== null);
  assert.deepEqual(
    inference.map(({ rowMode, workers, rows, verified }) => [rowMode, workers, rows, verified]),
    [1, 2].flatMap((workers) => [
      ["all", workers, 50, "oracle"],
      ["nonzero", workers, 200, "oracle"],
      ["distinct", workers, 200, "oracle"],
    ]),
  );
  for (const { rowMode, nominalEdges, computedEdges } of inference) {
    if (rowMode === "all") assert.equal(computedEdges, nominalEdges);
    else assert.ok(computedEdges < nominalEdges);
  }
});

test("what measuring costs is counted for several strategies", () => {
  const out = join(folder, "measuring.json");
  const sizes = ["--neurons", "1024", "--layers", "6", "--rows", "300"];
  const { status, stdout, stderr } = bench("--quick", "--only", "measuring", ...sizes, "--out", out);
  assert.equal(status, 0, stderr);
  const { measuring } = JSON.parse(readFileSync(out, "utf8")) as BenchRecord;
  assert.ok(measuring !== null && measuring.lookNs.median > 0);
  for (const { spans, share, samplesMs, median } of measuring.results) {
    // Every layer and batch has a span; a share is what was counted, times what was timed.
    assert.ok(spans >= 6 && samplesMs.length === 1);
    assert.equal(share, (spans * 2 * measuring.lookNs.median) / (median * 1e6));
  }
  assert.match(stdout, /A look at the clock takes/);
});

test("the peer in C gives the same bits and categories, or says why it did not run", (t) => {
  const out = join(folder, "peer.json");
  const sizes = ["--neurons", "256", "--layers", "6", "--rows", "300"];
  const parts = ["--only", "sizes", "--peer", "--sizes", "256,512"];
  const { status, stderr } = bench("--quick", ...parts, ...sizes, "--out", out);
  assert.equal(status, 0, stderr);
  const { peer, sizePeer } = JSON.parse(readFileSync(out, "utf8")) as BenchRecord;
  assert.ok(peer !== null && sizePeer !== null);
  if ("unavailable" in peer || "unavailable" in sizePeer) {
    skipOrFail(t, "peer", "unavailable" in peer ? peer.unavailable : "of the sizes only");
    return;
  }
  assert.deepEqual(
    sizePeer.results.map(({ neurons, lanes, samplesSeconds }) => [neurons, lanes, samplesSeconds.length]),
    [256, 512].flatMap((neurons) => [16, 32].map((lanes) => [neurons, lanes, 1])),
  );
  assert.ok(sizePeer.results.every(({ ofSmallest, neurons }) => (neurons === 256 ? ofSmallest === 1 : ofSmallest > 0)));
  assert.equal(peer.checkedRows, 300);
  assert.equal(peer.timings.length, 6);
  assert.deepEqual(
    peer.ratio.map(({ threads }) => threads),
    [1, 2],
  );
});

test("wrong usage ends with status 2 and one line that says what was expected", () => {
  for (const args of [["--only", "nothing"], ["--neurons", "0"], ["--rows", "-1"], ["--unknown"]]) {
    const { status, stderr } = bench(...args);
    assert.equal(status, 2, args.join(" "));
    assert.match(stderr, /error:/);
  }
  assert.deepEqual(
    readdirSync(folder).filter((name) => name.startsWith("bench-")),
    [],
  );
});

test("a record that can't be written ends with status 3 and one line", () => {
  const out = join(folder, "missing", "record.json");
  const { status, stderr } = bench("--quick", "--only", "kernels", "--neurons", "256", "--out", out);
  assert.equal(status, 3);
  assert.match(stderr, /^bench: .*missing/m);
  assert.ok(!existsSync(out));
});
