// Plan: a description of each kind of file and folder against what was written; the official network; a damaged file is
// refused, not described.

import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { FormatError, InterruptedError } from "../core/errors.ts";
import { CHALLENGE_RULE } from "../network/layer-rule.ts";
import type { Layer } from "../network/network.ts";
import { triplesToCsc } from "../sparse/convert.ts";
import type { CsrMatrix } from "../sparse/matrix.ts";
import { challengeFolder, skipOrFail } from "../testing/challenge.ts";
import { makeTemporaryFolder } from "../testing/temporary-folder.ts";
import { describeFile } from "./describe.ts";
import { writeInputs } from "./write-inputs.ts";
import { writeNetworkFile } from "./write-network-file.ts";

const INPUTS: CsrMatrix = {
  format: "csr",
  nrows: 3,
  ncols: 5,
  rowPtr: Uint32Array.of(0, 2, 2, 3),
  colIdx: Uint16Array.of(0, 3, 2),
  values: Float32Array.of(1, -2, 1),
};
const VALUES = { distinct: 2, examples: [1, -2], min: -2, max: 1 };

test("inputs in each format", async () => {
  using folder = makeTemporaryFolder("describe");
  const kinds = { tsv: "text", "tsv.gz": "text", bin: "binary", mtx: "matrix-market", safetensors: "safetensors" };
  for (const [ending, format] of Object.entries(kinds)) {
    const path = join(folder.path, `x.${ending}`);
    await writeInputs(path, INPUTS);
    const found = await describeFile(path);
    assert.ok(found.kind === (ending === "safetensors" ? "inputs" : "triples"));
    // Triples alone show only the columns that are used.
    const ncols = format === "text" || format === "binary" ? 4 : 5;
    assert.deepEqual([found.format, found.path], [format, path]);
    assert.deepEqual(found.matrix, { nrows: 3, ncols, nnz: 3, values: VALUES });
  }
});

test("networks, one layer of a folder, and a folder whose bias nobody knows", async () => {
  using folder = makeTemporaryFolder("describe");
  const rows = Uint32Array.of(0, 5, 7);
  const weights = triplesToCsc({
    nrows: 8,
    ncols: 2,
    rows,
    cols: Uint32Array.of(0, 0, 1),
    values: Float32Array.of(1, 2, 3),
  });
  const layer: Layer = {
    weights,
    bias: Float32Array.of(1, 2),
    rule: { activation: { kind: "tanh" }, biasRule: "all" },
  };
  const path = join(folder.path, "net.safetensors");
  await writeNetworkFile(path, [layer], 1);
  const found = await describeFile(path);
  assert.ok(found.kind === "network");
  assert.deepEqual([found.inputs, found.outputs, found.edges, found.layers.length], [8, 2, 3, 1]);
  assert.deepEqual(found.layers[0], {
    nrows: 8,
    ncols: 2,
    nnz: 3,
    values: { distinct: 3, examples: [1, 2, 3], min: 1, max: 3 },
    bias: { distinct: 2, examples: [1, 2], min: 1, max: 2 },
    rule: layer.rule,
  });
  const network = join(folder.path, "neuron16");
  mkdirSync(network);
  writeFileSync(join(network, "n16-l1.tsv"), "1\t1\t1\n");
  const unknown = await describeFile(folder.path);
  assert.ok(unknown.kind === "network" && unknown.format === "challenge");
  assert.deepEqual([unknown.layers[0].bias, unknown.layers[0].rule], [null, CHALLENGE_RULE]);
  const single = await describeFile(join(network, "n16-l1.tsv"));
  assert.ok(single.kind === "layer");
  assert.deepEqual([single.matrix.nrows, single.matrix.ncols, single.matrix.nnz], [16, 16, 1]);
});

test("the official network and its categories", async (t) => {
  const folder = challengeFolder();
  if (folder === null) return skipOrFail(t, "challenge", "the official network is not there");
  const network = await describeFile(folder);
  assert.ok(network.kind === "network");
  assert.deepEqual([network.layers.length, network.edges], [120, 3_932_160]);
  const truth = await describeFile(join(folder, "neuron1024-l120-categories.tsv"));
  assert.ok(truth.kind === "truth");
  assert.deepEqual([truth.count, truth.firstRow], [1812, 287]);
  await assert.rejects(() => describeFile(folder, { signal: AbortSignal.abort() }), InterruptedError);
});

test("what is damaged is refused", async () => {
  using folder = makeTemporaryFolder("describe");
  const bad = { "x.tsv": "1\t1\t1\n2\t", "y.tsv": "5\n4\nx\n", "z.bin": "12345", "e.tsv": "", "q.safetensors": "{}" };
  for (const [name, content] of Object.entries(bad)) {
    const path = join(folder.path, name);
    writeFileSync(path, content);
    await assert.rejects(
      () => describeFile(path),
      (error) => error instanceof FormatError && error.path === path,
      name,
    );
  }
});
