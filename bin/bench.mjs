// Starts the benchmark: `npm run bench -- --help`.

import { requireNode } from "./node-version.mjs";

requireNode();
const { main } = await import("../dist/apps/bench/main.js").catch((error) => {
  if (error.code !== "ERR_MODULE_NOT_FOUND") throw error;
  console.error(`bench: not built yet; run \`npm run build\` first (${error.message})`);
  process.exit(2);
});
await main(process.argv);
