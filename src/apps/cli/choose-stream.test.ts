// Plan: what is streamed by itself: large networks, and those that do not fit into a limit; never where that is asked, always
// where that is asked and can be. Shared memory is what a limit leaves, and never too little to begin. Nothing is read.

import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { UsageError } from "../../core/errors.ts";
import { makeTemporaryFolder } from "../../testing/temporary-folder.ts";
import { openForStreaming, sharedMemoryBytes, type StreamFlags } from "./choose-stream.ts";

const MIB = 1024 * 1024;
const folder = makeTemporaryFolder("choose-stream");
after(() => folder[Symbol.dispose]());
const INPUTS = join(folder.path, "rows.tsv");
writeFileSync(INPUTS, "1\t1\t1\n");
/** 8 MiB and 1 GiB of weights. */
const SMALL = "radixnet:1024x120";
const LARGE = "radixnet:16384x1000";

async function isStreamed(model: string, flags: Partial<StreamFlags>): Promise<boolean> {
  const source = await openForStreaming(model, INPUTS, { stream: "auto", workers: 2, ...flags }, {});
  await source?.close();
  return source !== null;
}

test("large networks, and those that do not fit, are streamed", async () => {
  const table: [model: string, flags: Partial<StreamFlags>, expected: boolean][] = [
    [SMALL, {}, false],
    [SMALL, { memory: 1024 * MIB }, false],
    [SMALL, { memory: 300 * MIB }, true],
    [SMALL, { stream: "always" }, true],
    [LARGE, {}, true],
    [LARGE, { stream: "never" }, false],
    [LARGE, { rows: "all", memory: 8192 * MIB }, false],
    [LARGE, { rows: "all", memory: 2048 * MIB }, true],
    ["radixnet:65536x1920", { rows: "all", memory: 64 * 1024 * MIB }, true],
  ];
  for (const [model, flags, expected] of table) {
    assert.equal(await isStreamed(model, flags), expected, `${model} ${JSON.stringify(flags)}`);
  }
});

test("a folder cannot be streamed", async () => {
  const path = join(folder.path, "neuron1024");
  mkdirSync(path);
  writeFileSync(join(path, "n1024-l1.tsv"), "1\t1\t1\n");
  assert.equal(await isStreamed(path, { memory: 20 * MIB }), false);
  await assert.rejects(isStreamed(path, { stream: "always" }), UsageError);
});

test("shared memory is what the limit leaves", () => {
  const flags = { stream: "auto", workers: 2 } as const;
  assert.equal(sharedMemoryBytes(flags, 0), undefined);
  assert.equal(sharedMemoryBytes({ ...flags, memory: 1024 * MIB }, 32 * MIB), 800 * MIB);
  assert.equal(sharedMemoryBytes({ ...flags, memory: 20 * MIB }, 0), 16 * MIB);
});
