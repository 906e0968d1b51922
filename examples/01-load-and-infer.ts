// Load a network and inputs from files, infer, and read the categories: the rows that end not all zero.
// Run it with `node examples/01-load-and-infer.ts` after `npm run build`.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  makeNetwork,
  openInputs,
  openNetwork,
  radixNetLayers,
  randomInputs,
  writeInputs,
  writeNetwork,
} from "gossamer";

// Files to load: a small network of the Graph Challenge's kind, and 1000 random rows.
const folder = await mkdtemp(join(tmpdir(), "gossamer-example-"));
process.chdir(folder);
const layers = radixNetLayers({ neurons: 256, layers: 12, seed: 1, permute: true });
await writeNetwork("network.safetensors", makeNetwork(Array.from(layers)));
await writeInputs("rows.tsv", randomInputs({ rows: 1000, features: 256, density: 0.15, seed: 1 }));

try {
  await using engine = await openNetwork("network.safetensors", { workers: 2 });
  const inputs = await openInputs("rows.tsv", { features: engine.network.inputs });
  const { nrows, categories } = await engine.infer(inputs);
  console.log(`${categories.length} of ${nrows} rows end not all zero`);
} finally {
  process.chdir(tmpdir());
  await rm(folder, { recursive: true });
}
