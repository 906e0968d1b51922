#!/usr/bin/env node
// Starts the command line. On a Node that is too old it hands over to the Node that npm installed beside it
// (an optional dependency); where there is none it says in one line which Node is needed.

import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { constants } from "node:os";
import { isNodeRecent, nodeMessage } from "./node-version.mjs";

if (isNodeRecent()) {
  const { main } = await import("../dist/apps/cli/main.js").catch((error) => {
    if (error.code !== "ERR_MODULE_NOT_FOUND") throw error;
    console.error(`gossamer: not built yet; run \`npm run build\` first (${error.message})`);
    process.exit(2);
  });
  await main(process.argv);
} else {
  const node = findPinnedNode();
  if (node === null) {
    console.error(nodeMessage());
    process.exit(2);
  }
  handOver(node);
}

function findPinnedNode() {
  try {
    return createRequire(import.meta.url).resolve(`node-${process.platform}-${process.arch}/bin/node`);
  } catch {
    return null;
  }
}

// A terminal sends Ctrl-C to both processes: this one only waits for the other's end, and passes on what it alone gets.
function handOver(node) {
  const child = spawn(node, process.argv.slice(1), { stdio: "inherit" });
  process.on("SIGINT", () => {});
  process.on("SIGTERM", () => child.kill("SIGTERM"));
  child.on("error", (error) => {
    console.error(`gossamer: cannot start ${node}: ${error.message}`);
    process.exit(2);
  });
  child.on("exit", (code, signal) => process.exit(code ?? 128 + (constants.signals[signal] ?? 0)));
}
