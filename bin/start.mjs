// The program itself: loads what was built and runs the command line. gossamer.mjs does this in its own process, or in a
// child that it watches (child.mjs).

import { followParent } from "./child.mjs";

followParent();
const { main } = await import("../dist/apps/cli/main.js").catch((error) => {
  if (error.code !== "ERR_MODULE_NOT_FOUND") throw error;
  console.error(`gossamer: not built yet; run \`npm run build\` first (${error.message})`);
  process.exit(2);
});
await main(process.argv);
