// Builds everything that is not built yet: the WebAssembly kernels, then the TypeScript projects (incrementally).
// `--program` leaves the tests out. Type errors end it with a non-zero exit status. Needs the packages of `npm install`.

import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { requireNode } from "../bin/node-version.mjs";

requireNode();
const root = fileURLToPath(new URL("..", import.meta.url));

function run(script, args) {
  const result = spawnSync(process.execPath, [script, ...args], { cwd: root, stdio: "inherit" });
  if (result.error) throw result.error;
  if (result.status !== 0) process.exit(result.status ?? 1);
}

if (!existsSync(`${root}/node_modules/typescript`)) {
  console.error("build: the packages are missing; run `npm install` first");
  process.exit(2);
}
// TypeScript's compiler is a program of its own for each platform, in an optional package.
if (!existsSync(`${root}/node_modules/@typescript/typescript-${process.platform}-${process.arch}`)) {
  console.error("build: the compiler is missing; run `npm install` without --omit=optional");
  process.exit(2);
}
run("scripts/build-kernels.mjs", []);
const projects = process.argv.includes("--program") ? ["src/apps", "src/library"] : [];
run("node_modules/typescript/bin/tsc", ["-b", ...projects]);
