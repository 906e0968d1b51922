// Plan: every example type-checks, is short, imports the package by its name, and prints the one line that is written
// here; the README's program is the first example's.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const REPOSITORY = fileURLToPath(new URL("../..", import.meta.url));
const FOLDER = join(REPOSITORY, "examples");

/** What each example prints. */
const LINES: Readonly<Record<string, RegExp>> = {
  "01-load-and-infer.ts": /^162 of 1000 rows end not all zero\n$/,
  "02-typed-arrays.ts": /^exclusive or: 0 1 1 0\n$/,
  "03-what-was-computed.ts":
    /^edges computed: all 100 % \(match\), nonzero \d+ % \(match\), distinct \d+ % \(match\)\n$/,
};

const names = readdirSync(FOLDER).filter((name) => name.endsWith(".ts"));

test("every example has its line here, and the other way round", () => {
  assert.deepEqual(names.toSorted(), Object.keys(LINES).toSorted());
});

test("the README shows lines of the first example", () => {
  const readme = readFileSync(join(REPOSITORY, "README.md"), "utf8");
  const [, snippet = ""] = /```ts\n([\s\S]*?)\n```/.exec(readme) ?? [];
  const example = new Set(
    readFileSync(join(FOLDER, "01-load-and-infer.ts"), "utf8")
      .split("\n")
      .map((l) => l.trim()),
  );
  const lines = snippet.split("\n").filter((line) => line !== "" && !line.startsWith("import "));
  assert.equal(lines.length, 4);
  for (const line of lines) assert.ok(example.has(line), line);
});

test("the examples type-check", () => {
  const tsc = join(REPOSITORY, "node_modules/typescript/bin/tsc");
  const { status, stdout } = spawnSync(process.execPath, [tsc, "-p", FOLDER], { encoding: "utf8" });
  assert.deepEqual([status, stdout], [0, ""]);
});

for (const name of names) {
  test(`example ${name}`, () => {
    const path = join(FOLDER, name);
    assert.ok(readFileSync(path, "utf8").split("\n").length <= 60, "at most 60 lines");
    // Before Node 22.18 running TypeScript needs a flag.
    const flags = process.features.typescript === false ? ["--experimental-strip-types", "--no-warnings"] : [];
    const { status, stdout, stderr } = spawnSync(process.execPath, [...flags, path], { encoding: "utf8" });
    assert.deepEqual([status, stderr], [0, ""]);
    assert.match(stdout, LINES[name] ?? /^$/);
  });
}
