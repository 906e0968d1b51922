// Plan: sizes told beforehand against files written: RadiX-Nets in every plain format, with and without equal layers,
// narrow and wide; random networks; a network read from a file and written again; compiled ones stay below the largest;
// inputs. A path without room is refused.

import assert from "node:assert/strict";
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { ResourceError } from "../core/errors.ts";
import { compileNetwork } from "../compile/compile-network.ts";
import { makeTemporaryFolder } from "../testing/temporary-folder.ts";
import { checkRoom, freeBytesAt } from "./disk-space.ts";
import { copyBytes, inputsBytes, largestRewriteBytes, networkFileBytes, radixNetBytes } from "./file-sizes.ts";
import { makeRadixNet, type RadixNetOptions, radixNetLayers } from "./generate/radix-net.ts";
import { randomInputs } from "./generate/random-inputs.ts";
import { randomLayers } from "./generate/random-layers.ts";
import { openNetwork, readNetwork } from "./read-network.ts";
import { writeInputs } from "./write-inputs.ts";
import { writeChallengeFolder, writeNetwork } from "./write-network.ts";
import { writeNetworkFile } from "./write-network-file.ts";

const NETS: readonly RadixNetOptions[] = [
  { neurons: 128, layers: 10, seed: 1, permute: true },
  { neurons: 128, layers: 10, seed: 1, permute: false, weight: 0.1, bias: 1 / 3 },
  { neurons: 1024, layers: 2, seed: 1, permute: false },
  { neurons: 131_072, layers: 1, seed: 1, permute: true },
];

for (const options of NETS) {
  test(`a RadiX-Net of ${options.neurons} x ${options.layers}, permuted: ${options.permute}`, async () => {
    using folder = makeTemporaryFolder("sizes");
    const net = makeRadixNet(options);
    const path = join(folder.path, "x.safetensors");
    await writeNetworkFile(path, radixNetLayers(options), options.layers);
    assert.equal(radixNetBytes(net, "safetensors"), statSync(path).size);
    await using source = await openNetwork(path);
    assert.equal(copyBytes(source), statSync(path).size);
    if (options.neurons > 1024 || options.bias !== undefined) return;
    for (const ending of ["bin", "tsv"] as const) {
      const layers = join(folder.path, ending);
      await writeChallengeFolder(layers, radixNetLayers(options), options.layers, { ending });
      const bytes = readdirSync(layers).reduce((sum, name) => sum + statSync(join(layers, name)).size, 0);
      assert.equal(radixNetBytes(net, ending), bytes, ending);
    }
    assert.equal(radixNetBytes(net, "tsv.gz"), null);
  });
}

test("a network made on the fly, and the first layers of one, are as large as their files", async () => {
  using folder = makeTemporaryFolder("sizes");
  const path = join(folder.path, "x.safetensors");
  for (const name of ["radixnet:256x9:no-permute", "radixnet:256x9"]) {
    await using made = await openNetwork(name, { layers: 7 });
    await writeNetwork(path, made);
    assert.equal(copyBytes(made), statSync(path).size);
  }
  await using source = await openNetwork(path, { layers: 3 });
  await writeNetwork(join(folder.path, "three.safetensors"), source);
  assert.equal(copyBytes(source), statSync(join(folder.path, "three.safetensors")).size);
});

test("random networks, and what compiling can make of them", async () => {
  using folder = makeTemporaryFolder("sizes");
  const path = join(folder.path, "x.safetensors");
  const layers = 4;
  const random = { inputs: 50, neurons: 40, layers, nnzPerColumn: 6, columnLengths: "equal", seed: 1 } as const;
  const rule = { activation: { kind: "relu" }, biasRule: "all", weights: "general" } as const;
  await writeNetworkFile(path, randomLayers({ ...random, ...rule }), layers);
  const nnz = 6 * 40 * layers;
  const size = { layers, inputs: 50, neurons: 40 * layers, nnz, values: nnz + 40 * layers };
  // Pointers of equal columns are stored once.
  assert.equal(networkFileBytes(size) - (layers - 1) * 4 * 41, statSync(path).size);
  await using source = await openNetwork("radixnet:128x20:seed=3");
  const { network } = compileNetwork(await readNetwork("radixnet:128x20:seed=3"));
  await writeNetwork(path, network);
  assert.ok(statSync(path).size <= (largestRewriteBytes(source) ?? 0));
});

test("inputs", async () => {
  using folder = makeTemporaryFolder("sizes");
  for (const values of ["ones", "general"] as const) {
    for (const features of [30, 70_000]) {
      const inputs = randomInputs({ rows: 20, features, density: 0.01, values, seed: 2 });
      const size = { nrows: 20, ncols: features, nnz: inputs.colIdx.length, isUniform: values === "ones" };
      for (const [ending, kind] of [
        ["safetensors", "safetensors"],
        ["bin", "binary"],
      ] as const) {
        const path = join(folder.path, `x.${ending}`);
        await writeInputs(path, inputs);
        assert.equal(inputsBytes(kind, false, size), statSync(path).size, `${values} ${features} ${ending}`);
      }
    }
  }
  const any = { nrows: 1, ncols: 1, nnz: 1, isUniform: true };
  assert.deepEqual([inputsBytes("text", false, any), inputsBytes("binary", true, any)], [null, null]);
});

test("room on the disk", async () => {
  using folder = makeTemporaryFolder("sizes");
  const path = join(folder.path, "not", "yet", "there.bin");
  assert.ok((await checkRoom(path, 1)) > 0);
  const free = await freeBytesAt(folder.path);
  await assert.rejects(checkRoom(path, 1024 * free), (error) => {
    assert.ok(error instanceof ResourceError);
    assert.match(error.message, /there\.bin: [\d.]+ [KMGT]iB to write, the disk has [\d.]+ [KMGT]iB free$/);
    return true;
  });
});
