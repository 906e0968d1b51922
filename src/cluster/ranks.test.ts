// Runs on several ranks against the run of one process. Plan: a table of ranks x file format x hashing x strategy x rows
// mode x re-dealing that visits every value of each, with Open MPI and MPICH: the same categories, and output files of the
// same bytes; grids among them. Inputs sorted by nonzeros, so that ranks are uneven and rows do move. What ends a job is in the command
// line's tests; the parts are in tests of their own.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { before, test } from "node:test";
import { gunzipSync } from "node:zlib";
import { writeInputs } from "../data/write-inputs.ts";
import { MPI_FAMILIES } from "../mpi/abi/abi.ts";
import type { RunRecord } from "../report/run-record.ts";
import { triplesToCsr } from "../sparse/convert.ts";
import type { CsrMatrix } from "../sparse/matrix.ts";
import { runGossamer } from "../testing/command.ts";
import { requireMpi, runGossamerRanks } from "../testing/mpi-run.ts";
import { type SmallModel, writeSmallModel } from "../testing/small-model.ts";
import { makeTemporaryFolder } from "../testing/temporary-folder.ts";

const FOLDER = makeTemporaryFolder("ranks");
process.on("exit", () => FOLDER[Symbol.dispose]());
const pathOf = (name: string): string => join(FOLDER.path, name);

const ENDINGS = ["safetensors", "tsv", "tsv.gz", "bin", "mtx"];
const CASES: readonly (readonly [ranks: number, ending: string, args: string, output: string])[] = [
  [1, "safetensors", "--hash none --rows distinct", "tsv"],
  [2, "safetensors", "--hash none --rows distinct --redeal always", "safetensors"],
  [3, "safetensors", "--hash both --rows nonzero --strategy data", "bin"],
  [4, "safetensors", "--hash input --rows all --strategy work-stealing", "mtx"],
  [2, "tsv", "--hash input --rows distinct", "tsv.gz"],
  [3, "tsv.gz", "--hash layer --rows nonzero --redeal always --strategy manager-worker", "tsv"],
  [4, "bin", "--hash both --rows distinct --redeal always --strategy data-then-model", "safetensors"],
  [2, "mtx", "--hash none --rows nonzero --redeal never --strategy model", "bin"],
  [3, "tsv", "--hash none --rows all --redeal always", "tsv"],
  [2, "bin", "--hash input --hash-method stride --activation-format csc --weight-format csc", "tsv"],
  [3, "tsv", "--hash both --rows distinct --activation-format dense-column --weight-format csc", "bin"],
  [2, "safetensors", "--grid 1x2 --hash none --rows distinct", "safetensors"],
  [4, "tsv", "--grid 2x2 --hash both --rows nonzero", "tsv"],
  [3, "mtx", "--grid 1x3 --hash layer --rows all", "bin"],
  [4, "bin", "--grid 4x1 --hash input --rows distinct", "tsv"],
  [4, "tsv", "--grid 2x2 --hash none --rows distinct --redeal always", "safetensors"],
  [6, "safetensors", "--grid 3x2 --hash layer --rows nonzero --redeal always", "tsv"],
  [4, "mtx", "--grid 2x2 --hash both --rows distinct", "bin"],
];

let model: SmallModel;
let expectedSha: string;

/** Rows by falling number of entries, each third row twice. */
function sortAndRepeat(inputs: CsrMatrix): CsrMatrix {
  const { rowPtr } = inputs;
  const order = Array.from({ length: inputs.nrows }, (_, row) => row).toSorted(
    (a, b) => rowPtr[b + 1] - rowPtr[b] - (rowPtr[a + 1] - rowPtr[a]),
  );
  const repeated = order.flatMap((row, k) => (k % 3 === 0 ? [row, row] : [row]));
  const isFirst = repeated.map((row, k) => repeated.indexOf(row) === k);
  const isEmpty = (row: number): boolean => rowPtr[row + 1] === rowPtr[row];
  // Equal rows far from each other, on different ranks; no empty row at the end, where text could not keep it.
  const rows = [
    ...order.filter(isEmpty),
    ...repeated.filter((row, k) => isFirst[k] && !isEmpty(row)),
    ...repeated.filter((row, k) => !isFirst[k] && !isEmpty(row)),
  ];
  const entries = rows.flatMap((row, k) =>
    Array.from(inputs.colIdx.subarray(rowPtr[row], rowPtr[row + 1]), (col) => [k, col] as const),
  );
  return triplesToCsr({
    nrows: rows.length,
    ncols: inputs.ncols,
    rows: Uint32Array.from(entries, ([row]) => row),
    cols: Uint32Array.from(entries, ([, col]) => col),
    values: Float32Array.of(1),
  });
}

before(async () => {
  model = await writeSmallModel(FOLDER.path);
  const inputs = sortAndRepeat(model.inputs);
  for (const ending of ENDINGS) await writeInputs(pathOf(`in.${ending}`), inputs);
  for (const output of new Set(CASES.map(([, , , ending]) => ending))) {
    const args = ["infer", model.networkPath, "--input", pathOf("in.tsv"), "--workers", "1", "--json"];
    const run = await runGossamer([...args, "--output", pathOf(`expected.${output}`)]);
    assert.equal(run.status, 0, run.stderr);
    expectedSha = (JSON.parse(run.stdout) as RunRecord).categories.sha256;
  }
});

/** Bytes of a file, unpacked where it is gzipped. */
function contentOf(path: string): Buffer {
  const bytes = readFileSync(path);
  return path.endsWith(".gz") ? gunzipSync(bytes) : bytes;
}

for (const family of MPI_FAMILIES) {
  for (const [k, [ranks, ending, args, output]] of CASES.entries()) {
    test(`${family}: ${ranks} ranks, .${ending}, ${args}`, async (t) => {
      const runtime = requireMpi(t, family);
      if (runtime === null) return;
      const target = pathOf(`out-${family}-${k}.${output}`);
      const network = k % 2 === 0 ? [model.networkPath] : [model.folderPath, "--bias", "-0.25"];
      const run = await runGossamerRanks(runtime, ranks, [
        "infer",
        ...network,
        "--input",
        pathOf(`in.${ending}`),
        ...args.split(" "),
        "--workers",
        String(1 + (k % 2)),
        "--output",
        target,
        "--json",
        "--quiet",
      ]);
      assert.equal(run.status, 0, run.stderr);
      const record = JSON.parse(run.stdout) as RunRecord;
      assert.equal(record.categories.sha256, expectedSha);
      assert.equal(record.settings.ranks, ranks);
      assert.equal(
        record.ranks?.reduce((sum, rank) => sum + rank.rows, 0),
        record.rows,
      );
      const access = ending === "safetensors" && !/input|both/.test(args) ? "ranges" : "exchange";
      assert.ok(record.ranks?.every((rank) => rank.access === access));
      assert.ok(contentOf(target).equals(contentOf(pathOf(`expected.${output}`))), `${target} differs`);
      // In formats ranks do not meet between layers.
      if (ranks > 1 && args.includes("distinct") && !/1x|-format/.test(args))
        assert.ok((record.cuts ?? []).some((cut) => cut.joined > 0));
      if (args.includes("redeal always") && !args.includes("rows all")) {
        assert.ok((record.cuts ?? []).some((cut) => cut.moved > 0));
      }
    });
  }
}
