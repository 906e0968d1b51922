// Plan: random inputs written in every format read back as the same record; files out of order and with duplicates give
// the matrix of the triples; a file large enough to be cut into pieces gives the same with 1, 2 and 3 workers, and a
// bad line in a late piece is named by its number in the file; one table of corrupt files, each with path, line and
// reason; options. The parser's own table is in triples-text.test.ts.

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import * as fc from "fast-check";
import { FormatError, InterruptedError, UnsupportedError, UsageError } from "../core/errors.ts";
import { checkCsr } from "../sparse/check.ts";
import { triplesToCsr } from "../sparse/convert.ts";
import { type CsrMatrix, MAX_U16_DIMENSION, nnzOf } from "../sparse/matrix.ts";
import { makeTemporaryFolder } from "../testing/temporary-folder.ts";
import { readInputs } from "./read-inputs.ts";
import type { ReadProgress } from "./read-options.ts";
import { liveReaders } from "./reader-pool.ts";
import { writeInputs } from "./write-inputs.ts";

const SEED = 20_202;
const ENDINGS = ["tsv", "tsv.gz", "bin", "bin.gz", "mtx", "mtx.gz", "safetensors"] as const;

/** The record with plain buffers, so that deepEqual compares contents whatever memory they lie on. */
function plain(matrix: CsrMatrix): object {
  const { nrows, ncols, rowPtr, colIdx, values } = matrix;
  return {
    nrows,
    ncols,
    rowPtr: [...rowPtr],
    wide: colIdx.BYTES_PER_ELEMENT,
    colIdx: [...colIdx],
    values: [...values],
  };
}

const arbitraryInputs: fc.Arbitrary<CsrMatrix> = fc
  .record({ nrows: fc.integer({ min: 1, max: 40 }), ncols: fc.constantFrom(1, 16, 17, MAX_U16_DIMENSION, 70_000) })
  .chain(({ nrows, ncols }) => {
    const value = fc.float({ noNaN: true, noDefaultInfinity: true, min: -Math.fround(1e30), max: Math.fround(1e30) });
    const entry = fc.tuple(fc.nat(nrows - 1), fc.nat(ncols - 1), value);
    const unique = { selector: ([row, col]: [number, number, number]) => `${row} ${col}`, minLength: 1, maxLength: 60 };
    return fc.tuple(fc.uniqueArray(entry, unique), fc.boolean()).map(([entries, uniform]) => {
      const values = Float32Array.from(entries, (item) => (uniform ? 0.1 : item[2] + 0));
      const rows = Uint32Array.from(entries, (item) => item[0]);
      return triplesToCsr({ nrows, ncols, rows, cols: Uint32Array.from(entries, (item) => item[1]), values });
    });
  });

for (const ending of ENDINGS) {
  test(`inputs written as .${ending} read back as the same record`, async () => {
    using folder = makeTemporaryFolder("inputs");
    const path = join(folder.path, `x.${ending}`);
    const property = fc.asyncProperty(arbitraryInputs, async (inputs) => {
      await writeInputs(path, inputs);
      const { ncols, nrows } = inputs;
      const found = await readInputs(path, { ncols, nrows });
      checkCsr(found, "inputs");
      assert.ok(found.colIdx.buffer instanceof SharedArrayBuffer && found.rowPtr.buffer instanceof SharedArrayBuffer);
      assert.deepEqual(plain(found), plain(inputs));
    });
    await fc.assert(property, { seed: SEED, numRuns: 40 });
  });
}

test("the number of rows is the largest row number of triples, and what the other formats say", async () => {
  using folder = makeTemporaryFolder("inputs");
  const rowPtr = Uint32Array.of(0, 1, 2, 2, 2);
  const inputs: CsrMatrix = {
    format: "csr",
    nrows: 4,
    ncols: 3,
    rowPtr,
    colIdx: Uint16Array.of(2, 0),
    values: Float32Array.of(1),
  };
  for (const ending of ENDINGS) {
    const path = join(folder.path, `x.${ending}`);
    await writeInputs(path, inputs);
    const keeps = ending.startsWith("mtx") || ending === "safetensors";
    assert.equal((await readInputs(path, { ncols: 3 })).nrows, keeps ? 4 : 2, ending);
    const wider = await readInputs(path, { ncols: 3, nrows: 9 });
    checkCsr(wider, ending);
    assert.deepEqual([wider.nrows, nnzOf(wider)], [9, 2]);
  }
});

test("a matrix without entries is kept by .mtx and .safetensors and refused by triples", async () => {
  using folder = makeTemporaryFolder("inputs");
  const rowPtr = new Uint32Array(3);
  const inputs: CsrMatrix = {
    format: "csr",
    nrows: 2,
    ncols: 3,
    rowPtr,
    colIdx: new Uint16Array(0),
    values: new Float32Array(1),
  };
  for (const ending of ["mtx", "safetensors"]) {
    const path = join(folder.path, `x.${ending}`);
    await writeInputs(path, inputs);
    assert.equal(nnzOf(await readInputs(path, { ncols: 3 })), 0);
  }
  await assert.rejects(() => writeInputs(join(folder.path, "x.tsv"), inputs), UnsupportedError);
  await assert.rejects(() => writeInputs(join(folder.path, "x.csv"), inputs), UsageError);
});

test("entries out of order and given twice add up to the matrix of the triples", async () => {
  using folder = makeTemporaryFolder("inputs");
  const path = join(folder.path, "x.tsv");
  const property = fc.asyncProperty(
    fc.array(fc.tuple(fc.nat(9), fc.nat(7), fc.integer({ min: 1, max: 5 })), { minLength: 1, maxLength: 50 }),
    async (entries) => {
      writeFileSync(path, entries.map(([row, col, value]) => `${row + 1}\t${col + 1}\t${value}\n`).join(""));
      const rows = Uint32Array.from(entries, (entry) => entry[0]);
      const cols = Uint32Array.from(entries, (entry) => entry[1]);
      const values = Float32Array.from(entries, (entry) => entry[2]);
      const expected = triplesToCsr({ nrows: 10, ncols: 8, rows, cols, values });
      assert.deepEqual(plain(await readInputs(path, { ncols: 8, nrows: 10 })), plain(expected));
    },
  );
  await fc.assert(property, { seed: SEED, numRuns: 200 });
});

/** Text of `count` entries over `perRow` columns, more than 6 MB for the sizes used below, so that it is cut. */
function makeLargeText(count: number, perRow: number): string {
  const lines: string[] = [];
  for (let p = 0; p < count; p++) lines.push(`${Math.floor(p / perRow) + 1}\t${(p % perRow) * 3 + 1}\t1.25\n`);
  return lines.join("");
}

test("a large file is cut into pieces and comes out the same with any number of workers", {
  timeout: 60_000,
}, async () => {
  using folder = makeTemporaryFolder("inputs");
  const count = 600_000;
  const perRow = 300;
  const path = join(folder.path, "x.tsv");
  writeFileSync(path, makeLargeText(count, perRow));
  const rows = Uint32Array.from({ length: count }, (_, p) => Math.floor(p / perRow));
  const cols = Uint32Array.from({ length: count }, (_, p) => (p % perRow) * 3);
  const expected = triplesToCsr({ nrows: count / perRow, ncols: 1024, rows, cols, values: Float32Array.of(1.25) });
  for (const workers of [1, 2, 3]) {
    const steps: ReadProgress[] = [];
    const found = await readInputs(path, { ncols: 1024, workers, onProgress: (step) => steps.push(step) });
    assert.deepEqual(plain(found), plain(expected));
    const bytes = readFileSync(path).length;
    assert.deepEqual(steps.at(-1), { filesDone: 1, filesTotal: 1, bytesDone: bytes, bytesTotal: bytes });
  }
  writeFileSync(`${path}.gz`, gzipSync(readFileSync(path), { level: 1 }));
  assert.deepEqual(plain(await readInputs(`${path}.gz`, { ncols: 1024 })), plain(expected));
  const binary = join(folder.path, "x.bin");
  await writeInputs(binary, expected);
  assert.deepEqual(plain(await readInputs(binary, { ncols: 1024, workers: 3 })), plain(expected));
  assert.equal(liveReaders.count, 0);
});

test("a bad line or entry far into a large file is named by its number in the file", { timeout: 60_000 }, async () => {
  using folder = makeTemporaryFolder("inputs");
  const path = join(folder.path, "x.tsv");
  const lines = makeLargeText(600_000, 300).split("\n");
  for (const line of [5, 300_001, 599_999]) {
    writeFileSync(path, lines.with(line - 1, "7\tx\t1").join("\n"));
    await assert.rejects(
      () => readInputs(path, { ncols: 1024, workers: 2 }),
      (error) => error instanceof FormatError && error.line === line && /column is "x"/.test(error.message),
    );
  }
  const records = new DataView(new ArrayBuffer(12 * 600_000));
  for (let p = 0; p < 600_000; p++) {
    records.setUint32(12 * p, p + 1, true);
    records.setUint32(12 * p + 4, p === 500_000 ? 1025 : 1, true);
  }
  const binary = join(folder.path, "x.bin");
  writeFileSync(binary, records);
  await assert.rejects(
    () => readInputs(binary, { ncols: 1024, workers: 2 }),
    /x\.bin: entry 500001: column is 1025, expected 1 to 1024/,
  );
  assert.equal(liveReaders.count, 0);
});

test("pieces that are out of order among themselves are sorted", { timeout: 60_000 }, async () => {
  using folder = makeTemporaryFolder("inputs");
  const path = join(folder.path, "x.tsv");
  const lines = makeLargeText(400_000, 300).split("\n").filter(Boolean);
  const whole = join(folder.path, "whole.tsv");
  writeFileSync(whole, `${lines.join("\n")}\n`);
  writeFileSync(path, `${[...lines.slice(150_000), ...lines.slice(0, 150_000)].join("\n")}\n`);
  const options = { ncols: 1024, workers: 2 };
  assert.deepEqual(plain(await readInputs(path, options)), plain(await readInputs(whole, options)));
});

function record(row: number, col: number, value: number): Buffer {
  const bytes = Buffer.alloc(12);
  bytes.writeUInt32LE(row, 0);
  bytes.writeUInt32LE(col, 4);
  bytes.writeFloatLE(value, 8);
  return bytes;
}

const GZIPPED = gzipSync("1\t1\t1\n".repeat(500) + "2\t2\t3\n");
const SPOILT = Buffer.from(GZIPPED).fill(0xa5, GZIPPED.length - 6, GZIPPED.length - 4);
const MTX = "%%MatrixMarket matrix coordinate";

const CORRUPT: readonly (readonly [name: string, bytes: string | Buffer, line: number | null, problem: RegExp])[] = [
  ["empty.tsv", "", null, /the file is empty, expected at least one entry/],
  ["blank.tsv", "\n\n", null, /the file is empty/],
  ["zero.tsv", "1\t1\t1\n0\t1\t1\n", 2, /row is 0, expected a whole number from 1 to/],
  ["beyond.tsv", "1\t17\t1\n", 1, /column is 17, expected a whole number from 1 to 16/],
  ["huge-row.tsv", "4000000000\t1\t1\n", 1, /row is 4000000000, expected a whole number from 1 to 268435456/],
  ["letter.tsv", "1\t1\t1\n1\t2\t1o\n", 2, /value is "1o", expected a finite number/],
  ["nan.tsv", "1\t1\tnan\n", 1, /value is "nan", expected a finite number/],
  ["cut-line.tsv", "1\t1\t1\n2\t2", 2, /found 2 fields.*may be cut/],
  ["cut-value.tsv", "1\t1\t0.0625\n2\t2\t0.06", 2, /has no line end, so the file may be cut/],
  ["empty.tsv.gz", "", null, /the file is empty/],
  ["nothing.tsv.gz", gzipSync(""), null, /the file is empty/],
  ["plain.tsv.gz", "1\t1\t1\n", null, /holds no gzip data/],
  ["cut.tsv.gz", GZIPPED.subarray(0, GZIPPED.length - 9), null, /the gzip data ends too early: the file is cut/],
  ["cut-head.tsv.gz", GZIPPED.subarray(0, 5), null, /the gzip data ends too early: the file is cut/],
  ["spoilt.tsv.gz", SPOILT, null, /the gzip data is corrupt/],
  ["letter.tsv.gz", gzipSync("1\t1\t1\nx\t1\t1\n"), 2, /row is "x"/],
  ["empty.bin", "", null, /the file is empty/],
  [
    "size.bin",
    Buffer.alloc(25, 1),
    null,
    /size is 25 bytes, expected a multiple of 12 \(u32 row, u32 column, f32 value/,
  ],
  [
    "size.bin.gz",
    gzipSync(Buffer.concat([record(1, 1, 1), Buffer.alloc(5)])),
    null,
    /size is 17 bytes, expected a multiple/,
  ],
  ["zero.bin", Buffer.concat([record(1, 1, 1), record(0, 1, 1)]), null, /entry 2: row is 0, expected 1 to/],
  ["beyond.bin", record(1, 17, 1), null, /entry 1: column is 17, expected 1 to 16/],
  ["nan.bin", record(1, 1, Number.NaN), null, /entry 1: value is NaN, expected a finite number/],
  ["empty.mtx", "", null, /the file is empty, expected "%%MatrixMarket/],
  [
    "banner.mtx",
    "%MatrixMarket\n",
    1,
    /found "%MatrixMarket", expected "%%MatrixMarket matrix coordinate real general"/,
  ],
  ["array.mtx", "%%MatrixMarket matrix array real general\n", 1, /layout is array, expected coordinate/],
  ["complex.mtx", `${MTX} complex general\n`, 1, /field is complex, expected real, integer or pattern/],
  ["symmetric.mtx", `${MTX} real symmetric\n`, 1, /symmetry is symmetric, expected general/],
  ["no-size.mtx", `${MTX} real general\n% only a comment\n`, 3, /ends before its size line/],
  ["sizes.mtx", `${MTX} real general\n%\n2 16\n`, 3, /found "2 16", expected numbers of rows, columns and entries/],
  [
    "columns.mtx",
    `${MTX} real general\n2 17 1\n1 1 1\n`,
    null,
    /has 17 columns, expected 16 as the network has inputs/,
  ],
  ["rows.mtx", `${MTX} real general\n9999999999 16 1\n1 1 1\n`, null, /has 9999999999 rows, expected at most/],
  ["row.mtx", `${MTX} real general\n2 16 1\n3 1 1\n`, 3, /row is 3, expected a whole number from 1 to 2/],
  [
    "count.mtx",
    `${MTX} real general\n2 16 3\n1 1 1\n2 1 1\n`,
    null,
    /holds 2 entries, expected 3 as its size line says/,
  ],
  ["more.mtx", `${MTX} real general\n2 16 1\n1 1 1\n2 1 1\n`, null, /holds 2 entries, expected 1/],
  ["pattern.mtx", `${MTX} pattern general\n2 16 1\n1 1 1\n`, 3, /found 3 fields in "1 1 1", expected row and column/],
  ["sum.tsv", "1\t1\t3e38\n1\t1\t3e38\n", null, /entries of one place add up to Infinity/],
  ["mystery.dat", "hello\n", null, /unknown kind of file, expected a folder of layers/],
];

test("each corrupt file is refused with path, line and reason, also by workers", { timeout: 60_000 }, async () => {
  using folder = makeTemporaryFolder("inputs");
  for (const [name, bytes, line, problem] of CORRUPT) {
    const path = join(folder.path, name);
    writeFileSync(path, bytes);
    for (const workers of [undefined, 1]) {
      if (workers !== undefined && line === null) continue;
      await assert.rejects(
        () => readInputs(path, { ncols: 16, workers }),
        (error) => {
          assert.ok(error instanceof FormatError, `${name}: ${String(error)}`);
          assert.equal(error.path, path);
          assert.equal(error.line, line, error.message);
          assert.match(error.message, problem);
          assert.ok(!error.message.includes("\n"));
          return true;
        },
      );
    }
  }
  assert.equal(liveReaders.count, 0);
});

test("a good pattern, an integer matrix and an unnamed Matrix Market file are read", async () => {
  using folder = makeTemporaryFolder("inputs");
  const path = join(folder.path, "x.dat");
  writeFileSync(path, `${MTX} pattern general\n% why\n\n2 16 2\n1 16\n2 1\n`);
  assert.deepEqual([...(await readInputs(path, { ncols: 16 })).colIdx], [15, 0]);
  writeFileSync(path, `${MTX} integer general\n2 16 3\n1 16 4\n2 1 5\n2 1 6\n`);
  assert.deepEqual([...(await readInputs(path, { ncols: 16 })).values], [4, 11]);
});

test("bad options, a missing file, a folder and an abort end with their own errors", async () => {
  using folder = makeTemporaryFolder("inputs");
  const path = join(folder.path, "x.tsv");
  writeFileSync(path, "1\t1\t1\n5\t1\t1\n");
  for (const ncols of [0, -1, 1.5, Number.NaN, 2 ** 33])
    await assert.rejects(() => readInputs(path, { ncols }), UsageError);
  await assert.rejects(() => readInputs(path, { ncols: 1, nrows: 0 }), UsageError);
  await assert.rejects(() => readInputs(path, { ncols: 1, nrows: 4 }), /x\.tsv:2: row is 5, expected .* from 1 to 4/);
  await assert.rejects(
    () => readInputs(join(folder.path, "none.tsv"), { ncols: 1 }),
    /none\.tsv: no such file or folder/,
  );
  await assert.rejects(() => readInputs(folder.path, { ncols: 1 }), /the folder holds no layers/);
  for (const workers of [undefined, 1]) {
    const signal = AbortSignal.abort();
    await assert.rejects(() => readInputs(path, { ncols: 1, workers, signal }), InterruptedError);
  }
  await assert.rejects(() => readInputs(path, { ncols: 1, workers: 0 }), UsageError);
});
