#!/usr/bin/env node
// Starts the command line. On a Node that is too old it hands over to the Node that npm installed beside it
// (an optional dependency); where there is none it says in one line which Node is needed. Under a launcher of MPI the
// program is always a child, so that somebody is left to say which rank was killed, and where.

import { createRequire } from "node:module";
import { runAsChild } from "./child.mjs";
import { findLauncherRank } from "./launcher-rank.mjs";
import { isNodeRecent, nodeMessage } from "./node-version.mjs";

const rank = findLauncherRank(process.env);
if (isNodeRecent() && rank === null) {
  await import("./start.mjs");
} else {
  const node = isNodeRecent() ? process.execPath : findPinnedNode();
  if (node === null) {
    console.error(nodeMessage());
    process.exit(2);
  }
  runAsChild(node, rank);
}

function findPinnedNode() {
  try {
    return createRequire(import.meta.url).resolve(`node-${process.platform}-${process.arch}/bin/node`);
  } catch {
    return null;
  }
}
