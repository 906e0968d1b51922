// The same run three times: every row, rows that are not zero, distinct rows. The categories are the same; the edges
// really computed are not. Run it with `node examples/03-what-was-computed.ts` after `npm run build`.

import { compareCategories, makeNetwork, openEngine, radixNetLayers, randomInputs, ROW_MODES } from "gossamer";

const network = makeNetwork(Array.from(radixNetLayers({ neurons: 256, layers: 12, seed: 1, permute: true })));
const inputs = randomInputs({ rows: 1000, features: 256, density: 0.15, seed: 1 });

const shares: string[] = [];
let truth: Uint32Array | null = null;
for (const rows of ROW_MODES) {
  await using engine = await openEngine(network, { rows });
  const { categories, figures } = await engine.infer(inputs);
  truth ??= categories;
  const { verdict } = compareCategories(categories, truth);
  const share = (100 * figures.computedEdges) / figures.nominalEdges;
  shares.push(`${rows} ${share.toFixed(0)} % (${verdict})`);
}
console.log(`edges computed: ${shares.join(", ")}`);
