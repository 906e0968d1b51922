// Plan: a process that dropped many arrays, so small that the C library keeps their pages, holds less after the call. In a
// process of its own, so that nothing else allocates or frees meanwhile.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { siblingModule } from "./team.ts";

const MIB = 1024 * 1024;
const isGlibc =
  process.platform === "linux" && "glibcVersionRuntime" in (process.report.getReport() as GlibcReport).header;

interface GlibcReport {
  readonly header: object;
}

test("dropped arrays are given back to the system", { skip: isGlibc ? false : "needs glibc" }, () => {
  const program = `
    const { returnUnusedMemory } = await import(${JSON.stringify(siblingModule(import.meta.url, "./unused-memory"))});
    let arrays = Array.from({ length: 4096 }, () => new Uint8Array(${MIB} / 16).fill(1));
    const last = new Uint8Array(${MIB} / 16).fill(1);
    const held = process.memoryUsage().rss;
    arrays = null;
    await returnUnusedMemory();
    console.log(held, process.memoryUsage().rss, arrays, last.length);`;
  const [held, left] = execFileSync(process.execPath, ["--input-type=module", "-e", program], { encoding: "utf8" })
    .split(" ")
    .map(Number);
  assert.ok(held > 256 * MIB, `${held} bytes held`);
  assert.ok(left < held - 200 * MIB, `${(left / MIB).toFixed(0)} of ${(held / MIB).toFixed(0)} MiB left`);
});
