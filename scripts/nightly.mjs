// The product of strategies, hashings, format pairs and numbers of workers on the FULL official network and all 60000
// rows, for as many minutes as given; the next night goes on. `--help` says more, docs/product.md what has run.
// Needs `npm run build` and the official network.

import { requireNode } from "../bin/node-version.mjs";

requireNode();
const { main } = await import("../dist/apps/product/main.js").catch((error) => {
  if (error.code !== "ERR_MODULE_NOT_FOUND") throw error;
  console.error(`nightly: not built yet; run \`npm run build\` first (${error.message})`);
  process.exit(2);
});
await main(process.argv);
