// Plan: for every kind of file random inputs, with empty rows at both ends, read by every range of rows give what a slice
// of the whole gives, checked or straight into arrays where the file can, and written from there the same bytes; which kinds are read by range and which are held whole; binary triples out of order and with
// duplicates; more rows wanted than there are; pieces by number of entries; damaged parts of a safetensors file are found
// by the ranges that hold them and by no other; a file cut after it was opened; rows that are not there.

import assert from "node:assert/strict";
import { readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { FormatError } from "../core/errors.ts";
import { makeRandom } from "../core/random.ts";
import { checkCsr } from "../sparse/check.ts";
import { sliceCsrRows } from "../sparse/convert.ts";
import { type CsrMatrix, entryValue } from "../sparse/matrix.ts";
import { makeTemporaryFolder } from "../testing/temporary-folder.ts";
import { randomInputs } from "./generate/random-inputs.ts";
import { eachRows, type InputSource, rowAfter } from "./input-source.ts";
import { openInputSource } from "./open-input-source.ts";
import { readInputs } from "./read-inputs.ts";
import { writeInputs } from "./write-inputs.ts";

const SEED = 41;
const ROWS = 23;
const FEATURES = 17;
const ENDINGS = ["tsv", "tsv.gz", "bin", "bin.gz", "mtx", "safetensors"] as const;

/** Values as one an entry: a range of a file may have one value where the file has many. */
function spelled(matrix: CsrMatrix): {
  nrows: number;
  ncols: number;
  rowPtr: number[];
  colIdx: number[];
  values: number[];
} {
  const { nrows, ncols, rowPtr, colIdx } = matrix;
  return {
    nrows,
    ncols,
    rowPtr: [...rowPtr],
    colIdx: [...colIdx],
    values: Array.from(colIdx, (_, p) => entryValue(matrix, p)),
  };
}

/** Rows 0, 1 and 10 are empty. */
function makeInputs(values: "ones" | "general"): CsrMatrix {
  const full = randomInputs({ rows: ROWS, features: FEATURES, density: 0.3, values, seed: SEED });
  const rowPtr = new Uint32Array(ROWS + 1);
  const kept: number[] = [];
  for (let row = 0; row < ROWS; row++) {
    if (![0, 1, 10].includes(row)) for (let p = full.rowPtr[row]; p < full.rowPtr[row + 1]; p++) kept.push(p);
    rowPtr[row + 1] = kept.length;
  }
  const colIdx = Uint16Array.from(kept, (p) => full.colIdx[p]);
  const numbers = full.values.length === 1 ? full.values : Float32Array.from(kept, (p) => full.values[p]);
  return { ...full, rowPtr, colIdx, values: numbers };
}

async function assertSameRows(source: InputSource, whole: CsrMatrix): Promise<void> {
  assert.deepEqual([source.nrows, source.ncols, source.nnz], [whole.nrows, whole.ncols, whole.colIdx.length]);
  assert.deepEqual([...source.rowPtr], [...whole.rowPtr]);
  for (let first = 0; first <= whole.nrows; first++) {
    for (let last = first; last <= whole.nrows; last++) {
      const rows = await source.readRows(first, last);
      checkCsr(rows, "rows");
      assert.deepEqual(spelled(rows), spelled(sliceCsrRows(whole, first, last)), `rows ${first} to ${last}`);
      if (source.readEntriesInto === undefined) continue;
      const count = rows.colIdx.length;
      const colIdx = new Uint16Array(count);
      const values = source.value === null ? new Float32Array(count) : null;
      await source.readEntriesInto(first, last, colIdx, values);
      assert.deepEqual([...colIdx], [...rows.colIdx]);
      if (values !== null) assert.deepEqual([...values], spelled(rows).values);
    }
  }
}

for (const ending of ENDINGS) {
  for (const values of ["ones", "general"] as const) {
    test(`rows of a .${ending} file by ranges, values ${values}`, async () => {
      using folder = makeTemporaryFolder("input-source");
      const path = join(folder.path, `x.${ending}`);
      await writeInputs(path, makeInputs(values));
      const whole = await readInputs(path, { ncols: FEATURES, nrows: ROWS });
      await using source = await openInputSource(path, { ncols: FEATURES, nrows: ROWS });
      assert.equal(source.access, ["bin", "safetensors"].includes(ending) ? "ranges" : "whole");
      assert.equal(source.readEntriesInto !== undefined, ending === "safetensors");
      await assertSameRows(source, whole);

      await using longer = await openInputSource(path, { ncols: FEATURES, nrows: ROWS + 4 });
      await assertSameRows(longer, await readInputs(path, { ncols: FEATURES, nrows: ROWS + 4 }));
      await using asFound = await openInputSource(path, { ncols: FEATURES });
      await assertSameRows(asFound, await readInputs(path, { ncols: FEATURES }));
    });
  }
}

for (const from of ENDINGS) {
  for (const to of ["tsv", "bin", "mtx", "safetensors"] as const) {
    test(`a .${from} file written as .${to} piece by piece gives the bytes of the matrix written at once`, async () => {
      using folder = makeTemporaryFolder("input-source");
      const [source, streamed, whole] = [`x.${from}`, `streamed.${to}`, `whole.${to}`].map((name) =>
        join(folder.path, name),
      );
      for (const values of ["ones", "general"] as const) {
        const inputs = makeInputs(values);
        await writeInputs(source, inputs);
        await using opened = await openInputSource(source, { ncols: FEATURES, nrows: ROWS });
        assert.equal(opened.value, values === "ones" ? 1 : null);
        const shares: number[] = [];
        await writeInputs(streamed, opened, undefined, (share) => shares.push(share));
        await writeInputs(whole, inputs);
        assert.ok(readFileSync(streamed).equals(readFileSync(whole)));
        assert.ok(shares.length > 0);
      }
    });
  }
}

function binaryTriples(entries: readonly (readonly [row: number, col: number, value: number])[]): Buffer {
  const bytes = Buffer.alloc(12 * entries.length);
  entries.forEach(([row, col, value], k) => {
    bytes.writeUInt32LE(row, 12 * k);
    bytes.writeUInt32LE(col, 12 * k + 4);
    bytes.writeFloatLE(value, 12 * k + 8);
  });
  return bytes;
}

const OUT_OF_ORDER = {
  "rows that fall": binaryTriples([
    [2, 1, 1],
    [3, 1, 1],
    [1, 1, 1],
  ]),
  "columns that fall": binaryTriples([
    [1, 3, 1],
    [1, 2, 1],
    [4, 1, 2],
  ]),
  duplicates: binaryTriples([
    [1, 3, 1],
    [1, 3, 1],
    [4, 1, 2],
  ]),
};

for (const [what, content] of Object.entries(OUT_OF_ORDER)) {
  test(`binary triples with ${what} are held whole`, async () => {
    using folder = makeTemporaryFolder("input-source");
    const path = join(folder.path, "x.bin");
    writeFileSync(path, content);
    await using source = await openInputSource(path, { ncols: 3 });
    assert.equal(source.access, "whole");
    await assertSameRows(source, await readInputs(path, { ncols: 3 }));
  });
}

test("binary triples: a wrong entry and a cut file are named", async () => {
  using folder = makeTemporaryFolder("input-source");
  const path = join(folder.path, "x.bin");
  writeFileSync(
    path,
    binaryTriples([
      [1, 1, 1],
      [1, 4, 1],
    ]),
  );
  await assert.rejects(openInputSource(path, { ncols: 3 }), /x\.bin: entry 2: column is 4, expected 1 to 3/);
  writeFileSync(
    path,
    binaryTriples([
      [1, 1, 1],
      [2, 2, 1],
    ]).subarray(0, 20),
  );
  await assert.rejects(openInputSource(path, { ncols: 3 }), /x\.bin: size is 20 bytes, expected a multiple of 12/);
  writeFileSync(path, "");
  await assert.rejects(openInputSource(path, { ncols: 3 }), /x\.bin: the file is empty/);

  writeFileSync(
    path,
    binaryTriples([
      [1, 1, 1],
      [2, 2, 1],
    ]),
  );
  await using source = await openInputSource(path, { ncols: 3 });
  truncateSync(path, 12);
  assert.equal((await source.readRows(0, 1)).colIdx.length, 1);
  await assert.rejects(source.readRows(1, 2), /x\.bin: the file has changed since it was opened/);
  writeFileSync(
    path,
    binaryTriples([
      [1, 1, 1],
      [1, 2, 1],
    ]),
  );
  await assert.rejects(source.readRows(1, 2), /x\.bin: the file has changed since it was opened/);
});

test("safetensors: damage is found by the ranges that hold it", async () => {
  using folder = makeTemporaryFolder("input-source");
  const path = join(folder.path, "x.safetensors");
  const inputs = makeInputs("general");
  await writeInputs(path, inputs);
  const whole = readFileSync(path);
  const header = JSON.parse(whole.subarray(8, 8 + Number(whole.readBigUInt64LE(0))).toString("utf8")) as Record<
    string,
    { data_offsets: [number, number] }
  >;
  const place = (tensor: string): number =>
    8 + Number(whole.readBigUInt64LE(0)) + (header[`inputs.${tensor}`]?.data_offsets[0] ?? Number.NaN);
  const entry = inputs.rowPtr[15];
  const damages: [tensor: string, bytes: number[], message: RegExp][] = [
    ["indices", [17, 0], new RegExp(`inputs\\.indices: element ${entry} is 17, expected below 17`)],
    ["values", [0, 0, 192, 127], new RegExp(`inputs\\.values: element ${entry} is NaN`)],
  ];
  for (const [tensor, bytes, message] of damages) {
    const copy = Buffer.from(whole);
    copy.set(bytes, place(tensor) + entry * bytes.length);
    writeFileSync(path, copy);
    await using source = await openInputSource(path, { ncols: FEATURES });
    await source.readRows(0, 15);
    await source.readRows(16, ROWS);
    await assert.rejects(source.readRows(12, 18), message);
  }
  const copy = Buffer.from(whole);
  copy.writeUInt32LE(1_000_000, place("indptr") + 4 * 7);
  writeFileSync(path, copy);
  await assert.rejects(openInputSource(path, { ncols: FEATURES }), /inputs\.indptr: element 8 is .* after 1000000/);
});

test("rows that are not there, columns of another network", async () => {
  using folder = makeTemporaryFolder("input-source");
  for (const ending of ["bin", "safetensors", "tsv"]) {
    const path = join(folder.path, `x.${ending}`);
    await writeInputs(path, makeInputs("ones"));
    await using source = await openInputSource(path, { ncols: FEATURES, nrows: ROWS });
    for (const [first, last] of [
      [-1, 2],
      [3, 2],
      [0, ROWS + 1],
      [0.5, 2],
      [0, Number.NaN],
    ] as const) {
      await assert.rejects(source.readRows(first, last), RangeError, `${ending}: ${first} to ${last}`);
    }
    await assert.rejects(openInputSource(path, { ncols: FEATURES - 1 }), FormatError);
    await assert.rejects(openInputSource(path, { ncols: FEATURES, nrows: ROWS - 9 }), FormatError);
  }
});

test("pieces hold at most so many entries, or one row, and all rows once", async () => {
  using folder = makeTemporaryFolder("input-source");
  const path = join(folder.path, "x.safetensors");
  const inputs = makeInputs("ones");
  await writeInputs(path, inputs);
  await using source = await openInputSource(path, { ncols: FEATURES });
  const random = makeRandom(SEED);
  for (const most of [0, 1, 5, 12, 40, 1000, random.below(60)]) {
    let next = 0;
    const columns: number[] = [];
    for await (const { first, rows } of eachRows(source, most)) {
      assert.equal(first, next);
      assert.ok(rows.colIdx.length <= most || rows.nrows === 1, `${rows.colIdx.length} entries in ${rows.nrows} rows`);
      const more = first + rows.nrows + 1;
      if (more <= ROWS) assert.ok(source.rowPtr[more] - source.rowPtr[first] > most, "no smaller than it must be");
      columns.push(...rows.colIdx);
      next = first + rows.nrows;
    }
    assert.equal(next, ROWS);
    assert.deepEqual(columns, [...inputs.colIdx], `${most} entries`);
  }
  assert.equal(rowAfter(source, ROWS, 10), ROWS);
});
