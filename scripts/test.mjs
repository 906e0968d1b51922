// Runs the tests with node:test. Arguments narrow the run: folders or files under dist (`npm test -- dist/data`).
// Tests that need something a machine may lack skip with one visible line; GOSSAMER_REQUIRE turns a skip into a failure.
// What Debian has for them is installed first, where that is possible.

import { spawnSync } from "node:child_process";
import { globSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { requireNode } from "../bin/node-version.mjs";

requireNode();
await import("./install-system-packages.mjs");
const root = fileURLToPath(new URL("..", import.meta.url));
const chosen = process.argv.slice(2);
const patterns =
  chosen.length === 0 ? ["dist/**/*.test.js"] : chosen.map((c) => (c.endsWith(".js") ? c : `${c}/**/*.test.js`));
const files = globSync(patterns, { cwd: root }).toSorted();
if (files.length === 0) {
  console.error(`test: no test file matches ${patterns.join(" ")}`);
  process.exit(1);
}
const reporter = process.stdout.isTTY || process.env.CI === undefined ? "dot" : "spec";
const args = [
  "--test",
  `--test-reporter=${process.env.TEST_REPORTER ?? reporter}`,
  "--test-reporter-destination=stdout",
  "--test-reporter=./scripts/skip-reporter.mjs",
  "--test-reporter-destination=stdout",
  "--test-timeout=1200000",
  "--test-concurrency=2",
  ...files,
];
const result = spawnSync(process.execPath, args, { cwd: root, stdio: "inherit" });
if (result.error) throw result.error;
process.exit(result.status ?? 1);
