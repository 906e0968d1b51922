// The product of strategies, hashings, format pairs and numbers of workers on the FULL official network and all 60000
// rows. It takes hours: narrow it with the variables that src/engine/product.test.ts reads, for instance
//   GOSSAMER_PRODUCT_STRATEGIES=data GOSSAMER_PRODUCT_HASHES=both GOSSAMER_PRODUCT_WORKERS=2 node scripts/nightly.mjs
// Needs `npm run build` and the official network.

import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { requireNode } from "../bin/node-version.mjs";

requireNode();
const root = fileURLToPath(new URL("..", import.meta.url));
const full = { GOSSAMER_PRODUCT_ROWS: "60000", GOSSAMER_PRODUCT_LAYERS: "120", GOSSAMER_REQUIRE: "challenge" };
const result = spawnSync(process.execPath, ["--test", "--test-reporter=spec", "dist/engine/product.test.js"], {
  cwd: root,
  stdio: "inherit",
  env: { ...full, ...process.env },
});
if (result.error) throw result.error;
process.exit(result.status ?? 1);
