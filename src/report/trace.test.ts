// Plan: traces of a real run on two workers with all ways of sharing, in one segment and in several. JSON lines: each line is an object; the spans of
// a worker lie one after the other and add up to its busy and waiting time; the totals by layer add up to the run's.
// Chrome's format: one JSON object with the same spans, named threads, times from 0. Untraced runs have totals only.

import assert from "node:assert/strict";
import { test } from "node:test";
import { radixNetLayers } from "../data/generate/radix-net.ts";
import { randomInputs } from "../data/generate/random-inputs.ts";
import { openEngine } from "../engine/engine.ts";
import type { EngineOptions } from "../engine/options.ts";
import { makeWholeDriver } from "../engine/segments.ts";
import type { InferenceResult } from "../engine/result.ts";
import { makeNetwork } from "../network/network.ts";
import { traceText } from "./trace.ts";

const LAYERS = 6;

/** @param segmentLayers of so many layers each segment of the run is */
async function runTraced(options: EngineOptions, segmentLayers = LAYERS): Promise<InferenceResult> {
  const network = makeNetwork([...radixNetLayers({ neurons: 64, layers: LAYERS, seed: 1, permute: true })]);
  await using engine = await openEngine(network, { workers: 2, rows: "nonzero", warmUp: false, ...options });
  const openSegment = (first: number): number => Math.min(LAYERS, first + segmentLayers);
  const driver = { ...makeWholeDriver(LAYERS), openSegment };
  return await engine.infer(randomInputs({ rows: 300, features: 64, density: 0.4, seed: 1 }), { driver });
}

interface Line {
  readonly type: "span" | "layer";
  readonly worker: number;
  readonly layer: number;
  readonly [field: string]: unknown;
}

function linesOf(result: InferenceResult): Line[] {
  const text = [...traceText(result, "lines")].join("");
  assert.ok(text.endsWith("\n"));
  return text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Line);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

const RUNS = (["data", "model", "data-then-model"] as const).flatMap((strategy) =>
  [LAYERS, 2].map((segmentLayers) => ({ strategy, segmentLayers })),
);

for (const { strategy, segmentLayers } of RUNS) {
  test(`JSON lines of ${strategy}, ${segmentLayers} layers a segment`, async () => {
    const result = await runTraced({ trace: true, strategy }, segmentLayers);
    const lines = linesOf(result);
    const { workers } = result.figures;
    for (const [worker, report] of workers.entries()) {
      const mine = lines.filter((line) => line.worker === worker);
      const spans = mine.filter(({ type }) => type === "span");
      const seconds = sum(spans.map(({ durationMs }) => Number(durationMs))) / 1000;
      assert.ok(Math.abs(seconds - report.busySeconds - report.waitSeconds) < 1e-6, `${seconds} s of spans`);
      let end = 0;
      for (const span of spans) {
        // Times since 1970 in milliseconds have steps of a quarter of a microsecond.
        assert.ok(
          Number(span["startMs"]) >= end - 1e-3,
          `a span of ${String(span["kind"])} begins before the last one's end`,
        );
        end = Number(span["startMs"]) + Number(span["durationMs"]);
      }
      const totals = mine.filter(({ type }) => type === "layer");
      assert.deepEqual(
        totals.map(({ layer }) => layer),
        [0, 1, 2, 3, 4, 5],
      );
      assert.equal(sum(totals.map(({ edges }) => Number(edges))), report.edges);
      assert.ok(Math.abs(sum(totals.map(({ busySeconds }) => Number(busySeconds))) - report.busySeconds) < 1e-9);
    }
    const firstLayer = lines.filter(({ type, layer }) => type === "layer" && layer === 0);
    const assigned = firstLayer.map(({ nonzerosAssigned }) => Number(nonzerosAssigned)).toSorted((a, b) => a - b);
    if (strategy === "data-then-model") {
      // The first to be done computed whole layers; the other too, unless it was so late that all its rows were shared.
      assert.ok(assigned[0] === 1024 || assigned[0] === 2048, `${assigned[0]} of 2048 nonzeros`);
      assert.equal(assigned[1], 2048);
    } else {
      assert.deepEqual(assigned, strategy === "model" ? [1024, 1024] : [2048, 2048]);
    }
  });
}

test("Chrome's format has the same spans on named threads", async () => {
  const result = await runTraced({ trace: true, strategy: "model" });
  const { traceEvents: events } = JSON.parse([...traceText(result, "chrome")].join("")) as {
    traceEvents: { ph: string; name: string; tid: number; ts: number; dur: number; args: Record<string, unknown> }[];
  };
  const names = events.filter(({ name }) => name === "thread_name").map(({ args }) => args["name"]);
  assert.deepEqual(names, ["worker 0", "worker 1"]);
  const spans = events.filter(({ ph }) => ph === "X");
  assert.equal(spans.length, sum(result.figures.workers.map(({ trace }) => trace.length)));
  assert.equal(Math.min(...spans.map(({ ts }) => ts)), 0);
  assert.ok(spans.every(({ dur, args }) => dur >= 0 && Number(args["layer"]) >= 1));
});

test("a run that was not traced has totals and no spans", async () => {
  const result = await runTraced({});
  assert.ok(linesOf(result).every(({ type }) => type === "layer"));
  assert.equal([...traceText(result, "chrome")].join("").includes('"ph":"X"'), false);
});
